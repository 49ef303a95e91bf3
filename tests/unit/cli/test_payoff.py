"""``vst payoff``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vst_desktop.cli.main import main
from vst_desktop.options.pricing import price

OWN = {
    "symbol": "xyz",
    "spot": "100",
    "right": "C",
    "strikes": "100/105",
    "expiration": "2024-04-19",
    "debit": "2.08",
    "volatility": "0.30,0.29",
    "on": "2024-03-12",
}


def run(*arguments: str, **own: str | None) -> int:
    given = {**OWN, **own} if own or not arguments or "--chain" not in arguments else {}
    parts = [part for k, v in given.items() if v is not None for part in (f"--{k}", v)]
    return main(["payoff", *parts, *arguments])


def result(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    out = tmp_path / "payoff.json"
    assert run(*arguments, "--json", str(out)) == 0
    told: dict[str, Any] = json.loads(out.read_text())
    return told


@pytest.fixture
def chain(tmp_path: Path) -> str:
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
            bid, ask = round(float(mid), 2) - 0.03, round(float(mid), 2) + 0.03
            rows.append(f"XYZ,2024-03-04,2024-04-10,{strike},{right},{bid:.2f},{ask:.2f},100")
    path = tmp_path / "XYZ_20240304.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


def test_the_json_holds_prices_and_a_line_for_each_date(tmp_path: Path) -> None:
    told = result(tmp_path, "--dates", "2024-03-12,2024-04-05")
    assert (told["symbol"], told["spread_type"]) == ("XYZ", "BULL_CALL")
    assert (told["max_loss_usd"], told["max_profit_usd"]) == (208, 292)
    assert told["breakeven"] == 102.08
    assert [line["date"] for line in told["lines"]] == ["2024-04-19", "2024-03-12", "2024-04-05"]
    assert [line["label"] for line in told["lines"]] == ["at expiration", "now", "05 Apr"]
    for line in told["lines"]:
        assert len(line["profit_usd"]) == len(told["prices"])
        assert line["profit_usd"] == sorted(line["profit_usd"])
    expiration = told["lines"][0]["profit_usd"]
    assert np.interp(103.08, told["prices"], expiration) == pytest.approx(100)


def test_dates_default_to_now_and_the_day_of_the_time_exit(tmp_path: Path) -> None:
    told = result(tmp_path)
    assert [line["date"] for line in told["lines"][1:]] == ["2024-03-12", "2024-04-05"]


def test_every_date_is_shown_at_every_volatility(tmp_path: Path) -> None:
    told = result(tmp_path, "--dates", "2024-03-12,2024-04-05", "--shifts=-0.05,0.1")
    assert [line["volatility_shift"] for line in told["lines"]] == [0, 0, -0.05, 0.1, 0, -0.05, 0.1]
    assert told["lines"][2]["label"] == "now, vol -5"


def test_a_put_spread_pays_below(tmp_path: Path) -> None:
    out = tmp_path / "put.json"
    assert run("--json", str(out), right="P", strikes="105/100") == 0
    told = json.loads(out.read_text())
    assert told["spread_type"] == "BEAR_PUT"
    assert told["breakeven"] == 102.92
    profits = told["lines"][0]["profit_usd"]
    assert profits == sorted(profits, reverse=True)


def test_the_quantity_multiplies_dollars_not_prices(tmp_path: Path) -> None:
    one, three = result(tmp_path), result(tmp_path, "--quantity", "3")
    assert three["prices"] == one["prices"]
    assert three["max_profit_usd"] == 3 * one["max_profit_usd"]
    assert three["lines"][1]["profit_usd"] == pytest.approx(
        [3 * value for value in one["lines"][1]["profit_usd"]]
    )


def test_a_ranked_spread_of_a_chain_is_drawn(chain: str, tmp_path: Path) -> None:
    out, image = tmp_path / "c.json", tmp_path / "c.png"
    arguments = ("--chain", chain, "--direction", "LONG")
    assert main(["payoff", *arguments, "--json", str(out), "--picture", str(image)]) == 0
    told = json.loads(out.read_text())
    assert main(["select", *arguments, "--json", str(tmp_path / "s.json")]) == 0
    best = json.loads((tmp_path / "s.json").read_text())["spreads"][0]
    for key in ("long_strike", "short_strike", "debit", "expiration", "long_iv"):
        assert told[key] == best[key]
    assert told["long_iv"] == pytest.approx(0.25, abs=0.01)
    assert image.read_bytes().startswith(b"\x89PNG")


def test_any_listed_pair_of_a_chain_is_drawn(chain: str, tmp_path: Path) -> None:
    out = tmp_path / "c.json"
    pair = ("--strikes", "118/119", "--expiration", "2024-04-10")
    arguments = ("--chain", chain, "--direction", "LONG", *pair, "--json", str(out))
    assert main(["payoff", *arguments]) == 0
    told = json.loads(out.read_text())
    assert (told["long_strike"], told["short_strike"]) == (118, 119)
    assert told["short_iv"] == pytest.approx(0.25, abs=0.02)


def test_the_table_names_the_prices_that_matter(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    shown = capsys.readouterr().out
    assert "XYZ bull call 100 / 105 C, 19 Apr 2024" in shown
    assert "now, bought" in shown and "breakeven" in shown and "sold" in shown
    assert "-0.00" not in shown


@pytest.mark.parametrize(
    ("changed", "more", "says"),
    [
        ({"strikes": "105/100"}, (), "are no debit spread"),
        ({"strikes": "100"}, (), "are not two"),
        ({"strikes": "100/x"}, (), "'x' is not a number above 0"),
        ({"debit": "5"}, (), "--debit 5 is not between 0 and the width 5"),
        ({"debit": "nan"}, (), "'nan' is not a number above 0"),
        ({"spot": "-1"}, (), "'-1' is not a number above 0"),
        ({"volatility": "0.3,0.3,0.3"}, (), "more than two values"),
        ({"volatility": "0"}, (), "'0' is not a number above 0"),
        ({"on": "2024-04-19"}, (), "not before the expiration"),
        ({"on": "soon"}, (), "'soon' is not a date"),
        ({"spot": None}, (), "without --chain, --spot is needed"),
        ({}, ("--dates", "2024-03-11"), "--dates 2024-03-11 is not from 2024-03-12"),
        ({}, ("--dates", "2024-04-20"), "is not from"),
        ({}, ("--shifts", "x"), "'x' is no change of the volatility"),
        ({}, ("--shifts", "5"), "'5' is no change"),
        ({}, ("--shifts", "0.1,0.2,0.3,0.4"), "11 lines are more than 9"),
        ({}, ("--quantity", "0"), "--quantity 0 is not from 1"),
        ({}, ("--picture", "x.gif"), "a picture cannot have the ending '.gif'"),
        ({}, ("--chain", "c.csv"), "--symbol does not go with --chain"),
    ],
)
def test_wrong_arguments_are_a_sentence_and_exit_code_2(
    changed: dict[str, str | None],
    more: tuple[str, ...],
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    parts = [p for k, v in {**OWN, **changed}.items() if v is not None for p in (f"--{k}", v)]
    # values with a sign must stand behind an equals sign
    joined = [f"{k}={v}" for k, v in zip(parts[::2], parts[1::2], strict=True)]
    assert main(["payoff", *joined, *more]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--direction", "LONG", "--rank", "999"), "spreads pass"),
        (("--direction", "LONG", "--rank", "0"), "spreads pass"),
        ((), "--direction is needed"),
        (("--direction", "LONG", "--strikes", "100/105"), "--strikes and --expiration go together"),
        (
            ("--direction", "LONG", "--strikes", "100/105", "--expiration", "2024-04-11"),
            "no expiration 2024-04-11",
        ),
        (
            ("--direction", "LONG", "--strikes", "100/105.5", "--expiration", "2024-04-10"),
            "no 105.5 C of 2024-04-10",
        ),
    ],
)
def test_what_a_chain_does_not_have_is_told(
    chain: str, arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["payoff", "--chain", chain, *arguments]) in (1, 2)
    assert says in capsys.readouterr().err
