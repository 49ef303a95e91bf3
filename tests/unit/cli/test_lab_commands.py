from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.lab_bars import walks
from vst_desktop.cli.main import main

SPAN = ("--start", "2019-01-02", "--end", "2019-06-28")


@pytest.fixture
def bars(tmp_path: Path) -> str:
    frames = [
        pd.DataFrame(
            {
                "symbol": one.symbol,
                "date": one.time.astype("datetime64[D]"),
                "open": one.open,
                "high": one.high,
                "low": one.low,
                "close": one.close,
                "volume": one.volume,
            }
        )
        for one in walks(2)
    ]
    path = tmp_path / "bars.parquet"
    pd.concat(frames).to_parquet(path)
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("backtest", "--start", "2020-01-01", "--end", "2019-01-01"), "lies after"),
        (("backtest", "--start", "2030-01-01", "--end", "2030-02-01"), "the bars go from"),
        (("backtest", *SPAN, "--pricing", "recorded"), "needs chain files"),
        (("backtest", *SPAN, "--strategies", "NONE_SUCH"), "unknown strategy"),
        (("backtest", *SPAN, "--set", "rank_by=plan_value"), "does not rank by plan_value"),
        (("optimize", *SPAN, "--vary", "nonsense=1,2"), "unknown setting"),
        (("optimize", *SPAN, "--vary", "stop_loss_atr_mult=-1"), "is refused"),
        (("optimize", *SPAN, "--vary", "stop_loss_atr_mult=2:1:1"), "names no values"),
        (
            ("optimize", *SPAN, "--vary", "max_dte=45", "--vary", "max_dte=50"),
            "names max_dte twice",
        ),
        (("optimize", *SPAN, "--folds", "0"), "--folds 0 is below 1"),
    ],
)
def test_what_cannot_be_played_is_said_in_a_sentence(
    arguments: tuple[str, ...], said: str, bars: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command, *rest = arguments

    assert main([command, "--bars", bars, *rest]) in (1, 2)
    error = capsys.readouterr().err
    assert said in error
    assert "internal error" not in error


def test_a_backtest_writes_the_same_bytes_again(bars: str, tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    for path in (first, second):
        assert main(["backtest", "--bars", bars, *SPAN, "--json", str(path)]) == 0

    assert first.read_bytes() == second.read_bytes()
    found = json.loads(first.read_text())
    keys = {"pricing", "metrics", "gates", "per_strategy", "per_symbol", "trades", "equity"}
    assert keys <= found.keys()
    assert len(found["gates"]) == 5
    assert found["equity"][-1]["date"] == "2019-06-28"


def test_a_search_shows_of_each_set_what_a_backtest_with_it_gives(
    bars: str, tmp_path: Path
) -> None:
    out, alone = tmp_path / "o.json", tmp_path / "b.json"
    vary = ("--vary", "stop_loss_atr_mult=1.5,3", "--workers", "1", "--folds", "2")
    assert main(["optimize", "--bars", bars, *SPAN, *vary, "--json", str(out)]) == 0
    setting = ("--set", "stop_loss_atr_mult=3")
    assert main(["backtest", "--bars", bars, *SPAN, *setting, "--json", str(alone)]) == 0

    sets = json.loads(out.read_text())["sets"]
    assert [one["parameters"] for one in sets] == [
        {"stop_loss_atr_mult": "1.5"},
        {"stop_loss_atr_mult": "3"},
    ]
    assert sets[1]["metrics"] == json.loads(alone.read_text())["metrics"]
