"""Secrets: from the environment, from a file that the environment names, or from the OS keyring."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.paths import APP
from vst_desktop.runtime.redaction import REDACTOR

ENV_PREFIX = "VST_"
HOME_VARIABLE = "VST_HOME"


def find_secret(name: str, environment: Mapping[str, str] | None = None) -> str | None:
    """The secret of this name, such as ``scanner_token``; None when there is none anywhere.

    Looked for in the variable ``VST_SCANNER_TOKEN``, in the file that ``VST_SCANNER_TOKEN_FILE``
    names, and in the OS keyring under the service ``vst-desktop``. May block: the keyring may ask
    its owner. What is found is hidden in logs from then on.

    Raises:
        UserError: The file cannot be read, or the keyring refuses.
    """
    secret = _find(name, os.environ if environment is None else environment)
    if secret is not None:
        REDACTOR.learn(secret)
    return secret


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """What a child of ours may be given: no variable that a secret may stand in."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(ENV_PREFIX) or "__" in name or name == HOME_VARIABLE
    }


def store_secret(name: str, value: str) -> None:
    """Keep a secret in the OS keyring.

    Raises:
        UserError: There is no keyring, or it refuses.
    """
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    REDACTOR.learn(value)
    try:
        keyring.set_password(APP, name, value)
    except NoKeyringError:
        raise UserError(
            "there is no OS keyring here",
            remedy=f"name a file that only you can read in {ENV_PREFIX}{name.upper()}_FILE",
        ) from None
    except KeyringError as error:
        raise UserError(f"the OS keyring does not take {name}: {error}") from None


def _find(name: str, found: Mapping[str, str]) -> str | None:
    variable = ENV_PREFIX + name.upper()
    if text := found.get(variable):
        return text.strip()
    if file := found.get(f"{variable}_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise UserError(
                "cannot be read", where=file, remedy=f"correct {variable}_FILE"
            ) from None
    return _from_keyring(name)


def _from_keyring(name: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError, NoKeyringError

    try:
        return keyring.get_password(APP, name)
    except NoKeyringError:
        return None
    except KeyringError as error:
        raise UserError(
            f"the OS keyring does not give {name}: {error}", remedy="unlock it and try again"
        ) from None
