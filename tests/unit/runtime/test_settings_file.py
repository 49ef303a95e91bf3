"""The settings file is changed key by key; comments stay, bad values never reach it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.settings_file import change_settings, own_values

WRITTEN = """# my station
[risk]
max_positions = 4  # not more, said my wife

[broker]
port = 4002
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config" / "settings.toml"
    path.parent.mkdir()
    path.write_text(WRITTEN, encoding="utf-8")
    return path


def test_a_changed_key_keeps_its_comment_and_all_the_rest(file: Path) -> None:
    settings = change_settings(file, {"risk.max_positions": 3, "options.min_dte": 28})
    assert (settings.risk.max_positions, settings.options.min_dte) == (3, 28)
    text = file.read_text(encoding="utf-8")
    assert text.startswith(WRITTEN.replace("= 4 ", "= 3 "))
    assert own_values(file) == {
        "risk.max_positions": 3,
        "broker.port": 4002,
        "options.min_dte": 28,
    }


def test_a_key_taken_out_has_its_default_again(file: Path) -> None:
    settings = change_settings(file, {"risk.max_positions": None, "exits.min_days_to_exit": None})
    assert settings.risk.max_positions == 5
    assert own_values(file) == {"broker.port": 4002}


def test_lists_and_truths_are_written_as_toml_has_them(tmp_path: Path) -> None:
    file = tmp_path / "new" / "settings.toml"
    change_settings(file, {"strategy.enabled": ["HIGH_BASE"], "exits.use_fibo_targets": False})
    assert own_values(file) == {
        "strategy.enabled": ["HIGH_BASE"],
        "exits.use_fibo_targets": False,
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"risk.max_positions": 0}, "risk.max_positions"),
        ({"options.min_dte": 60}, "options.min_dte = 60 is above"),
        ({"risk.luck": 1}, "unknown setting risk.luck"),
        ({"casino.chips": 1}, "unknown settings group"),
    ],
)
def test_what_a_start_would_refuse_is_not_written(
    file: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        change_settings(file, changes)
    assert file.read_text(encoding="utf-8") == WRITTEN
    assert [one.name for one in file.parent.iterdir()] == ["settings.toml"]


def test_a_file_that_is_no_toml_is_left_as_it_is(file: Path) -> None:
    file.write_text("[risk\n", encoding="utf-8")
    with pytest.raises(UserError, match="settings cannot be read"):
        change_settings(file, {"risk.max_positions": 3})
    assert file.read_text(encoding="utf-8") == "[risk\n"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(UserError, match="settings can"):
        change_settings(tmp_path / "config" / "settings.toml", {"risk.max_positions": 3})
