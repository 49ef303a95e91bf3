"""Second opinions on option prices: QuantLib, one contract at a time, over a seeded random set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import QuantLib as ql  # noqa: N813 its own documents call it so

from vst_desktop.options.early_exercise import CashDividends

QUARTER_DAYS = 91
_TODAY = ql.Date(1, 1, 2024)
_DAYS = ql.Actual365Fixed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """Random options on a stock at 100 USD; ex-dates in days, by row, one amount a contract."""

    call: np.ndarray
    strike: np.ndarray
    days: np.ndarray
    volatility: np.ndarray
    rate: np.ndarray
    dividend_yield: np.ndarray
    ex_days: np.ndarray
    usd: np.ndarray

    def terms(self, index: slice = slice(None)) -> dict[str, object]:
        """The arguments of our own functions."""
        return {
            "is_call": self.call[index],
            "spot": 100.0,
            "strike": self.strike[index],
            "years": self.days[index] / 365,
            "volatility": self.volatility[index],
            "rate": self.rate[index],
            "dividend_yield": self.dividend_yield[index],
        }

    def dividends(self, index: slice = slice(None)) -> CashDividends:
        """The cash dividends, for our own functions."""
        return CashDividends(years=self.ex_days[:, index] / 365, usd=self.usd[None, index])


def random_contracts(count: int, *, cash: bool, seed: int = 20_240_304) -> Contracts:
    """One day to two years, 5 to 100 %, half of the strikes within a third of the spot.

    Half of them pay a yield, or with ``cash`` all of them quarterly dividends and no yield.
    """
    g = np.random.default_rng(seed)
    days = g.integers(1, 731, count)
    first = g.integers(1, QUARTER_DAYS + 1, count)
    return Contracts(
        call=g.random(count) < 0.5,
        strike=np.round(g.uniform(60, 150, count), 1),
        days=days,
        volatility=g.uniform(0.05, 1.0, count),
        rate=g.uniform(0.0, 0.1, count),
        dividend_yield=np.zeros(count)
        if cash
        else g.uniform(0, 0.08, count) * (g.random(count) < 0.5),
        ex_days=first + QUARTER_DAYS * np.arange(9)[:, None],
        usd=g.uniform(0.1, 2.0, count),
    )


def exercise_price(contracts: Contracts, n: int, scheme: str = "highPrecision") -> float:
    """QuantLib's QdFp engine (L. Andersen, M. Lake and D. Offengenden): no cash dividends."""
    build = getattr(ql.QdFpAmericanEngine, f"{scheme}Scheme")
    return _price(contracts, n, lambda process: ql.QdFpAmericanEngine(process, build()))


def grid_price(contracts: Contracts, n: int, times: int = 400, prices: int = 800) -> float:
    """QuantLib's finite differences with cash dividends in the spot model."""
    expiry = int(contracts.days[n])
    ex_days = [int(day) for day in contracts.ex_days[:, n] if day < expiry]

    def engine(process: ql.BlackScholesMertonProcess) -> ql.PricingEngine:
        if not ex_days:
            return ql.FdBlackScholesVanillaEngine(process, times, prices)
        paid = ql.DividendVector(
            [_TODAY + day for day in ex_days], [float(contracts.usd[n])] * len(ex_days)
        )
        return ql.FdBlackScholesVanillaEngine(process, paid, times, prices)

    return _price(contracts, n, engine)


def _price(contracts: Contracts, n: int, engine: object) -> float:
    ql.Settings.instance().evaluationDate = _TODAY
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(100.0)),
        _flat(contracts.dividend_yield[n]),
        _flat(contracts.rate[n]),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(_TODAY, ql.NullCalendar(), float(contracts.volatility[n]), _DAYS)
        ),
    )
    kind = ql.Option.Call if contracts.call[n] else ql.Option.Put
    option = ql.VanillaOption(
        ql.PlainVanillaPayoff(kind, float(contracts.strike[n])),
        ql.AmericanExercise(_TODAY, _TODAY + int(contracts.days[n])),
    )
    option.setPricingEngine(engine(process))
    return float(option.NPV())


def _flat(rate: float) -> ql.YieldTermStructureHandle:
    return ql.YieldTermStructureHandle(ql.FlatForward(_TODAY, float(rate), _DAYS))
