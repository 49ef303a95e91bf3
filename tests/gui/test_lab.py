"""The lab beside the window: real children on a few made bars."""

from __future__ import annotations

import csv
import math
from datetime import date, timedelta
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.conftest import Stage
from vst_desktop.gui.dialogs.lab import LabDialog

SYMBOLS = ("AAA", "BBB")


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """Three years of two stocks that rise and fall in waves."""
    file = tmp_path / "bars.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(("symbol", "date", "open", "high", "low", "close", "volume"))
        for number, symbol in enumerate(SYMBOLS):
            for day in range(3 * 365):
                when = date(2017, 1, 1) + timedelta(days=day)
                if when.weekday() < 5:
                    mid = 80 + 0.02 * day + 8 * math.sin(day / (20 + 5 * number))
                    rows.writerow((symbol, when, mid, mid + 1, mid - 1, mid + 0.3, 9_000_000))
    return file


@pytest.fixture
def lab(stage: Stage) -> LabDialog:
    """The dialog as the command opens it."""
    stage.window.commands.actions["lab"].trigger()
    (found,) = stage.window.findChildren(LabDialog)
    return found


def fill(lab: LabDialog, **texts: str) -> None:
    for name, text in texts.items():
        lab.fields[name].setText(text)


def test_a_backtest_shows_equity_drawdown_and_the_exit_of_every_trade(
    lab: LabDialog, bars: Path, qtbot: QtBot
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
    assert not lab.plot.grab().isNull()


def test_a_search_of_two_settings_shows_a_heat_map_of_every_set(
    lab: LabDialog, bars: Path, qtbot: QtBot
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
    lab: LabDialog, bars: Path, qtbot: QtBot
) -> None:
    fill(lab, bars=str(bars))
    lab.start()
    assert lab.cancel.isEnabled() and not lab.run.isEnabled()
    with qtbot.waitSignal(lab.child.finished, timeout=20_000):
        lab.cancel.click()
    assert "Cancelled" in lab.headline.text()
    assert lab.run.isEnabled() and not lab.report.isEnabled()


def test_what_the_child_refuses_stands_in_the_lab(lab: LabDialog, qtbot: QtBot) -> None:
    fill(lab, bars="nowhere.csv")
    with qtbot.waitSignal(lab.child.finished, timeout=20_000):
        lab.start()
    assert "nowhere.csv" in lab.banner.text


def test_a_run_without_bars_is_refused_at_once(lab: LabDialog) -> None:
    lab.start()
    assert "no bars are named" in lab.banner.text
    assert lab.run.isEnabled()
