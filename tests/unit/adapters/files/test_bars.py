from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vst_desktop.adapters.files.bars import read_bars
from vst_desktop.domain.errors import UserError

HEADER = "symbol,date,open,high,low,close,volume"
GOOD = [
    "BBB,2024-01-02,10,11,9,10.5,1000",
    "BBB,2024-01-03,10.5,12,10,11,2000",
    "AAA,2024-01-02,50,51,49,50.5,300",
    "AAA,2024-01-03,50.5,52,50,51,400",
]


def _csv(tmp_path, rows, header=HEADER, name="bars.csv"):
    path = tmp_path / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_series_by_symbol_in_alphabetical_order(tmp_path):
    file = read_bars(_csv(tmp_path, GOOD))
    assert list(file.series) == ["AAA", "BBB"]
    assert file.errors == ()
    series = file.series["BBB"]
    assert series.dates == (date(2024, 1, 2), date(2024, 1, 3))
    assert (series.open, series.high) == ((10, 10.5), (11, 12))
    assert (series.low, series.close, series.volume) == ((9, 10), (10.5, 11), (1000, 2000))
    assert file.series.columns("BBB").values["close"].tolist() == [10.5, 11]


def test_rows_of_symbols_may_be_interleaved(tmp_path):
    rows = [GOOD[0], GOOD[2], GOOD[1], GOOD[3]]
    mixed, plain = read_bars(_csv(tmp_path, rows)), read_bars(_csv(tmp_path, GOOD))
    assert dict(mixed.series) == dict(plain.series)


def test_parquet_and_csv_give_the_same(tmp_path):
    table = pa.table(
        {
            "symbol": pa.array(["AAA", "AAA"]).dictionary_encode(),
            "date": pa.array([date(2024, 1, 2), date(2024, 1, 3)]),
            "open": [50.0, 50.5],
            "high": [51.0, 52.0],
            "low": [49.0, 50.0],
            "close": [50.5, 51.0],
            "volume": pa.array([300, 400], pa.int64()),
            "dividend": [0.0, 0.0],
        }
    )
    pq.write_table(table, tmp_path / "bars.parquet")
    from_parquet = read_bars(tmp_path / "bars.parquet").series["AAA"]
    assert from_parquet == read_bars(_csv(tmp_path, GOOD)).series["AAA"]


@pytest.mark.parametrize(
    "dates",
    [
        pa.array(["2024-01-02", "2024-01-03"]),
        pa.array(["2024-01-02 00:00:00", "2024-01-03 00:00:00"]),
        pa.array(np.array(["2024-01-02", "2024-01-03"], "datetime64[ns]")),
    ],
)
def test_dates_may_be_texts_or_times(tmp_path, dates):
    columns = {name: [10.0, 11.0] for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(
        pa.table({"symbol": ["A", "A"], "date": dates, **columns}), tmp_path / "b.parquet"
    )
    series = read_bars(tmp_path / "b.parquet").series["A"]
    assert series.dates == (date(2024, 1, 2), date(2024, 1, 3))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("AAA,2024-01-03,50,51,49,50,100", "bar 2024-01-03: the date stands twice"),
        ("AAA,2023-12-29,50,51,49,50,100", "bar 2023-12-29: the date goes back"),
        ("AAA,2024-01-04,,51,49,50,100", "bar 2024-01-04: a price is not a number"),
        ("AAA,2024-01-04,50,51,49,nan,100", "bar 2024-01-04: a price is not a number"),
        ("AAA,2024-01-04,50,51,49,50,", "bar 2024-01-04: the volume is not a number"),
        ("AAA,2024-01-04,50,51,0,50,100", "bar 2024-01-04: price 0 is not above 0"),
        ("AAA,2024-01-04,50,51,49,-50,100", "bar 2024-01-04: price -50 is not above 0"),
        ("AAA,2024-01-04,50,48,49,50,100", "bar 2024-01-04: high 48 is below low 49"),
        ("AAA,2024-01-04,50,51,49,50,-1", "bar 2024-01-04: volume -1 is negative"),
        ("AAA,,50,51,49,50,100", "bar 3: it has no usable date"),
    ],
)
def test_a_bad_bar_keeps_its_symbol_out_with_the_reason(tmp_path, row, reason):
    file = read_bars(_csv(tmp_path, [*GOOD, row]))
    assert list(file.series) == ["BBB"]
    assert [(e.symbol, e.error) for e in file.errors] == [("AAA", reason)]


def test_more_bad_bars_are_counted(tmp_path):
    rows = [f"AAA,2024-01-{day:02},50,48,49,50,1" for day in (4, 5, 8)]
    file = read_bars(_csv(tmp_path, [*GOOD, *rows]))
    assert file.errors[0].error == "bar 2024-01-04: high 48 is below low 49 (and 2 more bad bars)"


def test_only_the_wanted_symbols_and_dates(tmp_path):
    file = read_bars(_csv(tmp_path, GOOD), symbols=["BBB"], start=date(2024, 1, 3))
    assert {s: x.dates for s, x in file.series.items()} == {"BBB": (date(2024, 1, 3),)}
    assert read_bars(_csv(tmp_path, GOOD), end=date(2024, 1, 2)).series["AAA"].close == (50.5,)


def test_a_wanted_symbol_that_is_not_there_is_reported(tmp_path):
    file = read_bars(_csv(tmp_path, GOOD), symbols=["AAA", "NOPE"])
    assert [(e.symbol, e.error) for e in file.errors] == [("NOPE", "no bars in the file")]


def test_a_bad_bar_outside_the_range_does_no_harm(tmp_path):
    rows = [*GOOD, "AAA,2024-01-04,50,48,49,50,100"]
    assert "AAA" in read_bars(_csv(tmp_path, rows), end=date(2024, 1, 3)).series


@pytest.mark.parametrize(
    ("rows", "header", "told"),
    [
        (GOOD, "symbol,date,open,high,low,close,vol", "has no column volume"),
        ([], "symbol,date,open", "has no column high, low, close, volume"),
        ([], HEADER, "holds no rows"),
        (["A,2024-01-02,x,11,9,10,1"], HEADER, "column 'open' does not hold numbers"),
        (["A,yesterday,1,1,1,1,1"], HEADER, "column 'date' does not hold dates"),
        (["A,20240102,1,1,1,1,1"], HEADER, "column 'date' does not hold dates"),
        (["A,2024-01-02,1,1,1,1,1", "A,2024"], HEADER, "is torn or no CSV file"),
        (GOOD, "symbol,date,open,open,low,close,volume", "has no column high"),
        (
            ["2024-01-02,2024-02-16,100,C,1,2,5"],
            "quote_date,expiry,strike,right,bid,ask,volume",
            "is not a bars file",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path, rows, header, told):
    path = _csv(tmp_path, rows, header)
    with pytest.raises(UserError) as caught:
        read_bars(path)
    assert told in str(caught.value) and str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"PAR1 torn", "is torn or no Parquet file"),
        (b"symbol,date\n", "is torn or no Parquet file"),
    ],
)
def test_broken_files_are_told_apart(tmp_path, content, told):
    path = tmp_path / "bars.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=told):
        read_bars(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe\x00\x01,\x80\n1,2\n", "has no column symbol|is torn or no CSV file"),
        (b"symbol;date;close\nA;2024-01-02;1,5\n", "separates its columns by ';'"),
    ],
)
def test_a_csv_file_of_another_kind_is_told(tmp_path, content, told):
    path = tmp_path / "bars.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=told):
        read_bars(path)


def test_the_case_of_column_names_does_not_count(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text("Symbol,Date,Open,High,Low,CLOSE, volume\n007,2024-01-02,1,2,1,2,5\n")
    assert list(read_bars(path).series) == ["007"]


def test_a_folder_is_not_a_bars_file(tmp_path):
    with pytest.raises(UserError, match="is a folder"):
        read_bars(tmp_path)


def test_requests_that_cannot_be_met(tmp_path):
    path = _csv(tmp_path, GOOD)
    with pytest.raises(UserError, match="has no bars of NOPE"):
        read_bars(path, symbols=["NOPE"])
    with pytest.raises(UserError, match="holds 2024-01-02 to 2024-01-03"):
        read_bars(path, start=date(2030, 1, 1))
    with pytest.raises(UserError) as caught:
        read_bars(path, start=date(2030, 1, 1), end=date(2029, 1, 1))
    assert caught.value.exit_code == 2


def test_the_shared_history_is_read_whole(data_dir):
    file = read_bars(data_dir / "sp500_daily.parquet")
    assert len(file.series) + len(file.errors) == 385
    series = file.series["AAPL"]
    assert series.close[series.dates.index(date(2014, 6, 9))] == pytest.approx(23.425)
    assert len(series) == len(series.volume)
