"""The settings dialog: every key, found by words, checked as typed, written as changes."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit

from tests.gui.conftest import Stage
from vst_desktop.domain.errors import UserError
from vst_desktop.gui.dialogs.settings import SettingsDialog
from vst_desktop.runtime.setting_fields import checked, setting_fields
from vst_desktop.runtime.settings import Settings


def opened(stage: Stage, **own: object) -> SettingsDialog:
    stage.station.preferences.file = {key.replace("__", "."): v for key, v in own.items()}
    stage.window.commands.actions["settings"].trigger()
    dialog = stage.window.findChild(SettingsDialog)
    assert dialog is not None
    return dialog


def shown(dialog: SettingsDialog) -> set[str]:
    return {name for name, row in dialog.rows.items() if not row.isHidden()}


def test_every_key_of_the_model_has_an_editor_of_its_type(stage: Stage) -> None:
    dialog = opened(stage)
    every = {f"{g}.{k}" for g in Settings.model_fields for k in getattr(Settings(), g).model_dump()}
    for number in range(dialog.groups.count()):
        dialog.groups.setCurrentRow(number)
    assert set(dialog.rows) == every
    kinds = {
        "execution.allow_late_day_entry": QCheckBox,
        "execution.trading_mode": QComboBox,
        "options.rank_by": QComboBox,
        "risk.max_positions": QLineEdit,
        "strategy.enabled": QLineEdit,
    }
    assert all(type(dialog.row(name).editor) is kind for name, kind in kinds.items())
    assert not any(row.error or row.is_changed for row in dialog.rows.values())
    assert not dialog.save_button.isEnabled()


def test_every_editor_has_a_name_and_a_tooltip(stage: Stage) -> None:
    for name, row in opened(stage).rows.items():
        assert row.editor.accessibleName() == name
        assert row.editor.toolTip().startswith(name)


def test_words_find_settings_by_name_and_meaning(stage: Stage) -> None:
    dialog = opened(stage)
    dialog.search.setText("max positions")
    assert shown(dialog) == {"risk.max_positions"}
    dialog.search.setText("calendar days")
    assert {"options.min_dte", "options.max_dte"} <= shown(dialog)
    dialog.search.setText("")
    dialog.groups.setCurrentRow(dialog.groups.count() - 1)
    group = dialog.groups.currentItem().text()
    assert shown(dialog) == {name for name in dialog.rows if name.startswith(f"{group}.")}


def test_a_wrong_value_is_told_beside_it_and_cannot_be_saved(stage: Stage) -> None:
    dialog = opened(stage)
    row = dialog.row("risk.max_positions")
    for wrong in ("0", "many", "2.5", "1e999"):
        row.set_text(wrong)
        assert row.error
        assert not dialog.save_button.isEnabled()
        assert dialog.note.text() == "Correct risk.max_positions first."
    row.set_text("4")
    assert dialog.save_button.isEnabled()
    assert dialog.note.text() == "1 change; they count from the next start on."


def test_saving_writes_what_changed_as_the_file_has_it(stage: Stage) -> None:
    dialog = opened(stage, risk__max_positions=4, options__min_dte=28)
    dialog.row("risk.max_positions").reset()
    dialog.row("options.min_delta").set_text("0.25")
    dialog.row("strategy.enabled").set_text("HIGH_BASE, BULL_PULLBACK")
    dialog.row("execution.allow_late_day_entry").set_text("false")
    dialog.save_button.click()
    stage.settle()
    assert stage.station.named("change_settings") == [
        (
            {
                "strategy.enabled": ["HIGH_BASE", "BULL_PULLBACK"],
                "execution.allow_late_day_entry": False,
                "risk.max_positions": None,
                "options.min_delta": 0.25,
            },
        )
    ]
    assert "count from the next start" in stage.window.banner.text


def test_a_refused_save_keeps_what_was_typed(stage: Stage) -> None:
    dialog = opened(stage)
    stage.station.refuse = UserError("the settings cannot be written (disk full)")
    dialog.row("risk.max_positions").set_text("4")
    dialog.save_button.click()
    stage.settle()
    assert "disk full" in dialog.banner.text
    assert dialog.isVisible()
    assert dialog.changes() == {"risk.max_positions": 4}


def test_defaults_for_all_takes_every_own_value_out(stage: Stage) -> None:
    dialog = opened(stage, risk__max_positions=4, options__min_dte=28)
    dialog.reset_all.click()
    assert dialog.changes() == {"risk.max_positions": None, "options.min_dte": None}


def test_a_value_of_this_run_that_is_not_the_files_is_told(stage: Stage) -> None:
    row = opened(stage, risk__max_positions=4).row("risk.max_positions")
    assert "this run uses 5" in row._says.text()


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("max_positions", "3", 3),
        ("max_total_risk", "0.2", 0.2),
        ("allow_late_day_entry", "true", True),
        ("trading_mode", "PAPER", "PAPER"),
        ("enabled", "HIGH_BASE", ["HIGH_BASE"]),
    ],
)
def test_a_text_becomes_what_toml_has(key: str, text: str, value: object) -> None:
    field = next(one for one in setting_fields() if one.key == key)
    assert checked(field, text) == value
    assert type(checked(field, text)) is type(value)


def test_every_default_is_a_text_that_can_be_typed(stage: Stage) -> None:
    dialog = opened(stage)
    for name in dialog._fields:
        row = dialog.row(name)
        if row.text:
            row.set_text(f"{row.text} " if isinstance(row.editor, QLineEdit) else row.text)
            assert not row.error, name
            assert checked(row.field, row.text) is not None


def test_a_table_is_one_line_of_text_and_a_table_in_the_file() -> None:
    field = next(one for one in setting_fields() if one.key == "severity_channels")
    assert checked(field, "INFO: email; HIGH: email, slack") == {
        "INFO": ["email"],
        "HIGH": ["email", "slack"],
    }
