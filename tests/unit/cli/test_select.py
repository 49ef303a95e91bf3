import argparse
import json

import pytest

from vst_desktop.cli import select
from vst_desktop.domain.errors import UserError
from vst_desktop.options.pricing import price

KEYS = {
    "symbol", "strategy", "direction", "spread_type", "expiration", "dte", "right", "long_strike",
    "short_strike", "debit", "max_loss_usd", "max_profit_usd", "reward_risk", "delta", "breakeven",
    "contracts", "denied",
}  # fmt: skip
HEADER = "symbol,quote_date,expiry,strike,right,bid,ask,underlying_close"


def _run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    select.add_parser(parser.add_subparsers())
    return select.run(parser.parse_args(["select", *arguments]))


@pytest.fixture
def chain_file(tmp_path):
    rows = [HEADER]
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
            mid = round(float(mid), 2)
            rows.append(
                f"XYZ,2024-03-04,2024-04-10,{strike},{right},{mid - 0.03:.2f},{mid + 0.03:.2f},100"
            )
    path = tmp_path / "XYZ_20240304.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("direction", "kind", "right"), [("LONG", "BULL_CALL", "C"), ("SHORT", "BEAR_PUT", "P")]
)
def test_json_holds_the_ranking_and_counts_that_add_up(
    chain_file, tmp_path, direction, kind, right
):
    out = tmp_path / "c.json"
    assert _run("--chain", str(chain_file), "--direction", direction, "--json", str(out)) == 0
    result = json.loads(out.read_text())
    assert result["considered"] == len(result["spreads"]) + sum(result["rejected"].values())
    assert result["considered"] == 41 * 40 // 2
    assert result["spreads"]
    for spread in result["spreads"]:
        assert set(spread) >= KEYS
        assert (spread["spread_type"], spread["right"]) == (kind, right)
        assert spread["strategy"] is spread["contracts"] is spread["denied"] is None
        assert isinstance(spread["debit"], float | int)
        assert spread["expiration"] == "2024-04-10"
        assert spread["max_loss_usd"] == pytest.approx(100 * spread["debit"])
    ranks = [s["reward_risk"] for s in result["spreads"]]
    assert ranks == sorted(ranks, reverse=True)


def test_the_table_shows_counts_notes_and_the_best_spread(chain_file, capsys):
    assert _run("--chain", str(chain_file), "--direction", "long") == 0
    shown = capsys.readouterr().out
    assert "820 pairs considered" in shown
    assert "reward_risk" in shown and "rejected" in shown
    assert "open_interest not checked" in shown
    assert "  1 2024-04-10   37" in shown


def test_no_spread_is_a_normal_answer(chain_file, tmp_path, capsys):
    out = tmp_path / "c.json"
    code = _run(
        "--chain", str(chain_file), "--direction", "LONG", "--set", "max_spread_cost=1",
        "--json", str(out),
    )  # fmt: skip
    assert code == 0
    assert "no spread passes" in capsys.readouterr().out
    result = json.loads(out.read_text())
    assert result["spreads"] == [] and sum(result["rejected"].values()) == 820


def test_settings_change_the_filters(chain_file, tmp_path):
    out = tmp_path / "c.json"
    _run("--chain", str(chain_file), "--direction", "LONG", "--set", "min_reward_risk=2.0",
         "--json", str(out))  # fmt: skip
    assert all(s["reward_risk"] >= 2 for s in json.loads(out.read_text())["spreads"])


@pytest.mark.parametrize("override", ["min_dte=-4", "nonsense=1", "rank_by=plan_value"])
def test_a_wrong_setting_is_a_usage_error(chain_file, override):
    with pytest.raises(UserError) as caught:
        _run("--chain", str(chain_file), "--direction", "LONG", "--set", override)
    assert caught.value.exit_code == 2


def test_an_unknown_direction_is_a_usage_error(chain_file, capsys):
    with pytest.raises(SystemExit) as caught:
        _run("--chain", str(chain_file), "--direction", "UP")
    assert caught.value.code == 2
    assert "UP" in capsys.readouterr().err


def test_a_missing_chain_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        _run("--chain", str(tmp_path / "none.parquet"), "--direction", "LONG")


@pytest.mark.parametrize(
    ("day", "ratio", "when"), [("20140606", "7", "before"), ("20140609", "1/7", "after")]
)
def test_the_split_between_two_recorded_chains_is_explained(
    data_dir, tmp_path, capsys, day, ratio, when
):
    out = tmp_path / "c.json"
    chain = data_dir / "chains" / f"AAPL_{day}.parquet"
    assert _run("--chain", str(chain), "--direction", "LONG", "--json", str(out)) == 0
    told = f"ratio {ratio} looks like a split; these strikes are from {when} it"
    assert told in capsys.readouterr().out
    assert any(told in note for note in json.loads(out.read_text())["notes"])


def test_a_chain_whose_quotes_imply_another_price_says_so(chain_file, tmp_path, capsys):
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(chain_file.read_text().replace(",100\n", ",90\n"), encoding="utf-8")
    assert _run("--chain", str(wrong), "--direction", "LONG") == 0
    assert "its source says 90.00: +11.1 %" in capsys.readouterr().out


def _with_events(chain_file, tmp_path, text, *arguments):
    file, out = tmp_path / "events.csv", tmp_path / "e.json"
    file.write_text("symbol,event,date,time,amount\n" + text, encoding="utf-8")
    _run("--chain", str(chain_file), "--direction", "LONG", "--json", str(out),
         "--events", str(file), *arguments)  # fmt: skip
    return json.loads(out.read_text())


def test_earnings_before_the_time_exit_deny_the_spreads_and_keep_them_in_the_list(
    chain_file, tmp_path
):
    text = "XYZ,earnings,2024-03-20,before_open\nXYZ,ex_dividend,none\n"
    result = _with_events(chain_file, tmp_path, text)
    assert result["spreads"]
    for spread in result["spreads"]:
        assert spread["denied"].startswith("EVENT: earnings on 2024-03-20 before the open")
        assert spread["earnings"] == [
            {"date": "2024-03-20", "time": "before_open", "amount": None, "confirmed": True}
        ]
        assert spread["ex_dividends"] == []
    warned = _with_events(chain_file, tmp_path, text, "--set", "earnings_policy=warn")
    assert [s["denied"] for s in warned["spreads"]] == [None] * len(result["spreads"])
    assert any("earnings on 2024-03-20" in note for note in warned["notes"])


def test_without_a_file_events_are_null_and_said_to_be_unknown(chain_file, tmp_path):
    out = tmp_path / "u.json"
    _run("--chain", str(chain_file), "--direction", "LONG", "--json", str(out))
    result = json.loads(out.read_text())
    assert {"earnings unknown", "ex-dividend date unknown"} <= set(result["notes"])
    assert result["spreads"][0]["earnings"] is None
    assert result["spreads"][0]["denied"] is None


def test_a_dividend_ahead_lowers_the_computed_delta_of_calls(chain_file, tmp_path):
    plain = _with_events(chain_file, tmp_path, "XYZ,ex_dividend,none\n")
    paying = _with_events(chain_file, tmp_path, "XYZ,ex_dividend,2024-03-18,,3\n")
    assert plain["spreads"] != paying["spreads"]
    assert any("the short call may be exercised early" in note for note in paying["notes"])


def test_lines_of_the_events_file_that_cannot_be_read_are_named(chain_file, tmp_path, capsys):
    _with_events(chain_file, tmp_path, "ABC,earnings,soon\n")
    assert "note: line 2 of " in capsys.readouterr().out


def test_a_pair_is_explained_with_what_its_events_say(chain_file, tmp_path, capsys):
    text = "XYZ,earnings,2024-03-20\nXYZ,ex_dividend,2024-03-18,,0.5\n"
    pair = ("--pair", "2024-04-10:100/106")
    told = _with_events(chain_file, tmp_path, text, *pair)
    assert told["considered"]
    assert told["denied"].startswith("EVENT: earnings on 2024-03-20")
    assert told["ex_dividends"][0]["amount"] == 0.5
    shown = capsys.readouterr().out
    assert "  denied: earnings on 2024-03-20" in shown
    assert "the short call may be exercised early" in shown
