"""What spreads cost and are worth: by the option model, by recorded chains, or flat.

Every model answers two questions: which spread a signal would buy, and what bought spreads are
worth on later bars. Prices in USD per share of the contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vst_desktop.backtest.panel import Floats, Ints, Panel
from vst_desktop.backtest.picking import Ask, Picks, modelled_legs, pick
from vst_desktop.backtest.rules import LabRules
from vst_desktop.options.contracts import STANDARD_MULTIPLIER
from vst_desktop.options.ladder import UNIT
from vst_desktop.options.pricing import DAYS_A_YEAR
from vst_desktop.options.rules import RULES

_LEAST = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """Spreads as arrays: strikes in USD of the contract's basis, levels in the bars'."""

    sign: Ints
    long_strike: Floats
    short_strike: Floats
    expiration: Ints
    scale: Floats
    debit: Floats
    entry: Floats
    stop: Floats
    target: Floats
    long_ratio: Floats
    short_ratio: Floats

    @property
    def width(self) -> Floats:
        """Strike distance."""
        return np.abs(self.short_strike - self.long_strike)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """A spread's market on some bars: a row a spread, a column a bar."""

    natural: Floats
    close: Floats
    long_mid: Floats
    short_mid: Floats

    def filled(self, improvement: float, *, buying: bool) -> Floats:
        """The price of an order that saves this share of the width against natural."""
        saved = improvement * (self.natural - self.close)
        return self.natural - saved if buying else self.close + saved

    @property
    def mid(self) -> Floats:
        """The middle of the spread's market."""
        middle: Floats = (self.natural + self.close) / 2
        return middle


class Pricing(Protocol):
    """Prices spreads. Nothing it says of a bar may rest on later ones."""

    @property
    def name(self) -> str:
        """As on the command line."""

    @property
    def listed(self) -> bool:
        """Whether its spreads have strikes and an expiration."""

    def picks(self, day: int, rows: Ints, signs: Ints) -> Picks:
        """The spread that each of these bars of one day would buy; fewer than asked is normal."""

    def worth(self, bought: Bought, rows: Ints, spot: Floats, known: Ints) -> Worth:
        """What spreads (rows) are worth on bars (columns).

        Args:
            bought: The spreads.
            rows: The bars.
            spot: The underlying's price on them, USD on the bars' basis.
            known: The bars whose volatility is known then.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Modelled:
    """Chains and prices of the option model (``surface``)."""

    panel: Panel
    rules: LabRules
    name: str = "modelled"
    listed: bool = True

    def picks(self, day: int, rows: Ints, signs: Ints) -> Picks:
        """By the rules of selection on modelled chains."""
        wanted, selection = Ask.of(self.panel, day, rows, signs), self.rules.selection
        return pick(modelled_legs(wanted, self.rules.surface, selection), selection)

    def worth(self, bought: Bought, rows: Ints, spot: Floats, known: Ints) -> Worth:
        """By the volatility known on each bar; strikes as far as a split moved them."""
        panel, surface = self.panel, self.rules.surface
        scale = bought.scale[:, None]
        years = np.maximum(bought.expiration[:, None] - panel.day[rows], 0) / DAYS_A_YEAR
        at_spot = surface.at_spot(panel.variance_short[known], panel.variance_long[known], years)
        sign = bought.sign[:, None].astype(np.float64)
        quotes = []
        for strikes, ratio in (
            (bought.long_strike, bought.long_ratio),
            (bought.short_strike, bought.short_ratio),
        ):
            strike = strikes[:, None] / scale
            moneyness = np.log(strike / spot)
            volatility = surface.at_strike(at_spot, moneyness, years) * ratio[:, None]
            price, _ = surface.value(sign, spot, strike, moneyness, years, volatility)
            bid, ask = surface.quotes(price, scale)
            quotes.append((bid / UNIT, ask / UNIT))
        (long_bid, long_ask), (short_bid, short_ask) = quotes
        width = bought.width[:, None]
        return Worth(
            natural=np.clip(long_ask - short_bid, 0.0, width),
            close=np.clip(long_bid - short_ask, 0.0, width),
            long_mid=(long_bid + long_ask) / 2,
            short_mid=(short_bid + short_ask) / 2,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """The owner's flat model: every spread costs ``avg_spread_cost`` and can win that times
    ``avg_reward_risk``.

    Its value follows the underlying in a straight line: nothing at the stop, everything at the
    target (or as many R away where there is none). It knows no time, no width and no volatility.
    """

    panel: Panel
    rules: LabRules
    name: str = "fixed"
    listed: bool = False

    def picks(self, day: int, rows: Ints, signs: Ints) -> Picks:
        """A spread for every bar, all alike."""
        debit = self.rules.avg_spread_cost / STANDARD_MULTIPLIER
        count, full = len(rows), np.full(len(rows), debit)
        dte = self.rules.selection.min_dte
        return Picks(
            unit=np.arange(count),
            expiration=np.full(count, day + dte),
            dte=np.full(count, dte),
            long_strike=np.zeros(count),
            short_strike=full * (1 + self.rules.avg_reward_risk),
            natural=full,
            close=full,
            long_mid=full,
            short_mid=full,
            delta=np.zeros(count),
            reward_risk=np.full(count, self.rules.avg_reward_risk),
            leg_cost=np.zeros(count),
            scale=np.ones(count),
            long_ratio=np.ones(count),
            short_ratio=np.ones(count),
            rejected=np.zeros(len(RULES), dtype=np.int64),
        )

    def worth(self, bought: Bought, rows: Ints, spot: Floats, known: Ints) -> Worth:
        """By how far the underlying has gone from the entry to the stop or the target."""
        risk = np.maximum(np.abs(bought.entry - bought.stop), _LEAST)
        no_target = ~np.isfinite(bought.target)
        gain = np.where(
            no_target, risk * self.rules.avg_reward_risk, np.abs(bought.target - bought.entry)
        )
        gain = np.maximum(gain, _LEAST)
        moved = bought.sign[:, None] * (spot - bought.entry[:, None])
        share = np.where(moved < 0, moved / risk[:, None], moved / gain[:, None])
        share = np.clip(share, -1.0, 1.0)
        debit, won = bought.debit[:, None], (bought.width - bought.debit)[:, None]
        value = debit + share * np.where(share < 0, debit, won)
        return Worth(natural=value, close=value, long_mid=value, short_mid=value)
