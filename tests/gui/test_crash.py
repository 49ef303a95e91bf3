"""An unexpected error has a report to pass on, once, without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from tests.gui.conftest import Stage
from vst_desktop.gui.dialogs.crash import CrashDialog, place_of, report_of
from vst_desktop.runtime.redaction import REDACTOR

CANARY = "hunter2-canary-of-the-crash"


def crash(text: str = "the gearbox fell out") -> BaseException:
    try:
        raise RuntimeError(text)
    except RuntimeError as error:
        return error


def dialogs(stage: Stage) -> list[CrashDialog]:
    return [one for one in stage.window.findChildren(CrashDialog) if one.isVisible()]


def test_an_error_is_reported_once_however_often_it_comes(stage: Stage) -> None:
    for _ in range(3):
        stage.bridge.report_bug("the chart", crash())
    (dialog,) = dialogs(stage)
    report = dialog.report.toPlainText()
    assert report.startswith("Unexpected error in the chart\nvst-desktop ")
    assert "RuntimeError: the gearbox fell out" in report
    assert "Unexpected error in the chart" in stage.window.banner.text


def test_another_error_has_a_report_of_its_own(stage: Stage) -> None:
    stage.bridge.report_bug("the chart", crash())
    stage.bridge.report_bug("the chart", ValueError("never raised"))
    assert len(dialogs(stage)) == 2
    assert place_of(crash()) == place_of(crash("another text"))


def test_the_banner_of_many_errors_at_once_stays_a_banner(stage: Stage) -> None:
    many = ExceptionGroup("unhandled errors", [RuntimeError(f"no loop {n}") for n in range(100)])
    stage.bridge.report_bug("the scan", many)
    assert len(stage.window.banner.text) < 300
    assert stage.window.banner.text.endswith("…. Details are in the log.")
    (dialog,) = dialogs(stage)
    assert "no loop 9" in dialog.report.toPlainText()


def test_a_report_holds_no_secret() -> None:
    REDACTOR.learn(CANARY)
    report = report_of("the mail", crash(f"login with {CANARY} failed"))
    assert CANARY not in report
    assert "login with [redacted] failed" in report


def test_the_report_can_be_copied_and_saved(stage: Stage, tmp_path: Path) -> None:
    stage.bridge.report_bug("the chart", crash())
    (dialog,) = dialogs(stage)
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == dialog.report.toPlainText()
    dialog.save_to(str(tmp_path / "report.txt"))
    assert (tmp_path / "report.txt").read_text(encoding="utf-8") == dialog.report.toPlainText()
    assert "saved as report.txt" in dialog.windowTitle()


@pytest.mark.parametrize("place", ["", "no/such/folder/report.txt"])
def test_a_report_that_cannot_be_saved_is_told(stage: Stage, tmp_path: Path, place: str) -> None:
    stage.bridge.report_bug("the chart", crash())
    (dialog,) = dialogs(stage)
    dialog.save_to(str(tmp_path / place))
    assert "not saved" in dialog.windowTitle()
