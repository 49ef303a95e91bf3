"""``vst bench orders``: from the click on Approve to bytes on the socket, the intent durable.

The whole way is the real one: desk, limits, journal on disk, wire gate, IBKR adapter, a socket,
and the simulator in its own process. A relay between them, in a process of its own, notes when
each order passes: its count is what was sent.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from vst_desktop.cli.common import add_json_option, write_json
from vst_desktop.domain.errors import UserError

ORDERS = 1_000
PER_SECOND = 40.0
P99_LIMIT_MS = 10.0


def add_parser(names: Any) -> None:
    """Add the benchmark's arguments."""
    parser = names.add_parser("orders", help="approve click to bytes on the socket")
    parser.add_argument(
        "--orders", type=int, default=ORDERS, metavar="N", help=f"how many (default {ORDERS})"
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=PER_SECOND,
        metavar="N",
        help=f"approvals a second (default {PER_SECOND:g})",
    )
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Measure; 0 when it could and no order was lost or sent twice."""
    if args.orders < 1:
        raise UserError(f"--orders {args.orders} is below 1", exit_code=2)
    if not 1 <= args.rate <= 100:
        raise UserError(f"--rate {args.rate:g} is not from 1 to 100", exit_code=2)
    import asyncio

    from vst_desktop.cli.bench.order_rig import measure

    found = asyncio.run(measure(args.orders, args.rate))
    paced, whole = found.paced_ms, found.checked_ms
    p50, p99 = statistics.median(paced), _p99(paced)
    print(
        f"{found.orders:,} orders at {args.rate:g} a second, approve click to bytes on the socket "
        f"with the durable intent:\n  p50 {p50:.2f} ms  p99 {p99:.2f} ms  "
        f"worst {max(paced):.2f} ms   at most {P99_LIMIT_MS:g} at p99: "
        f"{'holds' if p99 < P99_LIMIT_MS else 'missed'}"
    )
    print("  quotes, account and book are at hand, as on a line that streams")
    print(
        f"{len(whole)} orders one after another that ask TWS for all of these first:\n"
        f"  p50 {statistics.median(whole):.2f} ms  p99 {_p99(whole):.2f} ms"
    )
    print(f"lost {found.lost}, sent twice {found.twice}, {found.commits:,} commits to disk")
    write_json(
        args.json,
        {
            "orders": found.orders,
            "lost": found.lost,
            "sent_twice": found.twice,
            "p50_ms": p50,
            "p99_ms": p99,
            "max_ms": max(paced),
            "per_second": args.rate,
            "seconds": found.seconds,
            "commits": found.commits,
            "asking_first": {
                "orders": len(whole),
                "p50_ms": statistics.median(whole),
                "p99_ms": _p99(whole),
            },
            "targets": [
                {"name": "p99_ms", "value": p99, "limit": P99_LIMIT_MS, "met": p99 < P99_LIMIT_MS}
            ],
        },
    )
    return 0 if found.lost == found.twice == 0 else 1


def _p99(times_ms: list[float]) -> float:
    return sorted(times_ms)[min(len(times_ms) - 1, int(0.99 * len(times_ms)))]
