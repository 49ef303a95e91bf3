"""The scanner child's first line: ``1|<app protocol>|tcp|127.0.0.1:PORT|grpc|<certificate>``."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from vst_desktop.adapters.scanner.errors import NotNow
from vst_desktop.adapters.scanner.tls import der_to_pem
from vst_desktop.domain.errors import UserError

CORE_PROTOCOL = 1
APP_PROTOCOL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """Where the child listens and the certificate it will show."""

    address: str
    certificate_pem: bytes


def parse_handshake(line: str) -> Handshake:
    """Read the handshake line.

    Raises:
        NotNow: Not a handshake, or an address that is not loopback.
        UserError: The version differs.
    """
    parts = line.strip().split("|")
    if len(parts) != 6 or parts[0] != str(CORE_PROTOCOL):
        raise NotNow(f"the scanner's first line is no handshake: {line.strip()[:80]!r}")
    if parts[1] != str(APP_PROTOCOL):
        raise UserError(
            f"the scanner speaks protocol {parts[1]}, the station {APP_PROTOCOL}",
            remedy="run 'make setup' so that both are of one build",
        )
    if parts[2] != "tcp" or parts[4] != "grpc" or not parts[3].startswith("127.0.0.1:"):
        raise NotNow(f"the scanner offers {parts[2]} {parts[3]} {parts[4]}, not loopback gRPC")
    try:
        certificate = der_to_pem(base64.b64decode(parts[5], validate=True))
    except (binascii.Error, ValueError):
        raise NotNow("the scanner's handshake carries no certificate") from None
    return Handshake(address=parts[3], certificate_pem=certificate)
