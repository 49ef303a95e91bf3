from __future__ import annotations

import importlib
import json
import struct
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[3] / "packaging"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    return load


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("Apache License\n  Version 2.0", "Apache-2.0"),
        ("Permission is hereby\ngranted, free of charge, to any person", "MIT"),
        (
            "Redistributions in binary form must reproduce the above.\n"
            "Neither the name of the holder",
            "BSD-3-Clause",
        ),
        ("Redistributions in binary form must reproduce the above.", "BSD-2-Clause"),
        ("All rights reserved.", "unknown"),
    ],
)
def test_a_licence_is_known_by_its_words(script, text: str, licence: str) -> None:
    assert script("inventory").guessed((text,)) == licence


def test_a_licence_without_a_name_is_left_out_of_the_bill(script) -> None:
    inventory, sbom = script("inventory"), script("sbom")

    def component(licence: str) -> dict:
        part = inventory.Part(
            kind="go", name="m", version="1", licence=licence, purl="pkg:golang/m@1", texts=()
        )
        return sbom.component(part)

    assert component("MIT")["licenses"] == [{"license": {"id": "MIT"}}]
    assert component("MIT OR Apache-2.0")["licenses"] == [{"expression": "MIT OR Apache-2.0"}]
    assert "licenses" not in component("see notice")
    json.dumps(component("MIT"))


def test_a_notice_names_every_work_and_tells_a_shared_text_once(script) -> None:
    inventory, licenses = script("inventory"), script("licenses")
    found = [
        inventory.Part(kind="go", name=name, version="1", licence="MIT", purl=name, texts=("T",))
        for name in ("one", "two")
    ]
    notice = licenses.notice(found)
    assert "Go: one 1 (MIT)" in notice and "Go: two 1 (MIT)" in notice
    assert notice.count("\nT\n") == 1 and "one, two" in notice


def test_icons_for_windows_and_macos_hold_their_pictures(script) -> None:
    icons = script("icons")
    pictures = {size: b"\x89PNG" + bytes([size % 251]) * size for size in icons.SIZES}
    ico = icons.ico(pictures)
    _, kind, count = struct.unpack("<HHH", ico[:6])
    assert (kind, count) == (1, 6)
    for index in range(count):
        width, *_, length, place = struct.unpack("<BBBBHHII", ico[6 + 16 * index :][:16])
        assert ico[place : place + length] == pictures[width or 256]
    icns = icons.icns(pictures)
    assert icns[:4] == b"icns" and struct.unpack(">I", icns[4:8]) == (len(icns),)
    place, sizes = 8, []
    while place < len(icns):
        (length,) = struct.unpack(">I", icns[place + 4 : place + 8])
        sizes.append(icons.ICNS_KINDS[icns[place : place + 4]])
        assert icns[place + 8 : place + length] == pictures[sizes[-1]]
        place += length
    assert sizes == [32, 64, 128, 256, 512]
