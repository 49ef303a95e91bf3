"""The child's first line, and the binary's stamp: each wrong one is refused with a reason."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vst_desktop.adapters.scanner.binary import binary_path, verified_binary
from vst_desktop.adapters.scanner.handshake import parse_handshake
from vst_desktop.adapters.scanner.tls import make_identity
from vst_desktop.domain.errors import UserError


def certificate() -> str:
    pem = make_identity("test").certificate_pem
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    return base64.b64encode(der).decode()


def test_good_line_gives_address_and_certificate() -> None:
    found = parse_handshake(f"1|2|tcp|127.0.0.1:4711|grpc|{certificate()}\n")
    assert found.address == "127.0.0.1:4711"
    assert found.certificate_pem.startswith(b"-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("hello world", "no handshake"),
        ("2|2|tcp|127.0.0.1:1|grpc|x", "no handshake"),
        ("1|9|tcp|127.0.0.1:1|grpc|x", "speaks protocol 9, the station 2"),
        ("1|2|tcp|10.0.0.1:1|grpc|x", "not loopback"),
        ("1|2|tcp|127.0.0.1:1|grpc|!!", "no certificate"),
    ],
)
def test_wrong_line_is_refused_with_its_reason(line: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        parse_handshake(line)


def stamped(folder: Path, content: bytes, sha256: str) -> Path:
    binary_path(folder).write_bytes(content)
    (folder / "scanner.json").write_text(json.dumps({"sha256": sha256}))
    return folder


def test_binary_with_its_stamp_is_accepted(tmp_path: Path) -> None:
    folder = stamped(tmp_path, b"program", hashlib.sha256(b"program").hexdigest())
    assert verified_binary(folder) == binary_path(folder)


def test_changed_binary_is_refused(tmp_path: Path) -> None:
    folder = stamped(tmp_path, b"program!", hashlib.sha256(b"program").hexdigest())
    with pytest.raises(UserError, match="wrong checksum"):
        verified_binary(folder)


def test_missing_binary_or_stamp_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no scanner binary"):
        verified_binary(tmp_path)
    binary_path(tmp_path).write_bytes(b"x")
    with pytest.raises(UserError, match="stamp is missing"):
        verified_binary(tmp_path)
