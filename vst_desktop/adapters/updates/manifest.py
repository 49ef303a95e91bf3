"""The announcement of a release: what it says, and whether it is to be believed."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vst_desktop.domain.errors import UserError

MOST_AHEAD = timedelta(days=1)
_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What was signed.

    Attributes:
        version: Newest release, as ``1.2.3``.
        issued_at: When it was signed: a later one replaces an earlier one, never the reverse.
        expires_at: From then on it proves nothing: somebody may hold back newer ones.
        page: Where a person reads about it and gets it.
    """

    version: str
    issued_at: datetime
    expires_at: datetime
    page: str

    def newer_than(self, version: str) -> bool:
        """Whether it announces more than this version."""
        return parse_version(self.version) > parse_version(version)


def built_in_keys() -> tuple[Ed25519PublicKey, ...]:
    """The keys that this build believes."""
    text = (resources.files(__package__) / "keys.txt").read_text(encoding="ascii")
    lines = (line.strip() for line in text.splitlines())
    return tuple(
        Ed25519PublicKey.from_public_bytes(base64.b64decode(line))
        for line in lines
        if line and not line.startswith("#")
    )


def read_announcement(
    body: bytes, keys: Sequence[Ed25519PublicKey], *, now: datetime, seen: datetime | None
) -> Announcement:
    """Verify the signature, then read what it covers.

    Args:
        body: JSON ``{"manifest": base64, "signature": base64}``; the signature is of the decoded
            manifest.
        keys: One of them must have signed.
        now: For the manifest's dates.
        seen: When the newest one believed so far was issued.

    Raises:
        UserError: Not signed by a key of ours, older than one seen, out of date, or no manifest.
    """
    try:
        outer = json.loads(body)
        signed = base64.b64decode(outer["manifest"], validate=True)
        signature = base64.b64decode(outer["signature"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error):
        raise UserError("the answer is no update manifest") from None
    if not any(_signed(key, signature, signed) for key in keys):
        raise UserError("the update manifest is not signed by a key of this build: ignored")
    try:
        inner = json.loads(signed)
        found = Announcement(
            version=str(inner["version"]),
            issued_at=_moment(inner["issued"]),
            expires_at=_moment(inner["expires"]),
            page=str(inner["page"]),
        )
        parse_version(found.version)
    except (ValueError, KeyError, TypeError):
        raise UserError("the update manifest is signed but cannot be read") from None
    if not found.page.startswith("https://"):
        raise UserError("the update manifest names no https page")
    if seen is not None and found.issued_at < seen:
        raise UserError("the update manifest is older than one seen before: ignored")
    if found.issued_at > now + MOST_AHEAD:
        raise UserError("the update manifest is of the future", remedy="set this computer's clock")
    if found.expires_at <= now:
        raise UserError("the update manifest is out of date: look at the project's page yourself")
    return found


def parse_version(text: str) -> tuple[int, ...]:
    """``1.2.3`` as numbers.

    Raises:
        ValueError: It is not of that form.
    """
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ValueError(f"no version: {text!r}")
    return tuple(int(part) for part in match.groups())


def _signed(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _moment(text: object) -> datetime:
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment.astimezone(UTC)
