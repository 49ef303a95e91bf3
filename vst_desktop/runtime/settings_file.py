"""Changes single keys of the trader's settings file and keeps everything else in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.settings import Settings, load_settings


def own_values(file: Path) -> dict[str, Any]:
    """What the file sets itself, by ``group.key``; nothing when there is no file.

    Raises:
        UserError: It cannot be read.
    """
    return {
        f"{group}.{key}": value
        for group, keys in _read(file).unwrap().items()
        if isinstance(keys, dict)
        for key, value in keys.items()
    }


def change_settings(file: Path, changes: Mapping[str, Any]) -> Settings:
    """Write these values, by ``group.key``; None takes a key out, so that its default counts.

    The file is replaced whole or not at all, and never by one that a start would refuse.

    Returns:
        The settings that file gives, with neither environment nor command line.

    Raises:
        UserError: A value is refused, or the file cannot be read or written.
    """
    document = _read(file)
    for name, value in changes.items():
        group, _, key = name.partition(".")
        if value is None:
            with contextlib.suppress(KeyError):
                del document[group][key]
        else:
            if group not in document:
                document[group] = tomlkit.table()
            document[group][key] = value
    beside = file.with_name(f"{file.name}.new")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8") as out:
            out.write(tomlkit.dumps(document))
            out.flush()
            os.fsync(out.fileno())
        settings = load_settings(file=beside, environment={})
        beside.replace(file)
    except OSError as error:
        raise UserError(
            f"the settings cannot be written ({error.strerror})",
            where=str(file),
            remedy="free disk space, or check the folder's permissions",
        ) from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    return settings


def _read(file: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except (OSError, UnicodeDecodeError, TOMLKitError, RecursionError) as error:
        raise UserError(
            f"settings cannot be read: {error}", where=str(file), remedy="mend or remove the file"
        ) from None
