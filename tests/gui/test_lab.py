"""The lab beside the window: real children on a few made bars."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Stage
from tests.helpers.lab_bars import write_waves
from vst_desktop.gui.panes.lab_view import LabView


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """Three years of two stocks."""
    return write_waves(tmp_path / "bars.csv")


@pytest.fixture
def lab(stage: Stage) -> LabView:
    """The lab as the command opens it."""
    assert stage.window.lab.view is None
    stage.window.commands.actions["lab"].trigger()
    stage.settle()
    assert stage.window.frame.workspace == "Lab"
    found = stage.window.lab.view
    assert found is not None and found.isVisible()
    return found


def fill(lab: LabView, **texts: str) -> None:
    for name, text in texts.items():
        lab.fields[name].setText(text)


def test_a_backtest_shows_equity_drawdown_and_the_exit_of_every_trade(
    lab: LabView, bars: Path, qtbot: QtBot
) -> None:
    fill(lab, bars=str(bars), strategies="HIGH_BASE")
    with qtbot.waitSignal(lab.done_reading, timeout=60_000):
        lab.start()
    qtbot.waitUntil(lab.run.isEnabled)
    result = lab.plot.result
    assert result is not None, lab.banner.text
    assert len(result.days) == len(result.equity_usd) == len(result.drawdown) > 200
    assert result.days[0].startswith("2019-01") and max(result.drawdown) <= 0
    assert f"{len(result.exits)} trades" in lab.headline.text()
    assert lab.report.isEnabled() and lab.save.isEnabled()
    picture = lab.plot.grab().toImage()
    below = range(int(picture.height() * 0.8), picture.height())
    loss = lab.plot._theme.tokens.loss.lower()
    assert any(
        picture.pixelColor(x, y).name() == loss for y in below for x in range(picture.width())
    ), "drawdown"


def test_a_trade_is_shown_on_its_bars_with_its_levels_and_exported_as_backtest(
    lab: LabView, bars: Path, qtbot: QtBot
) -> None:
    fill(lab, bars=str(bars), strategies="HIGH_BASE")
    with qtbot.waitSignal(lab.done_reading, timeout=60_000):
        lab.start()
    qtbot.waitUntil(lab.run.isEnabled)
    assert lab.plot.result is not None
    trades = lab.plot.result.trades
    assert len(trades) == lab.trades.rowCount() > 0 and lab.chart.isHidden()
    table = lab.table
    place = table.visualRect(table.model().index(0, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    shown = lab.chart._view
    assert shown is not None and lab.chart.isVisible(), lab.banner.text
    assert shown.symbol == trades[0].symbol
    assert [str(day) for day in shown.signal_dates] == [trades[0].entry_date, trades[0].exit_date]
    assert {label.split()[0] for _, label, _ in shown.levels} >= {"short", "long", "stop"}
    head, first, *_ = table.csv().splitlines()
    assert head.startswith("Mode,Symbol,Strategy,Entry,Exit")
    assert first.startswith(f"BACKTEST,{trades[0].symbol},HIGH_BASE,{trades[0].entry_date}")


def test_bars_that_are_gone_are_told(lab: LabView, bars: Path, qtbot: QtBot) -> None:
    fill(lab, bars=str(bars), strategies="HIGH_BASE")
    with qtbot.waitSignal(lab.done_reading, timeout=60_000):
        lab.start()
    qtbot.waitUntil(lab.run.isEnabled)
    for file in (lab._folder / "bars").iterdir():
        file.write_bytes(b"junk")
    lab.table.selectRow(0)
    lab._show_trade("0")
    assert "run it again" in lab.banner.text and lab.chart.isHidden()


def test_a_search_of_two_settings_shows_a_heat_map_of_every_set(
    lab: LabView, bars: Path, qtbot: QtBot
) -> None:
    fill(lab, bars=str(bars), strategies="HIGH_BASE", end="2019-06-30")
    fill(lab, first="min_reward_risk=1,1.5", second="r_multiple_target=1,2")
    with qtbot.waitSignal(lab.done_reading, timeout=60_000):
        lab.start()
    qtbot.waitUntil(lab.run.isEnabled)
    result = lab.plot.result
    assert result is not None, lab.banner.text
    assert {place for place, _ in result.heat} == {
        ("1", "1"), ("1", "2"), ("1.5", "1"), ("1.5", "2"),
    }  # fmt: skip
    assert not lab.plot.grab().isNull()


def test_a_cancelled_run_ends_its_child_and_another_can_be_started(
    lab: LabView, bars: Path, qtbot: QtBot
) -> None:
    fill(lab, bars=str(bars))
    lab.start()
    assert lab.cancel.isEnabled() and not lab.run.isEnabled()
    with qtbot.waitSignal(lab.child.finished, timeout=20_000):
        lab.cancel.click()
    assert "Cancelled" in lab.headline.text()
    assert lab.run.isEnabled() and not lab.report.isEnabled()


def test_what_the_child_refuses_stands_in_the_lab(lab: LabView, qtbot: QtBot) -> None:
    fill(lab, bars="nowhere.csv")
    with qtbot.waitSignal(lab.child.finished, timeout=20_000):
        lab.start()
    assert "nowhere.csv" in lab.banner.text


def test_a_run_without_bars_is_refused_at_once(lab: LabView) -> None:
    lab.start()
    assert "no bars are named" in lab.banner.text
    assert lab.run.isEnabled()
