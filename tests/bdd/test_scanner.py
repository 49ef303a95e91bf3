"""features/scanner.feature."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.world import World
from tests.helpers import scenario_days as days
from tests.helpers.made_bars import made, sessions_up_to
from vst_desktop.adapters.scanner import reconnect
from vst_desktop.adapters.scanner.supervisor import ScannerChild
from vst_desktop.cli.main import main
from vst_desktop.domain.signals import Signal
from vst_desktop.ports.scanner import ScanResult
from vst_desktop.scanning import resilient
from vst_desktop.scanning.resilient import ResilientScanner

scenarios("scanner.feature")

PRICES = ["open", "high", "low", "close"]


# -- bars of a file


class File:
    """A file of bars, and what the command says of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bars.csv"
        self.bars = pd.DataFrame()
        self.report: dict[str, Any] = {}

    def row(self, day: str, symbol: str) -> pd.Series:
        return (self.bars.date == date.fromisoformat(day)) & (self.bars.symbol == symbol)


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path)


@given(parsers.re(r"a file of bars of (?P<symbols>[A-Z, and]+)"))
def bars_of(file: File, symbols: str) -> None:
    sessions = sessions_up_to(date(2023, 6, 14), 300)
    parts = []
    for symbol in re.findall("[A-Z]+", symbols):
        series = made(symbol, sessions).series()
        columns = {name: getattr(series, name) for name in [*PRICES, "volume"]}
        parts.append(pd.DataFrame({"symbol": symbol, "date": series.dates, **columns}))
    file.bars = pd.concat(parts, ignore_index=True)


@given(parsers.parse("the bar {day} of {symbol} has a high below its low"))
def high_below_low(file: File, day: str, symbol: str) -> None:
    file.bars.loc[file.row(day, symbol), "high"] = 1.0


@given(parsers.parse("the bar {day} of {symbol} is missing"))
def missing(file: File, day: str, symbol: str) -> None:
    file.bars = file.bars[~file.row(day, symbol)]


@given(parsers.parse("the prices of {symbol} are halved from {day} on"))
def halved(file: File, symbol: str, day: str) -> None:
    rows = (file.bars.date >= date.fromisoformat(day)) & (file.bars.symbol == symbol)
    file.bars.loc[rows, PRICES] = (file.bars.loc[rows, PRICES] / 2).round(2)
    # The day itself opens and closes where the split alone would have it.
    (before,) = file.bars.loc[rows.shift(-1, fill_value=False) & ~rows, "close"]
    file.bars.loc[file.row(day, symbol), PRICES] = round(before / 2, 2)


@when("the file is scanned")
def scan_file(file: File) -> None:
    scan_file_with(file, None)


@when(parsers.parse("the file is scanned with the setting {setting}"))
def scan_file_with(file: File, setting: str | None) -> None:
    file.bars.to_csv(file.path, index=False)
    report = file.path.with_suffix(".json")
    settings = ["--set", setting] if setting else []
    assert main(["scan", "--bars", str(file.path), "--json", str(report), *settings]) == 0
    file.report = json.loads(report.read_text())


@then(parsers.re(r"(?P<symbols>[A-Z, and]+) are scanned"))
def scanned(file: File, symbols: str) -> None:
    names = re.findall("[A-Z]{2,}", symbols)
    assert file.report["scanned"] == len(names)
    assert {s["symbol"] for s in file.report["signals"]} == set(names)


@then(parsers.parse('it says of {symbol} "{words}"'))
def says(file: File, symbol: str, words: str) -> None:
    (error,) = file.report["errors"]
    assert error["symbol"] == symbol
    assert words in error["error"]


@then(parsers.parse('it warns of {symbol} "{words}"'))
def warns(file: File, symbol: str, words: str) -> None:
    said = [w["warning"] for w in file.report["warnings"] if w["symbol"] == symbol]
    assert any(words in warning for warning in said), said


# -- the scanner's deaths


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def scanner(world: World) -> ResilientScanner:
    found = world.station.engines.scanner
    assert isinstance(found, ResilientScanner)
    return found


def child(world: World) -> ScannerChild:
    found = scanner(world)._child
    assert isinstance(found, ScannerChild)
    return found


class Before:
    """What the first scan found, and whose answer it was."""

    signals: list[Signal]
    pid: int | None


@pytest.fixture
def before() -> Before:
    return Before()


@given("the station stands at 15:05 on some day")
def stands(world: World) -> None:
    world.at = days.moment(days.normal_days()[100], time(15, 5))


def remember(world: World, before: Before) -> None:
    before.signals, before.pid = world.station.research.findings.signals, child(world).pid
    assert before.signals


@when("the scanner is killed while the station scans")
def killed(world: World, before: Before, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resilient, "RESTART_SECS", 20.0)  # a busy machine is no failure
    remember(world, before)
    assert before.pid is not None
    os.kill(before.pid, signal.SIGSTOP)  # it cannot answer any more: the scan stays under way

    async def scan() -> None:
        work = asyncio.create_task(world.station.scan())
        await until(lambda: (now := world.station.research.progress) and now.stage == "scan")
        os.kill(before.pid or 0, signal.SIGKILL)
        await work

    world.run(scan())


@when("the scanner dies five times within a minute")
def dies(world: World, before: Before, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "FIRST_BACKOFF_SECS", 0.0)
    remember(world, before)

    async def deaths() -> None:
        for _ in range(reconnect.BREAKER_DEATHS):
            await until(lambda: child(world).healthy)
            os.kill(child(world).pid or 0, signal.SIGKILL)
            await until(lambda: not child(world).healthy)
        await child(world).wait_for_breaker()

    world.run(deaths())


@when("the station scans again")
def again(world: World) -> None:
    world.scan()


def result(world: World) -> ScanResult:
    found = world.station.research.findings.result
    assert found is not None
    return found


@then("the scan found the same")
def same(world: World, before: Before) -> None:
    def keys(signals: list[Signal]) -> list[tuple[str, str, date]]:
        return [(s.symbol, s.strategy, s.date) for s in signals]

    assert keys(world.station.research.findings.signals) == keys(before.signals)


@then("another scanner answered")
def another(world: World, before: Before) -> None:
    assert result(world).engine == "go"
    assert child(world).pid not in (None, before.pid)


@then("this process answered")
def in_process(world: World) -> None:
    assert result(world).fallback
    assert "in-process" in result(world).engine


@then(parsers.parse('the trader is told "{words}"'))
def told(world: World, words: str) -> None:
    texts = [entry.alert.details for entry in world.station.engines.alerts.history]
    assert any(words in text for text in texts), texts
