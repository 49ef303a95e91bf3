"""Channels that carry alerts out of the window."""

from __future__ import annotations

from typing import Protocol


class DeliveryError(Exception):
    """A message was not delivered.

    Args:
        what: Why, without any secret.
        retry_after_secs: The channel asks not to be called before so many seconds.
        lasting: Trying again cannot help: the credentials are wrong, the receiver unknown.
    """

    def __init__(
        self, what: str, *, retry_after_secs: float | None = None, lasting: bool = False
    ) -> None:
        super().__init__(what)
        self.retry_after_secs = retry_after_secs
        self.lasting = lasting


class Notifier(Protocol):
    """One channel. It neither retries nor paces: the alert centre does, for all of them."""

    @property
    def name(self) -> str:
        """``email``, ``slack``, ``sms``, or the name of a further channel."""

    @property
    def configured(self) -> bool:
        """Whether credentials are there; a channel without is shown as not configured."""

    async def send(self, title: str, body: str) -> None:
        """Deliver, within some seconds.

        Raises:
            DeliveryError: It was not delivered.
        """


class Beacon(Protocol):
    """Where a sign of life goes; who watches there raises the alarm when it stays away."""

    async def beat(self, text: str) -> None:
        """Send a sign of life with what should be known if it is the last one.

        Raises:
            DeliveryError: It did not arrive.
        """
