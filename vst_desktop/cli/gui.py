"""``vst gui``: the window."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from vst_desktop.cli.common import add_settings_option
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.heap import loading


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("gui", help="the window (default command)")
    parser.add_argument(
        "--profile",
        choices=("demo", "paper", "live"),
        help="which broker to use (default: execution.trading_mode, DEMO)",
    )
    parser.add_argument(
        "--reset-layout", action="store_true", help="start with the window's layout as it comes"
    )
    parser.add_argument(
        "--safe-mode",
        action="store_true",
        help="start without your settings file and layout; neither is changed",
    )
    add_settings_option(parser)


def run(args: argparse.Namespace) -> int:
    """Open the window and run until it is closed."""
    require_display()
    with loading():
        from vst_desktop.bootstrap import open_window, profile_settings

        settings = profile_settings(args.profile, args.overrides, own=not args.safe_mode)
    return open_window(
        settings,
        fresh_layout=args.reset_layout,
        keeps_layout=not args.safe_mode,
        # who says how to start needs no first steps
        first_steps=args.profile is None and not args.safe_mode,
    )


def require_display() -> None:
    """Refuse to start a window where there is no screen.

    Raises:
        UserError: Neither X11 nor Wayland is there and no other Qt platform was chosen.
    """
    if not has_display():
        raise UserError(
            "no display was found",
            remedy="set DISPLAY or WAYLAND_DISPLAY, or use 'vst demo --headless'",
        )


def has_display() -> bool:
    """Whether a window can be shown: a screen server, or a Qt platform chosen on purpose."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
