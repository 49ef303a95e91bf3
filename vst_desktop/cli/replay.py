"""``vst replay``: the story of one order, from the journal alone."""

from __future__ import annotations

import argparse
from typing import Any

from vst_desktop.cli.common import add_json_option, write_json
from vst_desktop.cli.journal import add_file_options, journal_path
from vst_desktop.domain.errors import UserError


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("replay", help="the story of one order")
    parser.add_argument(
        "--order", required=True, metavar="REF", help="its reference, as orders and TWS show it"
    )
    add_file_options(parser)
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Tell it; 1 when the journal knows no such order."""
    from vst_desktop.adapters.sqlite.reading import read_events
    from vst_desktop.execution.story import clock, story

    path = journal_path(args)
    lines = story(read_events(path), args.order)
    if not lines:
        raise UserError(
            f"there is no order {args.order!r}",
            where=str(path),
            remedy="vst journal show names the orders; --profile chooses another journal",
        )
    order = None
    for line in lines:
        if line.order != order:
            order = line.order
            print(order)
        print(f"  {clock(line.time)}  {line.text}")
    write_json(
        args.json,
        {
            "order": args.order,
            "file": str(path),
            "story": [
                {"time": line.time, "order": line.order, "text": line.text} for line in lines
            ],
        },
    )
    return 0
