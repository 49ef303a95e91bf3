from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from vst_desktop.adapters.updates.checker import LARGEST_BYTES, Checker
from vst_desktop.adapters.updates.manifest import read_announcement
from vst_desktop.cli.main import main
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode

TOOL = Path(__file__).parents[4] / "packaging" / "update_manifest.py"
OURS, FOREIGN = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def manifest(key: Ed25519PrivateKey = OURS, **changes: Any) -> bytes:
    content = {
        "version": "0.2.0",
        "issued": (NOW - HOUR).isoformat(),
        "expires": (NOW + 90 * DAY).isoformat(),
        "page": "https://vst.example/releases/0.2.0",
    } | changes
    signed = json.dumps({k: v for k, v in content.items() if v is not None}).encode()
    return wrapped(signed, key.sign(signed))


def wrapped(signed: bytes, signature: bytes) -> bytes:
    parts = {"manifest": signed, "signature": signature}
    return json.dumps({k: base64.b64encode(v).decode() for k, v in parts.items()}).encode()


class Site:
    """A web server on loopback that answers with what it is told to."""

    def __init__(self) -> None:
        self.body, self.code, self.asked = manifest(), 200, 0
        self.headers: dict[str, str] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked += 1
                self.send_response(site.code)
                for name, value in site.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(site.body)))
                self.end_headers()
                self.wfile.write(site.body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/update.json"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def checker(site: Site, folder: Path, **changes: Any) -> Checker:
    return Checker(
        **{
            "address": site.address,
            "keys": (OURS.public_key(),),
            "memory": folder / "updates.json",
            "mode": Mode.DEMO,
        }
        | changes
    )


def test_a_signed_manifest_is_believed(site: Site, tmp_path: Path) -> None:
    found = checker(site, tmp_path).ask(NOW)
    assert found.version == "0.2.0"
    assert found.newer_than("0.1.9")
    assert not found.newer_than("0.2.0")
    assert not found.newer_than("0.10.0")


def test_nothing_is_asked_in_live(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not looked for in LIVE"):
        checker(site, tmp_path, mode=Mode.LIVE).ask(NOW)
    assert site.asked == 0


def test_nothing_is_asked_without_a_key(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="knows no key"):
        checker(site, tmp_path, keys=()).ask(NOW)
    assert site.asked == 0


def test_one_question_a_day_also_when_the_answer_fails(site: Site, tmp_path: Path) -> None:
    site.code = 500
    asking = checker(site, tmp_path)
    assert asking.due(NOW)
    with pytest.raises(UserError, match="HTTP 500"):
        asking.ask(NOW)
    assert not asking.due(NOW + DAY - HOUR)
    assert asking.due(NOW + DAY)


def test_a_clock_set_back_does_not_stop_the_questions(site: Site, tmp_path: Path) -> None:
    asking = checker(site, tmp_path)
    asking.ask(NOW)
    assert asking.due(NOW - 30 * DAY)


def test_a_damaged_memory_is_no_memory(site: Site, tmp_path: Path) -> None:
    (tmp_path / "updates.json").write_bytes(b"\x00\xff{")
    asking = checker(site, tmp_path)
    assert asking.due(NOW)
    assert asking.ask(NOW).version == "0.2.0"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (manifest(FOREIGN), "not signed by a key of this build"),
        (wrapped(b'{"version": "9.9.9"}', b"\x00" * 64), "not signed"),
        (manifest(version="newest"), "signed but cannot be read"),
        (manifest(version=None), "signed but cannot be read"),
        (manifest(issued="2026-03-02T10:00:00"), "signed but cannot be read"),
        (manifest(expires=(NOW - HOUR).isoformat()), "out of date"),
        (manifest(issued=(NOW + 3 * DAY).isoformat()), "of the future"),
        (manifest(page="http://vst.example/"), "no https page"),
        (b"<html>", "no update manifest"),
        (b"[]", "no update manifest"),
        (b'{"manifest": 1, "signature": null}', "no update manifest"),
    ],
)
def test_what_is_not_to_be_believed_is_refused(
    site: Site, tmp_path: Path, body: bytes, reason: str
) -> None:
    site.body = body
    with pytest.raises(UserError, match=reason):
        checker(site, tmp_path).ask(NOW)


def test_an_older_manifest_than_one_seen_is_refused(site: Site, tmp_path: Path) -> None:
    asking = checker(site, tmp_path)
    asking.ask(NOW)
    site.body = manifest(version="0.1.0", issued=(NOW - DAY).isoformat())
    with pytest.raises(UserError, match="older than one seen"):
        asking.ask(NOW + DAY)


def test_a_refused_manifest_does_not_make_the_next_one_old(site: Site, tmp_path: Path) -> None:
    asking = checker(site, tmp_path)
    site.body = manifest(FOREIGN, issued=NOW.isoformat())
    with pytest.raises(UserError):
        asking.ask(NOW)
    site.body = manifest(issued=(NOW - DAY).isoformat())
    assert asking.ask(NOW + DAY).version == "0.2.0"


def test_an_endless_answer_is_cut(site: Site, tmp_path: Path) -> None:
    site.body = b" " * (LARGEST_BYTES + 1)
    with pytest.raises(UserError, match="too large"):
        checker(site, tmp_path).ask(NOW)


@pytest.mark.parametrize(
    "address", ["", "update.json", "http://vst.example/u", "file:///etc/passwd", "https://[::"]
)
def test_only_https_is_asked(site: Site, tmp_path: Path, address: str) -> None:
    with pytest.raises(UserError, match="update address"):
        checker(site, tmp_path, address=address).ask(NOW)


def test_a_redirect_to_plain_http_is_not_followed(site: Site, tmp_path: Path) -> None:
    site.code, site.headers = 302, {"Location": "http://vst.example/update.json"}
    with pytest.raises(UserError, match="must be https"):
        checker(site, tmp_path).ask(NOW)


def test_an_address_without_an_answer_says_so(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="was not reached"):
        checker(site, tmp_path, address="http://127.0.0.1:1/u").ask(NOW)


def test_a_memory_that_cannot_be_kept_asks_nothing(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        checker(site, tmp_path, memory=tmp_path / "none" / "updates.json").ask(NOW)
    assert site.asked == 0


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_is_never_another_announcement(position: int, bit: int) -> None:
    body = bytearray(manifest())
    body[position % len(body)] ^= 1 << bit
    try:
        found = read_announcement(bytes(body), (OURS.public_key(),), now=NOW, seen=None)
    except UserError:
        return
    assert (found.version, found.issued_at) == ("0.2.0", NOW - HOUR)


def test_the_command_asks_nothing_unless_it_is_allowed(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VST_HOME", str(tmp_path))
    assert main(["update", "--set", f"updates.address={site.address}"]) == 0
    assert "set updates.check to true" in capsys.readouterr().out
    assert site.asked == 0


def test_the_command_says_what_is_out(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VST_HOME", str(tmp_path))
    monkeypatch.setattr("vst_desktop.bootstrap.updates.built_in_keys", lambda: (OURS.public_key(),))
    now = datetime.now(UTC)
    site.body = manifest(version="999.0.0", issued=now.isoformat(), expires=(now + DAY).isoformat())
    words = ["update", "--set", "updates.check=true", "--set", f"updates.address={site.address}"]
    assert main([*words, "--json", str(tmp_path / "u.json")]) == 0
    assert "vst 999.0.0 is out" in capsys.readouterr().out
    assert json.loads((tmp_path / "u.json").read_text())["newer"] == "999.0.0"
    assert main(words) == 0
    assert "asked less than a day ago" in capsys.readouterr().out
    assert site.asked == 1


def test_the_command_refuses_in_live(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VST_HOME", str(tmp_path))
    words = ["--set", "updates.check=true", "--set", f"updates.address={site.address}"]
    assert main(["update", *words, "--set", "trading_mode=LIVE"]) == 1
    assert "not looked for in LIVE" in capsys.readouterr().err
    assert site.asked == 0


def test_what_the_release_signs_is_believed(tmp_path: Path) -> None:
    def tool(*words: object, **more: str) -> str:
        command = [sys.executable, str(TOOL), *map(str, words)]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, env={**os.environ, **more}
        ).stdout

    public = base64.b64decode(tool("keys", tmp_path / "key"))
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0 or os.name == "nt"
    private = (tmp_path / "key").read_text().strip()
    page, out = "https://vst.example/r", tmp_path / "update.json"
    tool("sign", "1.2.3", page, out, UPDATE_SIGNING_KEY=private)
    found = read_announcement(
        out.read_bytes(),
        (Ed25519PublicKey.from_public_bytes(public),),
        now=datetime.now(UTC),
        seen=None,
    )
    assert (found.version, found.page) == ("1.2.3", page)
