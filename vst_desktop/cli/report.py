"""``vst report``: the performance of the last run, and what a supporter needs, without secrets."""

from __future__ import annotations

import argparse
import io
import json
import platform
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vst_desktop.cli import shadow
from vst_desktop.cli.common import add_json_option, add_settings_option, write_json
from vst_desktop.cli.journal import add_file_options, journal_path
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.runtime.settings import Settings

NONE = "–"


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("report", help="performance; a diagnostics file")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    speed = actions.add_parser(
        "performance", help="up-time, scanner and execution beside their thresholds"
    )
    add_json_option(speed)
    packed = actions.add_parser(
        "diagnostics", help="logs, settings, checks of the journal in one file, without secrets"
    )
    packed.add_argument("out", metavar="FILE.zip")
    packed.add_argument("--force", action="store_true", help="write over a file that is there")
    unbought = actions.add_parser(
        "shadow", help="what the refusals of the journal saved or cost, month by month"
    )
    unbought.add_argument("--bars", metavar="FILE", help="daily bars (default: the bar store)")
    add_json_option(unbought)
    for action in (speed, packed, unbought):
        add_file_options(action)
        add_settings_option(action)


def run(args: argparse.Namespace) -> int:
    """Run one action; ``performance`` gives 1 when a threshold was missed."""
    actions = {"performance": _performance, "diagnostics": _diagnostics, "shadow": shadow.run}
    return actions[args.action](args)


def last_run(path: Path, settings: Settings) -> dict[str, Any]:
    """The performance report of the journal's last run.

    Raises:
        UserError: There is no such journal, or no run in it.
    """
    from vst_desktop.adapters.sqlite.reading import read_alert_counts, read_events, read_intents
    from vst_desktop.monitoring.performance import Acknowledged, ScanRun, Thresholds
    from vst_desktop.monitoring.report import Facts, report

    started = last = None
    scans: list[ScanRun] = []
    for event in read_events(path):
        last = event.time
        if event.name == "START":
            started, scans = event.time, []
        elif event.name == "SCAN" and event.data.get("seconds") is not None:
            scans.append(
                ScanRun(at=event.time, secs=event.data["seconds"], symbols=event.data["scanned"])
            )
    if started is None or last is None:
        raise UserError("no run is recorded in it", where=str(path), remedy="run the station first")
    orders = [
        Acknowledged(at=one.acknowledged_at, secs=one.ack_latency_secs)
        for one in read_intents(path)
        if one.ack_latency_secs is not None
        and one.acknowledged_at is not None
        and one.acknowledged_at >= started
    ]
    thresholds = Thresholds(
        max_scan_time=settings.performance.max_scan_time,
        min_symbols_per_second=settings.performance.min_symbols_per_second,
        max_order_latency=settings.execution.max_order_latency,
        critical_order_latency=settings.execution.critical_order_latency,
    )
    found = report(Facts(started=started, now=last, scans=scans, orders=orders), thresholds)
    return {"file": str(path), **found, "alerts": read_alert_counts(path, since=started)}


def _performance(args: argparse.Namespace) -> int:
    from vst_desktop.bootstrap import profile_settings

    told = last_run(journal_path(args), profile_settings(args.profile, args.overrides))
    print(f"{told['file']}")
    print(
        f"up {timedelta(seconds=int(told['up_secs']))}, to {told['generated']:%d %b %Y %H:%M} UTC"
    )
    print(
        f"{told['scanner']['scans']} scans of {told['scanner']['symbols']:,} symbols, "
        f"{told['execution']['acknowledged']} orders acknowledged"
    )
    for one in told["measures"]:
        value = NONE if one["value"] is None else f"{one['value']:,.3f} {one['unit']}"
        sign = "≥" if one["at_least"] else "≤"
        mark = {None: "    ", True: "ok  ", False: "MISS"}[one["met"]]
        print(f"{mark} {one['name']:<32}{value:>16}   {sign} {one['threshold']:g} {one['unit']}")
    print("alerts: " + (", ".join(f"{n} {s}" for s, n in told["alerts"].items()) or "none"))
    write_json(args.json, told)
    return 0 if told["ok"] else 1


def _diagnostics(args: argparse.Namespace) -> int:
    out = Path(args.out)
    if out.exists() and not args.force:
        raise UserError(
            "there is a file already", where=str(out), remedy="name another, or --force"
        )
    try:
        out.write_bytes(packed(args))
    except OSError as error:
        raise UserError(f"cannot be written ({error.strerror})", where=str(out)) from None
    print(f"{out}: look into it before you send it")
    return 0


def packed(args: argparse.Namespace) -> bytes:
    """The diagnostics as a zip file; every text in it went through the redactor."""
    from vst_desktop.bootstrap import profile_settings
    from vst_desktop.runtime.paths import find_paths
    from vst_desktop.runtime.redaction import REDACTOR

    settings = profile_settings(args.profile, args.overrides)
    _learn_secrets(settings)
    path = journal_path(args)
    parts: dict[str, str] = {
        "about.json": json.dumps(_about(), indent=1),
        "settings.json": json.dumps(REDACTOR.value(settings.model_dump(mode="json")), indent=1),
        "journal.json": _or_reason(lambda: _journal(path)),
        "performance.json": _or_reason(lambda: last_run(path, settings)),
    }
    logs = find_paths().logs
    for file in _logs(logs):
        parts[f"logs/{file.name}"] = file.read_text(encoding="utf-8", errors="replace")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, REDACTOR.text(text))
    return buffer.getvalue()


def _logs(folder: Path) -> list[Path]:
    """The log with what was rotated, and what crashes left."""
    if not folder.is_dir():
        return []
    from vst_desktop.runtime.last_words import CRASHES
    from vst_desktop.runtime.logs import LOG_NAME

    return sorted((*folder.glob(f"{LOG_NAME}*"), *folder.glob(CRASHES)))


def _learn_secrets(settings: Settings) -> None:
    """Whatever secret this user has is to be found in no file of the zip."""
    from vst_desktop.adapters.notify.beacon import HEARTBEAT
    from vst_desktop.adapters.notify.channel import find_channel
    from vst_desktop.bootstrap.scanners import SCANNER_TOKEN
    from vst_desktop.runtime.providers import KEYS
    from vst_desktop.runtime.redaction import REDACTOR
    from vst_desktop.runtime.secrets import find_secret

    for channel in settings.alerts.channels:
        find_channel(channel)
    keys = (f"{service}_{key}" for service, names in KEYS.items() for key in names)
    for name in (HEARTBEAT, SCANNER_TOKEN, *keys):
        try:
            value = find_secret(name)
        except UserError:
            continue
        if value:
            REDACTOR.learn_address(value) if "://" in value else REDACTOR.learn(value)


def _about() -> dict[str, str]:
    from importlib import metadata

    return {
        "version": metadata.version("vst-desktop"),
        "python": sys.version,
        "platform": platform.platform(),
        "machine": platform.machine(),
    }


def _journal(path: Path) -> dict[str, Any]:
    from collections import Counter

    from vst_desktop.adapters.sqlite.reading import read_events, verify_journal

    verdict = verify_journal(path)
    names = Counter(event.name for event in read_events(path))
    return {"sound": verdict.sound, "fault": verdict.fault, "events": dict(names)}


def _or_reason(find: Any) -> str:
    """What is found as JSON, or the sentence why it is not."""
    try:
        return json.dumps(find(), indent=1, default=str)
    except UserError as error:
        return json.dumps({"error": str(error)})
