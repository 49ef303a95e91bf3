"""Writes the pages that the code itself knows: settings, command line, TWS's codes.

``--check`` writes nothing and fails where a page is not what the code says today.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from vst_desktop.adapters.ibkr.codes import CODES, Kind
from vst_desktop.cli.main import build_parser
from vst_desktop.runtime.settings import Settings

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
_MADE = "Made of the code by `packaging/docs_pages.py`; change it there.\n"


def settings_page() -> str:
    """Every key with its default, its range and its meaning, by group."""
    parts = [
        "# Settings reference\n",
        _MADE,
        "A group is a table of `settings.toml`. Where the file lies and what overrides it: "
        "[Settings in the quick start](../quick-start.md#settings).\n",
    ]
    for group, field in Settings.model_fields.items():
        model: Any = field.annotation
        about = re.sub(r" \(SPEC [^)]*\)", "", " ".join((model.__doc__ or "").split()))
        parts += [f"## {group}\n", f"{about}\n"]
        parts.append(_table(("key", "default", "may be", "meaning"), _keys(model)))
    return "\n".join(parts)


def cli_page() -> str:
    """Every command's help, as the parser prints it."""
    parts = [
        "# Command line reference\n",
        _MADE,
        "Exit codes: 0 ok, 1 failed, 2 wrong usage.\n",
    ]
    for name, parser in _commands(build_parser()):
        parts += [f"## {name}\n", f"```text\n{parser.format_help().rstrip()}\n```\n"]
    return "\n".join(parts)


def codes_page() -> str:
    """TWS's codes by what they say, with what to do about each."""
    parts = [
        "# Troubleshooting by error code\n",
        _MADE,
        "The number stands in brackets in alerts and in the log. A code that is not listed "
        "concerns the request it names; 2100 to 2199 are notes.\n",
    ]
    for kind in Kind:
        alike: dict[tuple[str, str | None], list[int]] = {}
        for number, code in sorted(CODES.items()):
            if code.kind is kind:
                alike.setdefault((code.sentence, code.remedy), []).append(number)
        rows = (
            (", ".join(map(str, numbers)), sentence, remedy or "nothing")
            for (sentence, remedy), numbers in alike.items()
        )
        parts.append(f"## {kind.value[0].upper()}{kind.value[1:]}\n")
        parts.append(_table(("code", "what happened", "what to do"), rows))
    return "\n".join(parts)


PAGES = {"settings.md": settings_page, "cli.md": cli_page, "codes.md": codes_page}


def _keys(model: Any) -> Iterator[tuple[str, ...]]:
    for key, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        yield f"`{key}`", f"`{_said(default)}`", _allowed(field), field.description or ""


def _said(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_said(one) for one in value) + "]"
    if hasattr(value, "model_dump"):
        return _said(value.model_dump())
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_said(one)}" for key, one in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _allowed(field: FieldInfo) -> str:
    bounds = [
        f"{word} {getattr(one, name)}"
        for one in field.metadata
        for name, word in _BOUNDS.items()
        if getattr(one, name, None) is not None
    ]
    return ", ".join([_type(field.annotation), *bounds])


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin in (Union, UnionType):
        return " or ".join("none" if one is type(None) else _type(one) for one in inner)
    if origin in (list, tuple):
        return "list"
    if origin is dict or not isinstance(annotation, type):
        return "table"
    if members := getattr(annotation, "__members__", None):
        return " or ".join(f"`{one.value}`" for one in members.values())
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    return names.get(annotation.__name__, "table")


def _commands(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield parser.prog, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from _commands(one)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    names = list(head)
    return "\n".join([line(names), "|---" * len(names) + "|", *map(line, rows)]) + "\n"


def main() -> int:
    """Write the pages, or say which are out of date."""
    os.environ["COLUMNS"] = "100"  # argparse folds at the terminal's width
    stale = [name for name, page in PAGES.items() if _differs(FOLDER / name, page())]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"docs/reference/{name} is not what the code says: run packaging/docs_pages.py")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (FOLDER / name).write_text(PAGES[name](), encoding="utf-8")
    return 0


def _differs(file: Path, text: str) -> bool:
    return not file.exists() or file.read_text(encoding="utf-8") != text


if __name__ == "__main__":
    sys.exit(main())
