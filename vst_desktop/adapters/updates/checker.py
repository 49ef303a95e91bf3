"""Asks for the announcement, at most once a day, and remembers what was seen."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vst_desktop.adapters.updates.manifest import Announcement, read_announcement
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode

TIMEOUT_SECS = 10.0
LARGEST_BYTES = 65_536
EVERY = timedelta(days=1)
REMEDY = "set updates.address to https://host/path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checker:
    """One address that is asked. Blocking: call it in a thread.

    Attributes:
        address: Of the manifest; https, or http on this machine.
        keys: That may have signed.
        memory: File that keeps the days of the last question and of the newest manifest.
        mode: In LIVE nothing is asked.
    """

    address: str
    keys: Sequence[Ed25519PublicKey]
    memory: Path
    mode: Mode

    def due(self, now: datetime) -> bool:
        """Whether a day has passed since the last question."""
        asked = self._remembered("asked")
        return asked is None or not asked <= now < asked + EVERY

    def ask(self, now: datetime) -> Announcement:
        """One GET.

        Raises:
            UserError: In LIVE; no address, no key; not reached; or not to be believed.
        """
        if self.mode is Mode.LIVE:
            raise UserError("updates are not looked for in LIVE", remedy="look in DEMO or PAPER")
        if not self.keys:
            raise UserError(
                "this build knows no key that signs updates", remedy="look at the project's page"
            )
        _check_address(self.address)
        seen = self._remembered("issued")
        # Kept before the answer: an address that fails is asked once a day too.
        self._remember(now, seen)
        found = read_announcement(_get(self.address), self.keys, now=now, seen=seen)
        self._remember(now, found.issued_at)
        return found

    def _remembered(self, name: str) -> datetime | None:
        try:
            moment = datetime.fromisoformat(json.loads(self.memory.read_bytes())[name])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return moment if moment.tzinfo is not None else None

    def _remember(self, asked: datetime, issued: datetime | None) -> None:
        content = {"asked": asked.astimezone(UTC).isoformat()}
        if issued is not None:
            content["issued"] = issued.isoformat()
        fresh = self.memory.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(content) + "\n", encoding="utf-8")
            fresh.replace(self.memory)
        except OSError as error:
            raise UserError(
                f"cannot be written ({error.strerror})",
                where=str(self.memory),
                remedy="set VST_HOME to a folder you can write",
            ) from None


class _SameRules(urllib.request.HTTPRedirectHandler):
    """A redirect may not lead where the address itself could not have."""

    def redirect_request(  # type: ignore[no-untyped-def]  # as the library declares it
        self, req, fp, code, msg, headers, newurl
    ):
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _get(address: str) -> bytes:
    request = urllib.request.Request(address, headers={"User-Agent": "vst"})
    opener = urllib.request.build_opener(_SameRules)
    try:
        with opener.open(request, timeout=TIMEOUT_SECS) as answer:
            body: bytes = answer.read(LARGEST_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise UserError(f"the update address answers HTTP {error.code}") from None
    except (OSError, http.client.HTTPException) as error:
        raise UserError(
            f"the update address was not reached: {getattr(error, 'reason', error)}",
            remedy="try again later",
        ) from None
    if len(body) > LARGEST_BYTES:
        raise UserError("the answer is too large for an update manifest")
    return body


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        raise UserError("the update address is none", where=address, remedy=REMEDY) from None
    if host and parts.scheme == "https":
        return
    if host and parts.scheme == "http" and _is_loopback(host):
        return
    raise UserError("the update address must be https", where=address, remedy=REMEDY)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
