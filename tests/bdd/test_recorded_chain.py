"""features/recorded_chain.feature."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from vst_desktop.cli.main import main

RATE = 0.04
EARLY_EXERCISE_DELTA = 0.03
"""How far an American delta may lie from the European one of the same price, at these terms."""

scenarios("recorded_chain.feature")

Key = tuple[date, float, str]


@dataclass
class Recorded:
    """A recorded chain, and what ``vst select`` says of it."""

    file: Path
    day: date
    out: Path
    options: list[str] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = pq.read_table(self.file).to_pylist()
        self.spot = float(rows[0]["underlying_close"])
        self.rows: dict[Key, dict[str, Any]] = {
            (row["expiry"], float(row["strike"]), row["right"]): row for row in rows
        }

    @property
    def spreads(self) -> list[dict[str, Any]]:
        spreads: list[dict[str, Any]] = self.result["spreads"]
        return spreads

    def leg(self, spread: dict[str, Any], which: str) -> dict[str, Any]:
        expiration = date.fromisoformat(spread["expiration"])
        return self.rows[expiration, float(spread[f"{which}_strike"]), spread["right"]]


@pytest.fixture
def held() -> dict[str, Recorded]:
    return {}


@pytest.fixture
def recorded(held: dict[str, Recorded]) -> Recorded:
    return held["chain"]


@given(parsers.parse("the AAPL chain recorded on {day}"))
def chain(held: dict[str, Recorded], data_dir: Path, tmp_path: Path, day: str) -> None:
    file = data_dir / "chains" / f"AAPL_{day.replace('-', '')}.parquet"
    held["chain"] = Recorded(file, date.fromisoformat(day), tmp_path / "select.json")


@given(parsers.parse("a file that says AAPL tells its earnings on {day} before the open"))
def earnings(recorded: Recorded, tmp_path: Path, day: str) -> None:
    file = tmp_path / "events.csv"
    file.write_text(f"symbol,event,date,time\nAAPL,earnings,{day},before_open\n")
    recorded.options += ["--events", str(file)]


@when(parsers.parse("its spreads are selected for a {direction} signal"))
def select(recorded: Recorded, direction: str) -> None:
    arguments = ["--chain", str(recorded.file), "--direction", direction, *recorded.options]
    assert main(["select", *arguments, "--json", str(recorded.out)]) == 0
    recorded.result = json.loads(recorded.out.read_text())


@then(parsers.re(r"every spread is a (?P<spread_type>BULL_CALL|BEAR_PUT)"))
def all_of_type(recorded: Recorded, spread_type: str) -> None:
    assert recorded.spreads
    for spread in recorded.spreads:
        assert spread["spread_type"] == spread_type
        assert spread["right"] == ("C" if spread_type == "BULL_CALL" else "P")
        bought_below_sold = spread["long_strike"] < spread["short_strike"]
        assert bought_below_sold is (spread_type == "BULL_CALL")


@then(
    parsers.parse(
        "every spread costs at most {usd:d} USD and pays at least {ratio:f} times its risk"
    )
)
def cheap_enough(recorded: Recorded, usd: int, ratio: float) -> None:
    for spread in recorded.spreads:
        width = abs(spread["long_strike"] - spread["short_strike"])
        assert 0 < 100 * spread["debit"] <= usd
        assert (width - spread["debit"]) / spread["debit"] >= ratio - 1e-9


@then(parsers.parse("every spread has a delta from {least:f} to {most:f}"))
def delta_within(recorded: Recorded, least: float, most: float) -> None:
    for spread in recorded.spreads:
        assert least <= spread["delta"] <= most
        own = abs(_delta(recorded, spread, "long") - _delta(recorded, spread, "short"))
        assert own == pytest.approx(spread["delta"], abs=EARLY_EXERCISE_DELTA)


@then(parsers.parse("every spread expires in {least:d} to {most:d} days"))
def expires(recorded: Recorded, least: int, most: int) -> None:
    for spread in recorded.spreads:
        days = (date.fromisoformat(spread["expiration"]) - recorded.day).days
        assert least <= days == spread["dte"] <= most


@then("the debits are the recorded ask of the bought leg less the recorded bid of the sold leg")
def debits(recorded: Recorded) -> None:
    for spread in recorded.spreads:
        bought, sold = recorded.leg(spread, "long"), recorded.leg(spread, "short")
        assert spread["debit"] == pytest.approx(bought["ask"] - sold["bid"])
        assert spread["max_loss_usd"] == pytest.approx(100 * spread["debit"])


@then("the best reward for the risk stands first")
def ranked(recorded: Recorded) -> None:
    ratios = [spread["reward_risk"] for spread in recorded.spreads]
    assert ratios == sorted(ratios, reverse=True)


@then("no listed spread breaks a limit")
def no_limit_broken(recorded: Recorded) -> None:
    cheap_enough(recorded, 500, 1.5)
    delta_within(recorded, 0.30, 0.50)
    expires(recorded, 30, 45)
    result = recorded.result
    assert result["considered"] == len(recorded.spreads) + sum(result["rejected"].values()) > 0


@then("the split is explained")
def split(recorded: Recorded) -> None:
    assert any("looks like a split" in note for note in recorded.result["notes"])


@then(parsers.parse("the spreads that are held on {day} are denied and say why"))
def denied(recorded: Recorded, day: str) -> None:
    over = [spread for spread in recorded.spreads if _held_on(spread, date.fromisoformat(day))]
    assert over
    for spread in over:
        assert spread["denied"].startswith(f"EVENT: earnings on {day} before the open")
        assert spread["earnings"][0]["date"] == day


@then("the others are not")
def not_denied(recorded: Recorded) -> None:
    others = [spread for spread in recorded.spreads if not spread["earnings"]]
    assert others
    assert {spread["denied"] for spread in others} == {None}


def _held_on(spread: dict[str, Any], day: date) -> bool:
    """By the time exit: 14 days before expiration."""
    return day <= date.fromisoformat(spread["expiration"]) - timedelta(days=14)


def _delta(recorded: Recorded, spread: dict[str, Any], which: str) -> float:
    """Black and Scholes' delta at the volatility that the recorded mid implies, by bisection."""
    row = recorded.leg(spread, which)
    years = (row["expiry"] - recorded.day).days / 365
    mid, strike = (row["bid"] + row["ask"]) / 2, float(row["strike"])
    sign = 1 if spread["right"] == "C" else -1
    low, high = 1e-3, 5.0
    for _ in range(80):
        volatility = (low + high) / 2
        d1 = (math.log(recorded.spot / strike) + (RATE + volatility**2 / 2) * years) / (
            volatility * math.sqrt(years)
        )
        d2 = d1 - volatility * math.sqrt(years)
        value = sign * (
            recorded.spot * _normal(sign * d1)
            - strike * math.exp(-RATE * years) * _normal(sign * d2)
        )
        low, high = (low, volatility) if value > mid else (volatility, high)
    return sign * _normal(sign * d1)


def _normal(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2
