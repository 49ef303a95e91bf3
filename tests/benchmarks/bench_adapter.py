"""The IBKR adapter under load: 10 000 ticks a second, and a chain of 2 000 listed contracts."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from types import ModuleType

# a dependency installs a package of the same name
tests = ModuleType("tests")
tests.__path__ = [str(Path(__file__).resolve().parents[1])]
sys.modules["tests"] = tests

from tests.helpers.adapter_load import load_chain, stream  # noqa: E402

SECS = 10.0


async def main() -> int:
    chain = await load_chain()
    print(
        f"chain: {chain.listed:,} listed, {chain.quoted} quoted, {chain.ranked} ranked spreads in "
        f"{chain.secs:.2f} s (at most 5); at most {chain.most_lines} lines (100) and "
        f"{chain.most_messages} messages in any second (45)"
    )
    ticks = await stream(SECS)
    print(
        f"ticks: {ticks.per_second:,.0f} a second for {SECS:g} s in {ticks.lines} lines: "
        f"{100 * ticks.share:.0f} % of a core (at most 40), {ticks.events_per_second:,.0f} quotes "
        f"told a second, {ticks.lag_ms:.0f} ms behind at the end, {ticks.unread} bytes unread"
    )
    return 0


if __name__ == "__main__":
    began = time.perf_counter()
    code = asyncio.run(main())
    print(f"{time.perf_counter() - began:.1f} s in all")
    sys.exit(code)
