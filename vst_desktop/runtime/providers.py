"""What each service of daily bars needs from the station: its keys, and where it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.secrets import ENV_PREFIX, find_secret
from vst_desktop.runtime.settings import BarsSettings

KEYS: Mapping[str, tuple[str, ...]] = {
    "alpaca": ("key_id", "secret_key"),
    "tiingo": ("token",),
}
"""The secrets of each service; ``key_id`` of Alpaca is the secret ``alpaca_key_id``."""


def provider_config(
    name: str, settings: BarsSettings, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the scanner is told of a service, keys included. May block: see ``find_secret``.

    Raises:
        UserError: A key is nowhere.
    """
    config: dict[str, Any] = {
        "base_url": getattr(settings, f"{name}_url"),
        "requests_per_minute": getattr(settings, f"{name}_requests_per_minute"),
    }
    for key in KEYS[name]:
        secret = f"{name}_{key}"
        value = find_secret(secret, environment)
        if not value:
            raise UserError(
                f"{name} needs the secret {secret}",
                remedy=f"store it in the keyring under the service vst-desktop, or set "
                f"{ENV_PREFIX}{secret.upper()}_FILE",
            )
        config[key] = value
    return config
