"""``vst update``: is there a newer version? Asks a signed manifest; installs nothing."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from vst_desktop.cli.common import add_json_option, add_settings_option, write_json


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "update", help="is there a newer version? (off unless updates.check; installs nothing)"
    )
    add_json_option(parser)
    add_settings_option(parser)


def run(args: argparse.Namespace) -> int:
    """Ask at most once a day; 0 with the answer, also when there is nothing new."""
    from vst_desktop.bootstrap import profile_settings
    from vst_desktop.bootstrap.updates import own_version, update_checker

    settings = profile_settings(None, args.overrides)
    checker = update_checker(settings)
    now = datetime.now(UTC)
    result: dict[str, Any] = {"version": own_version(), "newer": None, "page": None}
    if checker is None:
        print("updates are not looked for: set updates.check to true to allow one question a day")
    elif not checker.due(now):
        print("asked less than a day ago")
    else:
        found = checker.ask(now)
        if found.newer_than(own_version()):
            result |= {"newer": found.version, "page": found.page}
            print(f"vst {found.version} is out; this is {own_version()}: {found.page}")
        else:
            print(f"vst {own_version()} is the newest")
    write_json(args.json, result)
    return 0
