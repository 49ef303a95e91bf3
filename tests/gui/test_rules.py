"""The strategies' fire rates below the signals, and the switch for a rule that cannot fire."""

from __future__ import annotations

from dataclasses import replace

from pytestqt.qtbot import QtBot

from tests.gui.conftest import Stage
from tests.helpers.recording_station import refusal
from tests.helpers.sample_view import RULES
from vst_desktop.domain.signals import Direction
from vst_desktop.gui.panes.rules import rate_text
from vst_desktop.station.view import RuleView, ScanView


def scan_of(stage: Stage, /, **changes: object) -> ScanView:
    return replace(stage.station.current.scan, **changes)  # type: ignore[arg-type]


def test_rule_that_cannot_fire_is_named_plainly_with_its_remedy(stage: Stage) -> None:
    panel = stage.window.scanner.rules
    assert not panel.isHidden()
    assert panel.note == (
        "LOW_BASE fired on 0 of 242,000 bars: with atr_ratio_base = zero it cannot; "
        "switch to range_low"
    )
    assert [rate_text(rule) for rule in RULES] == ["28 %", "never", "1.7 %", "1.2 %"]


def test_switch_asks_the_station_for_the_other_base(stage: Stage) -> None:
    stage.window.scanner.rules.button.click()
    stage.settle()
    assert stage.station.named("use_ratio_base") == [("range_low",)]


def test_refused_switch_is_said_in_the_scanner_pane(stage: Stage, qtbot: QtBot) -> None:
    stage.station.refuse = refusal("a scan is running")
    stage.window.scanner.rules.button.click()
    qtbot.waitUntil(lambda: "a scan is running" in stage.window.scanner.banner.text)


def test_switch_waits_while_a_scan_runs(stage: Stage) -> None:
    stage.show(scan=scan_of(stage, progress=(1, 3), stage="scan"))
    assert not stage.window.scanner.rules.button.isEnabled()


def test_rules_that_all_fire_need_no_word_and_no_switch(stage: Stage) -> None:
    own = RuleView(name="MY_RULE", direction=Direction.LONG, fired=3, bars=0)
    stage.show(scan=scan_of(stage, rules=(RULES[0], own)))
    panel = stage.window.scanner.rules
    assert panel.note == ""
    assert panel.button.isHidden()
    assert rate_text(own) == "–"


def test_nothing_stands_there_before_the_first_scan(stage: Stage) -> None:
    stage.show(scan=scan_of(stage, rules=()))
    assert stage.window.scanner.rules.isHidden()


def test_scan_without_the_scanner_says_that_it_was_slower(stage: Stage) -> None:
    stage.show(scan=scan_of(stage, slower="slower: scanner down"))
    info = stage.window.scanner.info
    assert "slower: scanner down" in info.text()
    assert info.property("tone") == "warn"
