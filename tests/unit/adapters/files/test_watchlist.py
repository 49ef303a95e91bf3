"""Watchlists: text and CSV, once each, and bad lines named."""

from __future__ import annotations

from pathlib import Path

import pytest

from vst_desktop.adapters.files.watchlist import Watchlist, read_watchlist
from vst_desktop.domain.errors import UserError


def written(folder: Path, text: str) -> Path:
    file = folder / "list.txt"
    file.write_text(text, encoding="utf-8")
    return file


def symbols(folder: Path, text: str) -> tuple[str, ...]:
    listed = read_watchlist(written(folder, text))
    assert listed.errors == ()
    return listed.symbols


def test_symbols_come_in_file_order_once_each(tmp_path: Path) -> None:
    text = "# mine\naapl\n\nMSFT # big\nBRK.B\r\naapl\n"
    assert symbols(tmp_path, text) == ("AAPL", "MSFT", "BRK.B")


@pytest.mark.parametrize(
    "text",
    [
        '\ufeffSymbol,Name\n"AAPL","Apple, Inc."\nMSFT,Microsoft\n',
        "# list\nName;Ticker;Weight\nApple;AAPL;7\nMicrosoft;MSFT;6\n",
        "AAPL\tApple\nMSFT\tMicrosoft\n",
    ],
    ids=["first column", "another column", "no header"],
)
def test_of_a_csv_the_column_of_the_symbols_counts(tmp_path: Path, text: str) -> None:
    assert symbols(tmp_path, text) == ("AAPL", "MSFT")


def test_lines_without_a_symbol_are_named_and_the_others_read(tmp_path: Path) -> None:
    file = written(tmp_path, 'Name,Symbol\nApple,AAPL\nOnly a name\nMoney,$$$\n"x,MSFT\n')
    listed = read_watchlist(file)
    assert listed.symbols == ("AAPL",)
    assert [(e.symbol, e.error) for e in listed.errors] == [
        ("Only a name", f"line 3 of {file}: this is no symbol"),
        ("$$$", f"line 4 of {file}: this is no symbol"),
        ('"x,MSFT', f"line 5 of {file}: this is no symbol"),
    ]


def test_a_symbol_named_like_the_header_is_one_on_a_later_line(tmp_path: Path) -> None:
    assert symbols(tmp_path, "AAPL\nTICKER\n") == ("AAPL", "TICKER")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n$$$\n&&&\n", r"holds no symbol \('\$\$\$': line 2 of .*list\.txt"),
        ("# none\n\n", r"list\.txt: watchlist holds no symbol"),
        ("", "holds no symbol"),
        ("Symbol\n", "holds no symbol"),
    ],
)
def test_a_list_without_symbols_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_watchlist(written(tmp_path, text))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "list.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=r"list\.txt: watchlist cannot be read"):
        read_watchlist(file)


def test_a_folder_is_no_watchlist(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_watchlist(tmp_path)


def test_no_entry_is_too_long_to_be_shown(tmp_path: Path) -> None:
    listed = read_watchlist(written(tmp_path, "AAPL\n" + "A" * 5000 + "\n"))
    assert listed == Watchlist(symbols=("AAPL",), errors=listed.errors)
    assert len(listed.errors[0].symbol) == 41
