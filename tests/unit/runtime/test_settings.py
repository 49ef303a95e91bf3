"""Settings: defaults, sources in order, and refusals that name key, value and range."""

from __future__ import annotations

from pathlib import Path

import pytest

from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.settings import load_settings


def test_defaults_are_the_specification() -> None:
    settings = load_settings(environment={})
    assert settings.options.min_dte == 30
    assert settings.options.max_dte == 45
    assert settings.risk.risk_per_trade == 0.02
    assert settings.strategy.atr_ratio_base == "zero"
    assert settings.execution.trading_mode == "DEMO"
    assert settings.exits.take_profit_pct_of_max is None


def test_command_line_beats_environment_beats_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[options]\nmin_dte = 20\nmax_dte = 50\nmin_delta = 0.25\n")
    environment = {"VST_OPTIONS__MIN_DTE": "21", "VST_OPTIONS__MAX_DTE": "51", "VST_HOME": "/x"}
    settings = load_settings(["min_dte=22"], file=file, environment=environment)
    options = settings.options
    assert (options.min_dte, options.max_dte, options.min_delta) == (22, 51, 0.25)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("min_dte=-4", ("min_dte", "-4", "greater than or equal to 0")),
        ("nonsense=1", ("nonsense",)),
        ("options.nonsense=1", ("options.nonsense",)),
        ("max_positions=abc", ("max_positions", "abc", "integer")),
        ("trading_mode=FOO", ("trading_mode", "FOO", "LIVE")),
        ("min_dte=90", ("min_dte", "max_dte", "45")),
        ("max_spread_cost=nan", ("max_spread_cost", "nan")),
        ("just_a_word", ("just_a_word", "key=value")),
    ],
)
def test_bad_override_is_refused_by_name_value_and_range(
    override: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(UserError) as caught:
        load_settings([override], environment={})
    assert caught.value.exit_code == 2
    for word in words:
        assert word.lower() in str(caught.value).lower()


def test_key_in_two_groups_needs_its_group() -> None:
    with pytest.raises(UserError, match=r"broker\.host or scanner\.host"):
        load_settings(["host=10.0.0.1"], environment={})
    assert load_settings(["scanner.host=box"], environment={}).scanner.host == "box"


def test_unknown_environment_key_is_refused() -> None:
    with pytest.raises(UserError, match="VST_RISK__MAX_LOSES"):
        load_settings(environment={"VST_RISK__MAX_LOSES": "1"})


def test_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[options\n")
    with pytest.raises(UserError, match=r"settings\.toml"):
        load_settings(file=file, environment={})
