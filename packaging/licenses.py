"""Writes the notices of all that is shipped: python packaging/licenses.py FILE."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from inventory import Part, own_version, parts

KINDS = {"python": "Python", "go": "Go", "system": "System library", "other": "Other"}
HEAD = """\
Vertical Spread Trader Station {version} is under the MIT licence (LICENSE.txt).

It contains the works below, each under its own licence. Qt and PySide6 (LGPL-3.0) lie as separate
libraries in the folder _internal/PySide6 and may be replaced by other builds of the same version.
"""


def main(file: str) -> int:
    found = parts()
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text(notice(found), encoding="utf-8")
    for licence, number in Counter(part.licence for part in found).most_common():
        print(f"{number:4}  {licence}")
    silent = [part for part in found if part.licence == "unknown" or not part.texts]
    for part in silent:
        print(
            f"licenses: {part.name} {part.version}: licence {part.licence}, "
            f"{len(part.texts)} texts",
            file=sys.stderr,
        )
    print(f"{file}: notices of {len(found)} works")
    return int(any(part.licence == "unknown" for part in found))


def notice(found: list[Part]) -> str:
    """A list of all, then their texts; a text that several share stands once."""
    lines = [HEAD.format(version=own_version())]
    lines += [f"{KINDS[part.kind]}: {part.name} {part.version} ({part.licence})" for part in found]
    owners: dict[str, list[str]] = {}
    for part in found:
        for text in part.texts:
            owners.setdefault(text, []).append(part.name)
    for text, names in owners.items():
        lines += ["", "=" * 80, ", ".join(dict.fromkeys(names)), "-" * 80, text]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
