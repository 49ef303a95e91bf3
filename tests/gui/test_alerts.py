"""Alerts in the window: their fate by channel, the test button, and a flood of them."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QToolButton

from tests.gui.conftest import Stage
from tests.helpers.sample_book import NOW, alerts
from vst_desktop.domain.alerts import Alert, Severity
from vst_desktop.gui.models.rows import ALERTS
from vst_desktop.gui.tray import Tray
from vst_desktop.station.view import AlertRow, Light, LightView


def flood(count: int) -> tuple[AlertRow, ...]:
    return tuple(
        AlertRow(
            number=number,
            time=NOW,
            severity=Severity.WARNING,
            message=f"alert {number}",
            details="",
            symbol=None,
            count=1,
        )
        for number in range(count)
    )


def test_an_alert_shows_what_became_of_it_on_each_channel(stage: Stage) -> None:
    row = replace(alerts()[0], sent="email sent, sms failed (HTTP 503)")
    column = next(c for c in ALERTS if c.title == "Channels")
    cell = column.cell(row)
    assert cell.tooltip == "email sent\nsms failed (HTTP 503)"
    assert cell.tone == "loss"
    assert column.cell(replace(row, sent="email sent")).tone == "text2"


def test_the_test_button_sends_to_every_channel(stage: Stage) -> None:
    buttons = stage.window.alerts.findChildren(QToolButton)
    [button] = [one for one in buttons if one.accessibleName() == "Test"]
    button.click()
    assert ("test_alerts",) in stage.station.calls


def test_a_thousand_alerts_are_all_in_the_pane_and_the_window_goes_on(stage: Stage) -> None:
    stage.show(alerts=flood(10))
    worst = 0.0
    for count in range(100, 1001, 100):
        began = time.thread_time()
        stage.show(alerts=flood(count))
        QApplication.processEvents()
        worst = max(worst, time.thread_time() - began)
    assert stage.window.alerts.model.rowCount() == 1000
    assert worst < 0.5


@pytest.fixture
def notes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> tuple[Tray, list[str]]:
    shown: list[str] = []
    tray = Tray(stage.window)

    def note(title: str, text: str, icon: QSystemTrayIcon.MessageIcon) -> None:
        shown.append(f"{title}: {text}")

    monkeypatch.setattr(tray, "note", note)
    return tray, shown


def test_a_flood_makes_one_note_and_then_one_of_the_rest(
    stage: Stage, notes: tuple[Tray, list[str]]
) -> None:
    tray, shown = notes
    for number in range(1000):
        severity = Severity.HIGH if number == 500 else Severity.INFO
        alert = Alert(time=NOW, severity=severity, message=f"alert {number}")
        stage.bridge.alert_raised.emit(alert)
    assert shown == ["INFO: alert 0"]
    tray._pause.timeout.emit()
    assert shown[1:] == ["HIGH: alert 500\nand 998 more alerts"]
    tray._pause.timeout.emit()
    assert len(shown) == 2


@pytest.mark.qt_log_ignore("systemTrayWindowChanged")  # a tray is not what offscreen has
def test_the_tray_shows_the_mode_what_is_wrong_and_its_commands(
    stage: Stage, notes: tuple[Tray, list[str]]
) -> None:
    tray, _ = notes
    strip = stage.station.view().strip
    well = replace(strip, lights=(), killed=None, unprotected=0)
    down = LightView(name="IBKR", state=Light.DOWN, detail="lost for 4 s")
    pictures, told = set(), []
    for shown in (
        well,
        replace(well, lights=(down,)),
        replace(well, killed="panic"),
        replace(well, killed="panic", unprotected=2),
    ):
        stage.show(strip=shown)
        told.append(tray._icon.toolTip().splitlines()[-1])
        image = tray._icon.icon().pixmap(64, 64).toImage()
        pictures.add(image.pixelColor(50, 50).name())
    assert told == [
        "all is well",
        "IBKR: lost for 4 s",
        "entries are halted: panic",
        "2 positions are not protected",
    ]
    tokens = stage.window.theme.tokens
    assert {QColor(tokens.warn).name(), QColor(tokens.loss).name()} < pictures
    assert "DEMO" in tray._icon.toolTip()
    named = [action.text() for action in tray._menu.actions()]
    assert named == ["Show the window", "Hold what waits", "Kill switch", "Quit"]
    tray._menu.actions()[1].trigger()
    stage.settle()
    assert stage.station.calls[-1] == ("hold",)
