"""Secrets are taken out of what is written: by the value, wherever it stands, and by the key."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "[redacted]"
SHORTEST = 6
"""A part of an address shorter than this is too common a word to be taken out everywhere."""

_KEYS = re.compile(
    r"password|passwd|secret|token|api_?key|authorization|credential|cookie|private_?key", re.I
)
_PARTS = re.compile(r"[/:@?&=,]+")


class Redactor:
    """Knows secrets and hides them, also url- and base64-encoded."""

    def __init__(self) -> None:
        self._forms: dict[str, None] = {}
        self._pattern: re.Pattern[str] | None = None

    def learn(self, secret: str) -> None:
        """Hide this value from now on."""
        if not secret or secret in self._forms:
            return
        self._forms.update(dict.fromkeys(_forms(secret)))
        # The longest first: a value that holds another must not leave its rest behind.
        ordered = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered)))

    def learn_address(self, url: str) -> None:
        """Hide an address that holds secrets, and each of its parts that may be one."""
        self.learn(url)
        for part in _PARTS.split(url.partition("://")[2]):
            if len(part) >= SHORTEST:
                self.learn(part)

    def text(self, text: str) -> str:
        """The text without the secrets."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)

    def value(self, value: Any, key: str = "") -> Any:
        """A value without secrets; whatever stands under a key that names one is hidden."""
        if isinstance(value, Mapping):
            return {name: self.value(one, str(name)) for name, one in value.items()}
        if value is not None and not isinstance(value, bool) and _KEYS.search(key):
            return HIDDEN
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (list, tuple)):
            return [self.value(one) for one in value]
        return value


def _forms(secret: str) -> set[str]:
    """How a secret may stand in a text. Of base64, what does not depend on its neighbours."""
    found = {secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}
    found.add(secret.encode("unicode_escape").decode())
    data = secret.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            text = encode(b"\0" * before + data).decode()
            start, end = (0, 2, 3)[before], (before + len(data)) * 8 // 6
            if end - start >= SHORTEST:
                found.add(text[start:end])
    found.add(data.hex())
    return {form for form in found if form}


REDACTOR = Redactor()
"""What this process knows; secrets are learnt where they are found."""
