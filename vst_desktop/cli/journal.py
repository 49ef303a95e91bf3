"""``vst journal``: is it whole, what does it say, in a file for others; never changes it."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from vst_desktop.cli.common import add_json_option, split_names, write_json
from vst_desktop.domain.errors import UserError

if TYPE_CHECKING:
    from vst_desktop.ports.store import JournalEvent

PROFILES = ("demo", "paper", "live")
COLUMNS = ("seq", "time", "event", "by", "symbol", "order_ref", "reason", "data", "hash")
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_SHOWN = 50


def add_parser(subparsers: Any) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("journal", help="the journal: verify, show, export")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("verify", help="walk the hash chain; names the first broken link")
    show = actions.add_parser("show", help="what happened, in words")
    show.add_argument(
        "--last", type=int, default=_SHOWN, metavar="N", help=f"the last N ({_SHOWN}); 0: all"
    )
    give = actions.add_parser("export", help="events into a file: CSV or JSON lines")
    give.add_argument("out", metavar="FILE", help="named .csv or .jsonl; - writes JSON lines here")
    give.add_argument("--force", action="store_true", help="write over a file that is there")
    for action in (check, show, give):
        add_file_options(action)
    for action in (show, give):
        _add_filters(action)
    for action in (check, show):
        add_json_option(action)


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which journal is meant."""
    parser.add_argument("--file", metavar="FILE", help="a journal's file")
    parser.add_argument(
        "--profile", choices=PROFILES, help="whose journal (default: the settings' mode)"
    )


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", metavar="TIME", help="a day (New York) or an ISO 8601 time")
    parser.add_argument("--until", metavar="TIME", help="likewise; a day is taken whole")
    parser.add_argument("--events", metavar="A,B", help="only events of these names")
    parser.add_argument("--symbols", metavar="A,B", help="only these underlyings")
    parser.add_argument("--order", metavar="REF", help="only one order")
    parser.add_argument("--by", choices=("trader", "station", "broker"), help="only who did it")


def run(args: argparse.Namespace) -> int:
    """Run one action; 1 when the journal is not what was written."""
    actions = {"verify": _verify, "show": _show, "export": _export}
    return actions[args.action](args)


def journal_path(args: argparse.Namespace) -> Path:
    """The journal that is meant; of the demo's, the newest."""
    if args.file:
        return Path(args.file)
    from vst_desktop.runtime.paths import find_paths
    from vst_desktop.runtime.settings import load_settings

    paths = find_paths()
    profile = args.profile
    if profile is None:
        profile = load_settings([], file=paths.settings_file).execution.trading_mode.lower()
    if profile == "demo":
        found = sorted(paths.data.glob("demo/journal-*.sqlite"))
        if found:
            return found[-1]
    return paths.journal_file(profile)


def _verify(args: argparse.Namespace) -> int:
    from vst_desktop.adapters.sqlite.reading import verify_journal

    path = journal_path(args)
    verdict = verify_journal(path)
    write_json(
        args.json,
        {
            "file": str(path),
            "ok": verdict.sound,
            "events": verdict.events,
            "head": verdict.head,
            "broken": verdict.broken,
            "fault": verdict.fault,
            "rows": list(verdict.rows),
        },
    )
    if verdict.broken is not None:
        print(f"{path}: the chain is broken at event {verdict.broken}: {verdict.fault}")
        print(f"{verdict.events:,} events before it fit; last hash {verdict.head}")
        print("keep the file; what stands after that event cannot be relied on")
    elif verdict.rows:
        print(f"{path}: {verdict.events:,} events fit, but these are not what they left:")
        for row in verdict.rows:
            print(f"  {row}")
    else:
        print(f"{path}: {verdict.events:,} events, every link holds; last hash {verdict.head}")
    return 0 if verdict.sound else 1


def _show(args: argparse.Namespace) -> int:
    from vst_desktop.execution.story import clock, in_words

    if args.last < 0:
        raise UserError(f"--last {args.last} is below 0", exit_code=2)
    found = deque(_chosen(args), maxlen=args.last or None)
    for event in found:
        about = event.data.get("order_ref") or event.data.get("symbol") or ""
        print(f"{event.seq:>6}  {clock(event.time)}  {about:<32} {in_words(event)}")
    if not found:
        print("no event of the journal is like that")
    write_json(args.json, {"events": [_as_json(event) for event in found]})
    return 0


def _export(args: argparse.Namespace) -> int:
    lines = args.out == "-" or args.out.lower().endswith(".jsonl")
    if not lines and not args.out.lower().endswith(".csv"):
        raise UserError(
            "has neither ending", where=args.out, remedy="name it .csv or .jsonl", exit_code=2
        )
    chosen = _chosen(args)
    first = next(chosen, None)  # a journal that cannot be read leaves no file behind
    events = (event for part in ((first,) if first else (), chosen) for event in part)
    with _written(args.out, overwrite=args.force) as file:
        count = _write_lines(file, events) if lines else _write_csv(file, events)
    if args.out != "-":
        print(f"{count:,} events in {args.out}")
    return 0


def _write_lines(file: IO[str], events: Iterable[JournalEvent]) -> int:
    texts = (json.dumps(_as_json(event), ensure_ascii=False) for event in events)
    return sum(1 for text in texts if file.write(text + "\n"))


def _write_csv(file: IO[str], events: Iterable[JournalEvent]) -> int:
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    return sum(1 for event in events if writer.writerow(_as_row(event)))


def _as_row(event: JournalEvent) -> list[str]:
    row = _as_json(event)
    told = {**row, **{name: row["data"].get(name, "") for name in COLUMNS[3:7]}}
    told["data"] = json.dumps(row["data"], ensure_ascii=False)
    return [_no_formula(told[name]) for name in COLUMNS]


def _no_formula(value: object) -> str:
    """Text that no spreadsheet takes for a formula: a quote goes before it where one would."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


@contextmanager
def _written(out: str, *, overwrite: bool) -> Iterator[IO[str]]:
    if out == "-":
        yield sys.stdout
        return
    try:
        with Path(out).open("w" if overwrite else "x", encoding="utf-8", newline="") as file:
            yield file
    except FileExistsError:
        raise UserError(
            "is there already", where=out, remedy="name another file, or add --force"
        ) from None
    except OSError as error:
        raise UserError(
            f"cannot be written ({error.strerror or error})",
            where=out,
            remedy="name a file in a folder you can write",
        ) from None


def _as_json(event: JournalEvent) -> dict[str, Any]:
    from vst_desktop.runtime.calendar import EASTERN

    return {
        "seq": event.seq,
        "time": event.time.astimezone(EASTERN).isoformat(),
        "event": event.name,
        "data": dict(event.data),
        "hash": event.hash,
    }


def _chosen(args: argparse.Namespace) -> Iterator[JournalEvent]:
    from vst_desktop.adapters.sqlite.reading import read_events

    since, until = _moment(args.since, "--since"), _moment(args.until, "--until", end=True)
    names = {name.lower() for name in split_names(args.events)}
    symbols = set(split_names(args.symbols))
    for event in read_events(journal_path(args)):
        data = event.data
        if (
            (since is None or event.time >= since)
            and (until is None or event.time < until)
            and (not names or event.name.lower() in names)
            and (not symbols or data.get("symbol") in symbols)
            and (not args.order or args.order in (data.get("order_ref"), data.get("intent_id")))
            and (not args.by or data.get("by") == args.by)
        ):
            yield event


def _moment(text: str | None, where: str, *, end: bool = False) -> datetime | None:
    """A moment, or a day of New York's: its start, or what follows its end."""
    from vst_desktop.runtime.calendar import EASTERN

    if text is None:
        return None
    try:
        if len(text) == len("2014-06-09"):
            day = date.fromisoformat(text) + timedelta(days=end)
            return datetime(day.year, day.month, day.day, tzinfo=EASTERN)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise UserError(
            f"{text!r} is no time",
            where=where,
            remedy="write it as 2014-06-09 or 2014-06-09T14:43-04:00",
            exit_code=2,
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=EASTERN)
