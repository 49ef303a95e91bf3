"""vst select beyond the ranking, on a made chain and on the recorded one."""

import json
from datetime import date, timedelta

import numpy as np
import pytest

from vst_desktop.cli.main import main
from vst_desktop.options.pricing import price

DAY = date(2024, 3, 4)


@pytest.fixture
def chain_file(tmp_path):
    rows = ["symbol,quote_date,expiry,strike,right,bid,ask,underlying_close"]
    for strike in range(80, 121):
        for right in "CP":
            mid = price(
                is_call=right == "C",
                spot=100,
                strike=strike,
                years=37 / 365,
                volatility=0.25,
                rate=0.04,
            )[0]
            quote = f"{mid - 0.03:.2f},{mid + 0.03:.2f}"
            rows.append(f"XYZ,{DAY},2024-04-10,{strike},{right},{quote},100")
    path = tmp_path / "XYZ_20240304.csv"
    path.write_text("\n".join(rows) + "\n")
    return str(path)


@pytest.fixture
def bars_file(tmp_path):
    """Three years of daily bars that end on the chain's day at half its price."""
    g = np.random.default_rng(11)
    close = np.exp(np.cumsum(g.standard_normal(750) * 0.015))
    close *= 50 / close[-1]
    rows = ["symbol,date,open,high,low,close,volume"]
    for n, value in enumerate(close):
        day = DAY - timedelta(days=749 - n)
        rows.append(
            f"XYZ,{day},{value:.4f},{value * 1.01:.4f},{value * 0.99:.4f},{value:.4f},1000000"
        )
    path = tmp_path / "bars.csv"
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def _select(chain_file, tmp_path, *arguments):
    out = tmp_path / "out.json"
    command = ["select", "--chain", chain_file, "--direction", "LONG", "--json", str(out)]
    assert main([*command, *arguments]) == 0
    return json.loads(out.read_text())


def test_every_spread_has_its_figures_and_the_answer_says_what_would_pass(
    chain_file, tmp_path, capsys
):
    found = _select(chain_file, tmp_path)
    for spread in found["spreads"]:
        figures = spread["figures"]
        assert figures["net_max_loss_usd"] == pytest.approx(spread["max_loss_usd"] + 1.30)
        assert figures["cost_implied_usd"] < 0
        low, high = spread["probability_low"], spread["probability_high"]
        assert low <= spread["probability_of_profit"] <= high
        assert "plan" not in spread
    counts = [change["admitted"] for change in found["what_if"]["changes"]]
    assert counts and counts == sorted(counts, reverse=True)
    assert found["what_if"]["near_misses"]
    assert "what would pass if" in capsys.readouterr().out


def test_with_bars_every_spread_has_its_plan_played_out(chain_file, bars_file, tmp_path, capsys):
    found = _select(chain_file, tmp_path, "--bars", bars_file, "--strategy", "HIGH_BASE")
    assert any("multiplied by 2" in note for note in found["notes"])
    plan = found["spreads"][0]["plan"]
    assert plan["exit_by"] == "2024-03-27"
    implied, history = plan["odds"]
    assert (implied["distribution"], history["distribution"]) == ("implied", "history")
    assert implied["cost_usd"] < 0 and "mean_usd" in history and "mean_usd" not in implied
    for odds in plan["odds"]:
        assert sum(odds[end]["chance"] for end in ("target", "stop", "time")) == pytest.approx(1)
    names = [level["name"] for level in plan["levels"]]
    assert names == ["stop", "target_fibo", "target_r", "target_atr"]
    stop = plan["levels"][0]
    assert 0 < stop["touch"] < 1
    assert [moment["date"] for moment in stop["profit_usd"]][0::2] == [str(DAY), "2024-03-27"]
    assert plan["history_at_expiration"]["apart"] == (750 - 26) // 26
    assert plan["volatility_rank"]["of"].startswith("realised")
    assert "implied, 20,480 paths: target" in capsys.readouterr().out


def test_ranking_by_plan_value_with_bars(chain_file, bars_file, tmp_path):
    found = _select(chain_file, tmp_path, "--bars", bars_file, "--set", "rank_by=plan_value")
    values = [
        s["plan"]["odds"][0]["cost_usd"] / -s["plan"]["odds"][0]["worst_usd"]
        for s in found["spreads"]
    ]
    assert len(values) > 3 and values == sorted(values, reverse=True)
    assert any("plan's value" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        ("2024-04-10:100/107", ": passes\n"),
        ("2024-04-10:100/102", "rejected: reward/risk 1.08 < 1.50"),
        ("2024-04-10:105/100", "no pair: the short strike must lie above the long one"),
        ("2024-05-17:100/105", "no pair: 74 days to expiration, allowed 30 to 45"),
    ],
)
def test_a_pair_is_explained(chain_file, capsys, pair, text):
    assert main(["select", "--chain", chain_file, "--direction", "LONG", "--pair", pair]) == 0
    assert text in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--pair", "100/105"],
        ["--pair", "2024-04-10:100"],
        ["--strategy", "HIGH_BASE"],
    ],
)
def test_wrong_arguments_are_usage_errors(chain_file, capsys, arguments):
    assert main(["select", "--chain", chain_file, "--direction", "LONG", *arguments]) == 2
    assert capsys.readouterr().err.startswith("vst select: ")


def test_bars_that_end_before_the_chain_are_refused(chain_file, tmp_path, capsys):
    path = tmp_path / "old.csv"
    path.write_text("symbol,date,open,high,low,close,volume\nXYZ,2023-01-03,1,1,1,1,1\n")
    command = ["select", "--chain", chain_file, "--direction", "LONG", "--bars", str(path)]
    assert main(command) == 1
    assert "2023-01-03" in capsys.readouterr().err
