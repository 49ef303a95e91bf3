"""``vst bars import --provider``: the command, the scanner's child and a server, end to end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.bar_services import BarService, bar_service, days, prices
from vst_desktop.adapters.files.barstore import BarStore
from vst_desktop.adapters.scanner.binary import binary_path
from vst_desktop.cli.main import main

pytestmark = pytest.mark.skipif(not binary_path().is_file(), reason="no scanner: run 'make setup'")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[BarService]:
    token = tmp_path / "token"
    token.write_text("good-token\n", encoding="utf-8")
    monkeypatch.setenv("VST_TIINGO_TOKEN_FILE", str(token))
    monkeypatch.setenv("VST_ALPACA_KEY_ID", "good-id")
    monkeypatch.setenv("VST_ALPACA_SECRET_KEY", "good-secret")
    with bar_service() as running:
        monkeypatch.setenv("VST_BARS__ALPACA_URL", running.url)
        monkeypatch.setenv("VST_BARS__TIINGO_URL", running.url)
        yield running


@pytest.mark.parametrize("provider", ["alpaca", "tiingo"])
def test_bars_of_a_service_land_in_the_store_and_who_has_none_is_named(
    provider: str, service: BarService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, file, names = tmp_path / "store", tmp_path / "r.json", tmp_path / "list.txt"
    names.write_text("MSFT\n??\nNOPE\n", encoding="utf-8")
    asked = ["--symbols", "AAPL", "--watchlist", str(names), "--start", "2024-01-02"]
    command = ["bars", "import", "--provider", provider, *asked, "--store", str(store)]
    assert main([*command, "--json", str(file)]) == 0
    report = json.loads(file.read_text())
    assert (report["symbols"], report["bars"]) == (2, 60)
    assert sorted(e["symbol"] for e in report["errors"]) == ["??", "NOPE"]
    held = BarStore(store).series("MSFT")
    assert held.dates == tuple(days(30))
    assert held.close == tuple(prices())
    out, err = capsys.readouterr()
    assert "2 symbols, 60 bars kept" in out
    assert "good-" not in out + err + file.read_text() + " ".join(service.asked)


def test_without_its_keys_a_service_is_not_asked(
    service: BarService, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VST_TIINGO_TOKEN_FILE")
    assert main(["bars", "import", "--provider", "tiingo", "--symbols", "AAPL"]) == 1
    assert "tiingo needs the secret tiingo_token" in capsys.readouterr().err
    assert service.asked == []


def test_refused_keys_are_one_sentence_a_symbol(
    service: BarService,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VST_ALPACA_SECRET_KEY", "stale")
    command = ["bars", "import", "--provider", "alpaca", "--symbols", "AAPL,MSFT"]
    assert main([*command, "--store", str(tmp_path / "store")]) == 1
    said = capsys.readouterr().out
    assert "2 symbols refused" in said
    assert "403" in said
    assert "stale" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name the files, or a service with --provider"),
        (["--watchlist", "a.txt"], "--watchlist goes with --provider"),
        (["--provider", "tiingo"], "no symbol is asked for"),
        (["--provider", "tiingo", "bars.csv", "--symbols", "A"], "takes no files"),
        (["--provider", "tiingo", "--symbols", "A", "--append"], "--append goes with files"),
    ],
)
def test_what_does_not_go_together_is_refused(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bars", "import", *arguments, "--store", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err
