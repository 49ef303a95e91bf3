"""Watchlists: text and CSV, once each, and bad lines named."""

from __future__ import annotations

from pathlib import Path

import pytest

from vst_desktop.adapters.files.watchlist import read_watchlist
from vst_desktop.domain.errors import UserError


def written(folder: Path, text: str) -> Path:
    file = folder / "list.txt"
    file.write_text(text, encoding="utf-8")
    return file


def test_symbols_come_in_file_order_once_each(tmp_path: Path) -> None:
    file = written(tmp_path, "# mine\naapl\n\nMSFT # big\nBRK.B\naapl\n")
    assert read_watchlist(file) == ("AAPL", "MSFT", "BRK.B")


def test_first_column_of_a_csv_counts_and_its_header_does_not(tmp_path: Path) -> None:
    file = written(tmp_path, '\ufeffSymbol,Name\n"AAPL",Apple\nMSFT,Microsoft\n')
    assert read_watchlist(file) == ("AAPL", "MSFT")


@pytest.mark.parametrize(
    ("text", "words"), [("AAPL\n$$$\n", r"'\$\$\$' on line 2"), ("# none\n\n", "holds no symbol")]
)
def test_bad_content_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_watchlist(written(tmp_path, text))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.txt: watchlist cannot be read"):
        read_watchlist(tmp_path / "none.txt")
