"""``vst alerts``: which channels are there, a test message, where their addresses are kept."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from typing import TYPE_CHECKING, Any

from vst_desktop.cli.common import add_json_option, add_settings_option, write_json
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.adapters.notify.channel import AppriseChannel

TITLE = "[INFO] Test of the alert channels"
BODY = "Nothing happened: the trader asked for it."
HEARTBEAT_NAME = "heartbeat"


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("alerts", help="alert channels: which, a test, their addresses")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("channels", help="which are configured")
    test = actions.add_parser("test", help="send a test message; 1 when one was not delivered")
    test.add_argument("--channel", metavar="NAME", help="this one alone")
    store = actions.add_parser(
        "store", help="keep a channel's address, read from the terminal, in the OS keyring"
    )
    store.add_argument("name", help=f"email, slack, sms, one of more_channels, {HEARTBEAT_NAME}")
    for action in (actions.choices["channels"], test):
        add_json_option(action)
    for action in (actions.choices["channels"], test, store):
        add_settings_option(action)


def run(args: argparse.Namespace) -> int:
    """Run one action."""
    if args.action == "store":
        return _store(args)
    from vst_desktop.bootstrap import profile_settings
    from vst_desktop.bootstrap.channels import alert_channels

    settings = profile_settings(None, args.overrides).alerts
    channels, _ = asyncio.run(alert_channels(settings))
    if args.action == "channels":
        return _list(channels, args.json)
    if args.channel is not None:
        channels = [one for one in channels if one.name == args.channel]
        if not channels:
            raise UserError(
                f"there is no channel {args.channel!r}",
                remedy=f"use one of {', '.join(settings.channels) or 'none: all are off'}",
                exit_code=2,
            )
    return _test(channels, args.json)


def _list(channels: list[AppriseChannel], json_file: str | None) -> int:
    from vst_desktop.adapters.notify.channel import secret_name
    from vst_desktop.runtime.secrets import ENV_PREFIX

    for one in channels:
        name = secret_name(one.name)
        where = f"vst alerts store {one.name}, or {ENV_PREFIX}{name.upper()}_FILE"
        print(f"{one.name:<12}{'configured' if one.configured else f'not configured: {where}'}")
    write_json(json_file, {"channels": [_keys(one) for one in channels]})
    return 0


def _keys(channel: AppriseChannel) -> dict[str, Any]:
    return {"name": channel.name, "configured": channel.configured}


def _test(channels: list[AppriseChannel], json_file: str | None) -> int:
    from vst_desktop.ports.notifier import DeliveryError

    async def one(channel: AppriseChannel) -> str:
        if not channel.configured:
            return "not configured"
        try:
            await channel.send(TITLE, BODY)
        except DeliveryError as error:
            return f"failed: {error}"
        return "sent"

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(one(channel) for channel in channels))

    told = asyncio.run(all_of_them())
    for channel, outcome in zip(channels, told, strict=True):
        print(f"{channel.name:<12}{outcome}")
    write_json(
        json_file,
        {"channels": [{**_keys(c), "outcome": o} for c, o in zip(channels, told, strict=True)]},
    )
    return 1 if any(outcome.startswith("failed") for outcome in told) else 0


def _store(args: argparse.Namespace) -> int:
    from vst_desktop.adapters.notify.beacon import HEARTBEAT, HttpBeacon
    from vst_desktop.adapters.notify.channel import check_address, secret_name
    from vst_desktop.bootstrap import profile_settings
    from vst_desktop.runtime.secrets import store_secret

    known = profile_settings(None, args.overrides).alerts.channels
    if args.name not in (*known, HEARTBEAT_NAME):
        raise UserError(
            f"there is no channel {args.name!r}",
            remedy="name it in alerts.more_channels",
            exit_code=2,
        )
    if sys.stdin.isatty():
        url = getpass.getpass(f"address of {args.name} (not shown): ").strip()
    else:
        url = sys.stdin.readline().strip()
    if args.name == HEARTBEAT_NAME:
        HttpBeacon(url)
        store_secret(HEARTBEAT, url)
    else:
        check_address(url)
        store_secret(secret_name(args.name), url)
    print(f"{args.name}: kept in the keyring")
    return 0
