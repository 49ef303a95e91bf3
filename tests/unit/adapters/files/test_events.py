"""Reading the trader's file of earnings and dividends."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vst_desktop.adapters.files.events import read_events
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.events import CorporateEvent, EventBook, EventKind, EventTime

HEADER = "symbol,event,date,time,amount,status"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.csv"


def _read(file: Path, *lines: str, header: str = HEADER) -> EventBook:
    file.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return read_events(file)


def test_earnings_and_dividends_are_read_with_all_that_is_known(file: Path) -> None:
    book = _read(
        file,
        "AAPL,earnings,2014-07-22,after_close,,estimated",
        "aapl,Ex-Dividend,2014-08-07,,0.47,",
        "MSFT,earnings,2014-07-24",
    )
    assert book.errors == ()
    assert book.of("AAPL").events == (
        CorporateEvent(
            kind=EventKind.EARNINGS,
            day=date(2014, 7, 22),
            time=EventTime.AFTER_CLOSE,
            confirmed=False,
            source="events.csv",
        ),
        CorporateEvent(
            kind=EventKind.EX_DIVIDEND,
            day=date(2014, 8, 7),
            amount_usd=Decimal("0.47"),
            source="events.csv",
        ),
    )
    assert book.of("MSFT").events[0].time is None


def test_none_says_that_a_symbol_never_has_such_events(file: Path) -> None:
    spy = _read(file, "SPY,earnings,none").of("SPY")
    assert spy.knows(EventKind.EARNINGS, date(2030, 1, 1))
    assert not spy.knows(EventKind.EX_DIVIDEND, date(2030, 1, 1))


def test_columns_may_stand_in_any_order_with_semicolons_comments_and_a_byte_order_mark(
    file: Path,
) -> None:
    text = "date;note;event;symbol\n\n# my own\n2014-07-22;call at 5;earnings;AAPL # maybe\n"
    file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_events(file).of("AAPL").events[0].day == date(2014, 7, 22)


def test_the_same_line_twice_is_one_event(file: Path) -> None:
    line = "AAPL,earnings,2014-07-22"
    assert len(_read(file, line, line).of("AAPL").events) == 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("AAPL,earning,2014-07-22", "event 'earning' is neither earnings nor ex_dividend"),
        ("AAPL,earnings,22.7.2014", "'22.7.2014' is not a date like 2024-05-02, nor none"),
        ("AAPL,earnings,", "'' is not a date"),
        ("AAPL,earnings", "'' is not a date"),
        ("AAPL,earnings,2014-07-22,noon", "time 'noon' is not before_open or after_close"),
        ("AAPL,ex_dividend,2014-08-07,after_close", "is not before_open or after_close of earn"),
        ("AAPL,ex_dividend,2014-08-07,,0.47 USD", "amount '0.47 USD' is not a dividend in USD"),
        ("AAPL,ex_dividend,2014-08-07,,-1", "amount '-1' is not"),
        ("AAPL,ex_dividend,2014-08-07,,nan", "amount 'nan' is not"),
        ("AAPL,earnings,2014-07-22,,0.47", "earnings have no amount"),
        ("AAPL,earnings,2014-07-22,,,sure", "status 'sure' is neither confirmed nor estimated"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_nothing_counts_as_known_of_its_symbol(
    file: Path, line: str, says: str
) -> None:
    book = _read(file, "AAPL,earnings,2014-07-22", line, "MSFT,earnings,2014-07-24")
    (error,) = book.errors
    assert error.startswith(f"line 3 of {file}: ")
    assert says in error
    assert book.of("AAPL").doubts == (error,)
    assert not book.of("AAPL").knows(EventKind.EARNINGS, date(2014, 7, 1))
    assert book.of("MSFT").knows(EventKind.EARNINGS, date(2014, 7, 1))


def test_a_line_without_a_symbol_is_named(file: Path) -> None:
    assert "there is no symbol" in _read(file, ",earnings,2014-07-22").errors[0]


def test_dates_and_none_of_the_same_kind_contradict_each_other(file: Path) -> None:
    book = _read(file, "SPY,earnings,none", "SPY,earnings,2014-07-22")
    assert "SPY has earnings dates and says it has none" in book.errors[0]
    assert not book.of("SPY").knows(EventKind.EARNINGS, date(2014, 7, 1))


def test_a_file_without_its_header_is_refused_with_the_columns(file: Path) -> None:
    file.write_text("AAPL,earnings,2014-07-22\n", encoding="utf-8")
    with pytest.raises(UserError, match="no column symbol, event, date") as refused:
        read_events(file)
    assert HEADER in str(refused.value)
    file.write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="no column"):
        read_events(file)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be read \(No such file"):
        read_events(tmp_path / "none.csv")
    with pytest.raises(UserError, match="cannot be read"):
        read_events(tmp_path)
    bad = tmp_path / "latin.csv"
    bad.write_bytes(HEADER.encode() + b"\n\xff\xfe")
    with pytest.raises(UserError, match="not UTF-8"):
        read_events(bad)


@given(st.lists(st.text(max_size=40), max_size=5))
def test_no_text_crashes_the_reader(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    file = tmp_path_factory.mktemp("events") / "e.csv"
    file.write_text("\n".join((HEADER, *lines)), encoding="utf-8", errors="replace")
    book = read_events(file)
    held = sum(len(book.of(symbol).events) for symbol in book.symbols)
    assert held + len(book.errors) <= sum(len(line.splitlines()) + 1 for line in lines)
