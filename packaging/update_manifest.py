"""Keys and signatures of the announcement that `vst update` reads.

update_manifest.py keys PRIVATE_FILE          makes a pair; prints the line for keys.txt
update_manifest.py sign VERSION PAGE OUT      signs with the key in UPDATE_SIGNING_KEY (base64)
"""

from __future__ import annotations

import base64
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VALID = timedelta(days=400)


def make_keys(file: str) -> None:
    key = Ed25519PrivateKey.generate()
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as opened:
        opened.write(base64.b64encode(key.private_bytes_raw()).decode() + "\n")
    print(base64.b64encode(key.public_key().public_bytes_raw()).decode())


def signed(key: Ed25519PrivateKey, version: str, page: str, issued: datetime) -> bytes:
    content = {
        "version": version,
        "issued": issued.isoformat(),
        "expires": (issued + VALID).isoformat(),
        "page": page,
    }
    manifest = json.dumps(content).encode()
    parts = {"manifest": manifest, "signature": key.sign(manifest)}
    return json.dumps(
        {name: base64.b64encode(part).decode() for name, part in parts.items()}
    ).encode()


def main(words: list[str]) -> int:
    match words:
        case ["keys", file]:
            make_keys(file)
        case ["sign", version, page, out]:
            secret = base64.b64decode(os.environ["UPDATE_SIGNING_KEY"])
            key = Ed25519PrivateKey.from_private_bytes(secret)
            Path(out).write_bytes(signed(key, version, page, datetime.now(UTC)) + b"\n")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
