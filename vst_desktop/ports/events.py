"""Where earnings and ex-dividend dates come from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from vst_desktop.domain.events import CorporateEvent, EventBook

EventSource = Callable[[], Awaitable[EventBook]]
"""Gives the trader's events as they are now; asked before every scan.

Raises ``UserError``, with the remedy, when the source that the settings name cannot be used.
"""

DividendSource = Callable[[str], CorporateEvent | None]
"""The next dividend that the broker told of a symbol so far, None when it told none. Does not
ask: it is told with the symbol's quote."""
