"""What an HTTP service answered to a notification: apprise itself only says yes or no."""

from __future__ import annotations

import email.utils
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import requests
import requests.sessions
from requests.adapters import HTTPAdapter

from vst_desktop.ports.notifier import DeliveryError

_LASTING = {400, 401, 403, 404, 405, 410, 413}

_answers: ContextVar[list[requests.Response] | None] = ContextVar("answers", default=None)


class _Listening(HTTPAdapter):
    """Remembers answers for whoever listens in the same thread."""

    def build_response(self, *args: Any, **kwargs: Any) -> requests.Response:
        """The answer, remembered."""
        response = super().build_response(*args, **kwargs)
        if (answers := _answers.get()) is not None:
            answers.append(response)
        return response


# Sessions of requests mount the adapter of this name; apprise makes one for each call.
requests.sessions.HTTPAdapter = _Listening  # type: ignore[attr-defined]


def listen() -> list[requests.Response]:
    """The list that this thread's answers go to from now on."""
    answers: list[requests.Response] = []
    _answers.set(answers)
    return answers


def failure(answers: list[requests.Response], otherwise: str) -> DeliveryError:
    """Why a notification failed, by the last answer; ``otherwise`` when there was none."""
    if not answers:
        return DeliveryError(otherwise)
    last = answers[-1]
    return DeliveryError(
        f"HTTP {last.status_code}",
        retry_after_secs=retry_after_secs(last.headers.get("Retry-After"), datetime.now(UTC)),
        lasting=last.status_code in _LASTING,
    )


def retry_after_secs(header: str | None, now: datetime) -> float | None:
    """Seconds that ``Retry-After`` asks for, given as a number or as a date; None when neither."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
