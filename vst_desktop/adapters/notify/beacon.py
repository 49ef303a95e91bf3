"""The heartbeat's beacon: an address that is told the station lives."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from vst_desktop.domain.errors import UserError
from vst_desktop.ports.notifier import DeliveryError
from vst_desktop.runtime.redaction import REDACTOR
from vst_desktop.runtime.secrets import find_secret

HEARTBEAT = "alerts_heartbeat"
"""The secret's name: who knows the address can keep a dead station alive."""
TIMEOUT_SECS = 10.0


class HttpBeacon:
    """Implements ``ports.notifier.Beacon``: POSTs the text to an address.

    Services such as Healthchecks keep the last text and send it along when beats stay away.
    """

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise UserError(
                "the heartbeat's address is none", remedy="store one as https://host/path"
            )
        REDACTOR.learn_address(url)
        self._url = url

    async def beat(self, text: str) -> None:
        """POST it."""
        await asyncio.to_thread(self._post, text)

    def _post(self, text: str) -> None:
        request = urllib.request.Request(
            self._url,
            data=text.encode(),
            headers={"Content-Type": "text/plain; charset=utf-8", "User-Agent": "vst"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECS):
                pass
        except urllib.error.HTTPError as error:
            error.close()
            raise DeliveryError(f"HTTP {error.code}") from None
        except OSError as error:
            raise DeliveryError(f"not reached: {getattr(error, 'reason', error)}") from None


def find_beacon() -> HttpBeacon | None:
    """The beacon, if an address is kept. May block: it may be in the keyring."""
    url = find_secret(HEARTBEAT)
    return HttpBeacon(url) if url else None
