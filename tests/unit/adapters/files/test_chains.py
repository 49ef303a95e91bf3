from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from vst_desktop.adapters.files.chains import chain_files, read_chain
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.quotes import Right

HEADER = (
    "symbol,quote_date,expiry,strike,right,bid,bid_size,ask,ask_size,last,volume,"
    "open_interest,underlying_close"
)
GOOD = [
    "XYZ,2014-06-09,2014-07-19,95,C,1.5,10,1.6,20,1.55,7,300,93.7",
    "XYZ,2014-06-09,2014-07-11,92.86,P,,0,0.04,8,,,,93.7",
]


def _csv(tmp_path, rows, header=HEADER):
    path = tmp_path / "chain.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_chain_as_recorded(tmp_path):
    chain = read_chain(_csv(tmp_path, GOOD))
    assert (chain.symbol, chain.underlying, chain.source) == ("XYZ", 93.7, "chain.csv")
    assert chain.time == datetime(2014, 6, 9, 20, 0, tzinfo=UTC)
    call, put = chain.quotes
    assert (call.contract.strike, call.contract.right) == (Decimal(95), Right.CALL)
    assert (call.quote.bid, call.quote.ask, call.quote.bid_size, call.quote.ask_size) == (
        1.5,
        1.6,
        10,
        20,
    )
    assert (call.volume, call.open_interest) == (7, 300)
    assert put.contract.strike == Decimal("92.86")
    assert (put.quote.bid, put.quote.last, put.volume, put.open_interest) == (None,) * 4


def test_a_saturday_expiration_stays_and_ends_trading_on_friday(tmp_path):
    saturday, friday = (q.contract for q in read_chain(_csv(tmp_path, GOOD)).quotes)
    assert (saturday.expiration, saturday.last_trade) == (date(2014, 7, 19), date(2014, 7, 18))
    assert (friday.expiration, friday.last_trade) == (date(2014, 7, 11), None)


def test_sizes_and_open_interest_may_be_absent(tmp_path):
    header = "symbol,quote_date,expiry,strike,right,bid,ask,underlying_close"
    chain = read_chain(_csv(tmp_path, ["XYZ,2014-06-09,2014-07-19,95,call,1.5,1.6,93.7"], header))
    quote = chain.quotes[0]
    assert (quote.open_interest, quote.quote.bid_size, quote.contract.right) == (None, None, "C")


def _changed(**changes: str) -> str:
    values = dict(zip(HEADER.split(","), GOOD[0].split(","), strict=True)) | changes
    return ",".join(values.values())


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (_changed(symbol="ABC"), "holds 2 symbols"),
        (_changed(symbol=""), "holds 2 symbols|row 3 has no symbol"),
        (_changed(quote_date="2014-06-10"), "holds 2 quote dates"),
        (_changed(underlying_close="94"), "not one positive price"),
        (_changed(right="X"), "right 'X' is neither C nor P"),
        (_changed(strike=""), "row 3 has no positive strike"),
        (_changed(strike="-5"), "row 3 has no positive strike"),
        (_changed(expiry=""), "row 3 has no expiry"),
        (GOOD[0], "row 3 repeats the 95 C of 2014-07-19"),
        (_changed(bid="cheap"), "column 'bid' does not hold numbers .row 3 has 'cheap'"),
        (_changed(expiry="soon"), "does not hold dates like 2014-06-09 .row 3 has 'soon'"),
    ],
)
def test_a_row_that_spoils_the_chain_is_named(tmp_path, row, told):
    with pytest.raises(UserError, match=told):
        read_chain(_csv(tmp_path, [*GOOD, row]))


@pytest.mark.parametrize(
    ("rows", "header", "told"),
    [
        ([], HEADER, "holds no rows"),
        (GOOD, HEADER.replace("strike", "k").replace("bid,", "b,"), "has no column strike, bid"),
        (
            ["A,2024-01-02,1,1,1,1,1"],
            "symbol,date,open,high,low,close,volume",
            "is not a chain file; it is a bars file",
        ),
    ],
)
def test_a_file_that_is_no_chain_is_one_sentence(tmp_path, rows, header, told):
    with pytest.raises(UserError, match=told):
        read_chain(_csv(tmp_path, rows, header))


def test_chain_files_of_a_folder_by_symbol_and_day(tmp_path):
    for name in (
        "BBB_20140609.csv",
        "AAA_20140610.parquet",
        "AAA_20140609.parquet",
        "notes.txt",
        "AAA_20149999.csv",
    ):
        (tmp_path / name).touch()
    assert [(f.symbol, f.day) for f in chain_files(tmp_path)] == [
        ("AAA", date(2014, 6, 9)),
        ("AAA", date(2014, 6, 10)),
        ("BBB", date(2014, 6, 9)),
    ]


def test_no_chain_folder_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        chain_files(tmp_path / "none")


def test_the_recorded_chain_is_read_whole(data_dir):
    chain = read_chain(data_dir / "chains" / "AAPL_20140606.parquet")
    assert len(chain.quotes) == 2352
    assert chain.underlying == 645.57
    assert sum(q.quote.bid is None for q in chain.quotes) == 157
    assert sum(q.open_interest is None for q in chain.quotes) == 30
