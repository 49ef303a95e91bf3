"""The layout as it is kept: a small JSON file that may be junk and never stops a start."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

VERSION = 2
_MOST_BYTES = 1_000_000


@dataclass(slots=True, kw_only=True)
class Layout:
    """What the trader arranged. ``states`` are Qt's own, by workspace; ``columns`` by table name
    and column title, True where it is shown. ``geometry`` None: where the desktop puts it."""

    workspace: str = "Trade"
    locked: bool = True
    geometry: bytes | None = None
    states: dict[str, bytes] = field(default_factory=dict)
    columns: dict[str, dict[str, bool]] = field(default_factory=dict)


def read(path: Path) -> Layout:
    """The kept layout; the default one when there is none, or it cannot be used. A file that
    cannot be used is kept aside as ``.bad``."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        return _layout(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Layout()
    except OSError as error:
        log.info("the layout %s cannot be read (%s): the default one is used", path, error)
        return Layout()
    except (ValueError, RecursionError) as error:
        aside = path.with_name(path.name + ".bad")
        log.info("the layout %s cannot be used (%s): kept as %s", path, error, aside.name)
        try:
            path.replace(aside)
        except OSError as refused:
            log.info("the layout %s could not be kept aside: %s", path, refused)
        return Layout()


def write(path: Path, layout: Layout) -> None:
    """Keep it, whole or not at all; a layout that cannot be kept is only logged."""
    text = json.dumps(
        {
            "version": VERSION,
            "workspace": layout.workspace,
            "locked": layout.locked,
            "geometry": _text(layout.geometry) if layout.geometry else None,
            "states": {name: _text(state) for name, state in layout.states.items()},
            "columns": layout.columns,
        },
        indent=1,
    )
    beside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        log.info("the layout could not be kept in %s: %s", path, error)


def _layout(kept: Any) -> Layout:
    if not isinstance(kept, dict) or kept.get("version") != VERSION:
        raise ValueError(f"it is not of version {VERSION}")
    geometry, locked = kept.get("geometry"), kept.get("locked", True)
    workspace = kept.get("workspace", "Trade")
    if not isinstance(locked, bool) or not isinstance(workspace, str):
        raise ValueError("workspace or lock is not what it should be")
    return Layout(
        workspace=workspace,
        locked=locked,
        geometry=_bytes(geometry) if geometry is not None else None,
        states={name: _bytes(text) for name, text in _mapping(kept, "states").items()},
        columns={
            table: {title: shown for title, shown in _mapping(chosen).items() if shown in (0, 1)}
            for table, chosen in _mapping(kept, "columns").items()
        },
    )


def _mapping(value: Any, key: str | None = None) -> Mapping[str, Any]:
    found = value.get(key, {}) if key is not None else value
    if not isinstance(found, dict):
        raise ValueError(f"{key or 'an entry'} is no table")
    return found


def _text(state: bytes) -> str:
    return base64.b64encode(state).decode("ascii")


def _bytes(text: Any) -> bytes:
    if not isinstance(text, str):
        raise ValueError("a state is no text")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"a state is no Base64: {error}") from None
