"""Writes what is shipped as a CycloneDX 1.6 bill of materials: python packaging/sbom.py FILE.

The same inventory as the notices (inventory.py). The form is that of
https://cyclonedx.org/docs/1.6/json/; packaging/sbom.sh checks it against the schema.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inventory import Part, own_version, parts, scanner_stamp
from package import epoch

SIMPLE = re.compile(r"^[A-Za-z0-9.+-]+$")


def main(file: str) -> int:
    found = parts()
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text(json.dumps(bill(found), indent=1) + "\n", encoding="utf-8")
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(Counter(p.kind for p in found).items()))
    print(f"{file}: CycloneDX 1.6, {len(found)} components ({kinds})")
    return 0


def bill(found: list[Part]) -> dict[str, Any]:
    root = f"pkg:generic/vst-desktop@{own_version()}"
    scanner = f"pkg:generic/vst-scanner@{own_version()}"
    go = [part.purl for part in found if part.kind == "go"]
    rest = [part.purl for part in found if part.kind != "go"]
    components = [component(part) for part in found]
    stamp = scanner_stamp()
    components.append(
        {
            "type": "application",
            "bom-ref": scanner,
            "name": "vst-scanner",
            "version": own_version(),
            "licenses": [{"license": {"id": "MIT"}}],
            "hashes": [{"alg": "SHA-256", "content": stamp["sha256"]}],
        }
    )
    # Named after its content, so that the same build has the same serial number.
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(components, sort_keys=True))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": moment(),
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "vst-desktop",
                "version": own_version(),
                "licenses": [{"license": {"id": "MIT"}}],
            },
        },
        "components": components,
        "dependencies": [
            {"ref": root, "dependsOn": [*rest, scanner]},
            {"ref": scanner, "dependsOn": go},
        ],
    }


def component(part: Part) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "purl": part.purl,
    }
    if part.licence in ("see notice", "unknown"):
        return made
    if SIMPLE.match(part.licence):
        made["licenses"] = [{"license": {"id": part.licence}}]
    else:
        made["licenses"] = [{"expression": part.licence}]
    return made


def moment() -> str:
    return datetime.fromtimestamp(int(epoch()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
