"""features/lab.feature: the lab in the real window, its runs real processes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytest_bdd import given, parsers, scenarios, then, when

from tests.bdd.window_world import WindowWorld
from tests.helpers import scenario_days as days
from tests.helpers.lab_bars import write_waves
from vst_desktop.gui.panes.lab_view import LabView

scenarios("lab.feature")

PLAY_SECS = 90.0
"""A run is a process that loads everything anew, beside other tests."""


@pytest.fixture
def desk(qapp: QApplication, tmp_path: Path, vst_home: Path) -> Iterator[WindowWorld]:
    """The scenario's window and what stands behind it."""
    world = WindowWorld(qapp, tmp_path)
    yield world
    world.close()


def lab_of(desk: WindowWorld) -> LabView:
    found = desk.window.lab.view
    assert found is not None
    return found


def play(desk: WindowWorld, **texts: str) -> LabView:
    lab = lab_of(desk)
    for name, text in texts.items():
        lab.fields[name].setText(text)
    desk.click(lab.run)
    return lab


@given(parsers.parse("the window stands at {clock} on a normal day with a candidate for AAPL"))
def stands(desk: WindowWorld, clock: str) -> None:
    desk.at = days.candidate_at("AAPL", time.fromisoformat(clock)).at
    desk.until("the account", lambda window: window.view and window.view.strip.account)


@given("a file of daily bars of two stocks", target_fixture="bars")
def bars(tmp_path: Path) -> str:
    return str(write_waves(tmp_path / "bars.csv"))


@when("the trader opens the lab with Ctrl+Shift+B")
def open_lab(desk: WindowWorld) -> None:
    desk.press("Ctrl+Shift+B")
    desk.until("the lab", lambda window: window.lab.isVisible() and window.lab.view)


@when("plays HIGH_BASE over the file")
def play_one(desk: WindowWorld, bars: str) -> None:
    play(desk, bars=bars, strategies="HIGH_BASE")


@when(parsers.parse("searches {first} and {second}"))
def search(desk: WindowWorld, bars: str, first: str, second: str) -> None:
    span = {"start": "2019-01-01", "end": "2019-06-30"}
    play(desk, bars=bars, strategies="HIGH_BASE", first=first, second=second, **span)


@when("begins to play the file and cancels")
def cancel(desk: WindowWorld, bars: str) -> None:
    lab = play(desk, bars=bars)
    desk.until("that it runs", lambda _window: lab.cancel.isEnabled())
    desk.click(lab.cancel)


@then("equity, drawdown and every trade are shown")
def shown(desk: WindowWorld) -> None:
    lab = lab_of(desk)
    desk.until("the result", lambda _window: lab.plot.result is not None, secs=PLAY_SECS)
    result = lab.plot.result
    assert result is not None and len(result.equity_usd) == len(result.drawdown) > 200
    assert lab.trades.rowCount() == len(result.trades) > 0
    assert f"{len(result.trades)} trades" in lab.headline.text()


@then("a click on a trade shows it on its bars")
def on_bars(desk: WindowWorld) -> None:
    lab = lab_of(desk)
    first = lab.trades.row(0)
    assert first is not None
    desk.click_row(lab.table, first.symbol)
    desk.until("the trade's chart", lambda _window: lab.chart.isVisible())


@then("the export of the trades says BACKTEST")
def export(desk: WindowWorld) -> None:
    head, *rows = lab_of(desk).table.csv().splitlines()
    assert head.startswith("Mode,") and rows
    assert all(row.startswith("BACKTEST,") for row in rows)


@then("no order was sent")
def no_order(desk: WindowWorld) -> None:
    assert desk.station.desk.intents() == ()


@then(parsers.parse("a heat map shows {count:d} sets with the verdict of the walk-forward"))
def heat(desk: WindowWorld, count: int) -> None:
    lab = lab_of(desk)
    desk.until("the result", lambda _window: lab.plot.result is not None, secs=PLAY_SECS)
    result = lab.plot.result
    assert result is not None and len(result.heat) == count
    assert "walk-forward" in lab.headline.text()


@then("the lab says that it was cancelled and can play again")
def cancelled(desk: WindowWorld) -> None:
    lab = lab_of(desk)
    desk.until("the end of the run", lambda _window: "Cancelled" in lab.headline.text())
    assert lab.run.isEnabled()


@then("the station goes on")
def goes_on(desk: WindowWorld) -> None:
    desk.press("F5")
    desk.until("signals", lambda window: window.scanner.model.rowCount())
