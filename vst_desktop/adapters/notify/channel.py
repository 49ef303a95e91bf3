"""A channel that apprise serves: email, Slack, SMS and a hundred more, each by its address."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from vst_desktop.domain.errors import UserError
from vst_desktop.ports.notifier import DeliveryError
from vst_desktop.runtime.heap import loading
from vst_desktop.runtime.redaction import REDACTOR
from vst_desktop.runtime.secrets import find_secret

log = logging.getLogger(__name__)

LONGEST_SECS = 30.0
"""A channel that takes longer has failed; its thread ends when its sockets time out."""
SMS_CHARACTERS = 300


def secret_name(channel: str) -> str:
    """Under which name the channel's address is kept."""
    return f"alerts_{channel}"


class AppriseChannel:
    """Implements ``ports.notifier.Notifier`` over one address of apprise.

    The address (``mailtos://…``, ``slack://…``, ``twilio://…``) holds the credentials: it is
    found in the keyring, the environment or a file, and hidden in logs. Without one the channel
    is not configured.

    Args:
        name: The channel's name.
        url: Its address; None when there is none.
    """

    def __init__(self, name: str, url: str | None) -> None:
        self.name = name
        self._url = url
        self._target: Any = None
        # One thread: a channel that hangs holds up itself alone, and not the rest of the program.
        self._thread: ThreadPoolExecutor | None = None
        if url is not None:
            REDACTOR.learn_address(url)

    @property
    def configured(self) -> bool:
        """Whether there is an address."""
        return self._url is not None

    async def send(self, title: str, body: str) -> None:
        """Deliver; see the port."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"alerts-{self.name}")
        work = asyncio.get_running_loop().run_in_executor(
            self._thread, copy_context().run, self._send, title, body
        )
        try:
            async with asyncio.timeout(LONGEST_SECS):
                await work
        except TimeoutError:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None
            raise DeliveryError(f"no answer within {LONGEST_SECS:g} s") from None

    def _send(self, title: str, body: str) -> None:
        from vst_desktop.adapters.notify import answers

        if self._target is None:
            self._target = _target(self._url or "")
        heard = answers.listen()
        if self.name == "sms":
            body = f"{title}\n{body}"[:SMS_CHARACTERS]
            title = ""
        if not self._target.notify(title=title, body=body):
            raise answers.failure(heard, "it could not be reached, or refused")


def _target(url: str) -> Any:
    """apprise's plug-in of the address."""
    with loading():
        import apprise

        # It logs addresses; what matters of a failure comes back as an error of ours.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        target = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if target is None:
        raise DeliveryError("its address is none that apprise knows", lasting=True)
    target.request_rate_per_sec = 0.0  # the alert centre keeps the rate
    return target


def check_address(url: str) -> None:
    """Refuse an address that apprise does not know.

    Raises:
        UserError: It is none.
    """
    REDACTOR.learn_address(url)
    try:
        _target(url)
    except DeliveryError as error:
        raise UserError(
            str(error), remedy="write it as docs/operations.md shows for each channel", exit_code=2
        ) from None


def find_channel(name: str) -> AppriseChannel:
    """The channel with its address, if there is one. May block: it may be in the keyring."""
    try:
        url = find_secret(secret_name(name))
    except UserError as error:
        log.error("alert channel %s: %s", name, error)
        url = None
    return AppriseChannel(name, url or None)
