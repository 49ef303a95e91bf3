"""One-time certificates for mutual TLS between the station and its scanner child."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ClientIdentity:
    """A self-signed P-256 certificate and its key, PEM; lives in memory only."""

    certificate_pem: bytes
    key_pem: bytes


def make_identity(name: str = "vst-station") -> ClientIdentity:
    """A new one-time identity. P-256, because P-521 breaks Python's gRPC."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    # Certificates live on the machine's real clock, whatever time the demo plays.
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return ClientIdentity(
        certificate_pem=certificate.public_bytes(serialization.Encoding.PEM),
        key_pem=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def der_to_pem(der: bytes) -> bytes:
    """A DER certificate as PEM.

    Raises:
        ValueError: It is no certificate.
    """
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)
