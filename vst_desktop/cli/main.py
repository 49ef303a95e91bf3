"""The ``vst`` command: parses, hands over to one module per command, turns errors into sentences.

Heavy imports stand inside the commands, so that ``vst --help`` answers at once.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from typing import Any

from vst_desktop.domain.errors import UserError

COMMANDS = (
    "gui",
    "demo",
    "sim",
    "scan",
    "select",
    "backtest",
    "optimize",
    "payoff",
    "bars",
    "bench",
    "journal",
    "replay",
    "orders",
    "run",
    "report",
    "alerts",
    "doctor",
    "update",
)
"""Each is the module of its name; one is loaded when it is asked for, all for the help."""


def build_parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser of these commands."""
    parser = argparse.ArgumentParser(
        prog="vst", description="Vertical Spread Trader Station. Without a command: the window."
    )
    parser.add_argument("--version", action="version", version=f"vst {_version()}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for command in commands:
        _module(command).add_parser(subparsers)
    return parser


def _module(command: str) -> Any:
    return import_module(f"vst_desktop.cli.{command}")


def _version() -> str:
    try:
        return metadata.version("vst-desktop")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 ok, 1 failed, 2 usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or (arguments[0].startswith("--") and arguments[0] in ("--profile",)):
        arguments.insert(0, "gui")
    known = arguments[0] in COMMANDS
    args = build_parser(arguments[:1] if known else COMMANDS).parse_args(arguments)
    try:
        code: int = _module(args.command).run(args)
        return code
    except UserError as error:
        print(f"vst {args.command}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 1
    except Exception as error:
        logging.getLogger(__name__).exception("vst %s failed", args.command)
        print(
            f"vst {args.command}: internal error: {type(error).__name__}: {error}; "
            "please report it with the log file",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
