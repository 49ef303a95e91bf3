"""Option prices: how far from QuantLib over the whole random set, and how long beside its loop.

Black-Scholes, American without and with cash dividends, implied volatility. Takes about eight
minutes for 10 000 contracts, nearly all of it QuantLib's; name a smaller count for less.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from option_oracles import (
    Contracts,
    exercise_price,
    grid_price,
    random_contracts,
)

from vst_desktop.options.american import NO_DIVIDENDS, american_price
from vst_desktop.options.early_exercise import Effort
from vst_desktop.options.pricing import greeks, implied_volatility

COUNT = 10_000
REPEATS = 50


def main(count: int) -> int:
    plain = random_contracts(COUNT, cash=False)
    terms = plain.terms()
    made = greeks(**terms)
    print(f"Black-Scholes, {COUNT} with all Greeks: {_best_ms(lambda: greeks(**terms)):.2f} ms")
    volatility = terms.pop("volatility")
    took = _best_ms(lambda: implied_volatility(made.price, **terms))
    found = implied_volatility(made.price, **terms)
    error = np.abs(found.volatility - volatility)[made.vega > 1e-4].max()
    print(f"implied volatility, {COUNT}: {took:.1f} ms, largest error {error:.0e}")
    for cash, oracle in ((False, exercise_price), (True, grid_price)):
        _american(random_contracts(count, cash=cash), count, cash, oracle)
    return 0


def _american(
    contracts: Contracts, count: int, cash: bool, oracle: Callable[[Contracts, int], float]
) -> None:
    kind = "with cash dividends" if cash else "without cash dividends"
    start = time.process_time()
    theirs = np.array([oracle(contracts, n) for n in range(count)])
    loop = time.process_time() - start
    print(f"{kind}: QuantLib's loop {1e6 * loop / count:,.0f} us a contract")
    dividends = contracts.dividends() if cash else NO_DIVIDENDS
    for effort in Effort:
        start = time.process_time()
        mine = american_price(**contracts.terms(), dividends=dividends, effort=effort)
        took = time.process_time() - start
        error = np.abs(mine - theirs)
        print(
            f"  {effort.name}: {1e6 * took / count:,.0f} us a contract, {loop / took:,.0f} times "
            f"as fast; error median {np.median(error):.1e}, 99 % {np.quantile(error, 0.99):.1e}, "
            f"largest {error.max():.1e} USD"
        )


def _best_ms(call: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1_000 * min(times)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT))
