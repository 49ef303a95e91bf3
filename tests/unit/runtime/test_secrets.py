"""Where secrets are looked for, and in which order."""

from __future__ import annotations

from pathlib import Path

import keyring
import keyring.errors
import pytest

from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.secrets import find_secret, without_secrets


class OneSecret:
    """A keyring that holds one secret, or refuses. No subclass: those offer themselves to all."""

    def __init__(self) -> None:
        self.failure: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.failure is not None:
            raise self.failure
        return "from keyring" if (service, username) == ("vst-desktop", "scanner_token") else None


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> OneSecret:
    ring = OneSecret()
    monkeypatch.setattr(keyring.core, "_keyring_backend", ring)
    return ring


def test_environment_comes_before_its_file_and_that_before_the_keyring(
    tmp_path: Path, ring: OneSecret
) -> None:
    file = tmp_path / "token"
    file.write_text("from file\n")
    by_file = {"VST_SCANNER_TOKEN_FILE": str(file)}
    assert find_secret("scanner_token", {"VST_SCANNER_TOKEN": "given ", **by_file}) == "given"
    assert find_secret("scanner_token", by_file) == "from file"
    assert find_secret("scanner_token", {}) == "from keyring"
    assert find_secret("another", {}) is None


def test_unreadable_file_is_named_with_its_variable(tmp_path: Path, ring: OneSecret) -> None:
    missing = str(tmp_path / "none")
    with pytest.raises(UserError, match=r"none: cannot be read; correct VST_SCANNER_TOKEN_FILE"):
        find_secret("scanner_token", {"VST_SCANNER_TOKEN_FILE": missing})


def test_no_keyring_is_no_secret_and_a_locked_one_is_told(ring: OneSecret) -> None:
    ring.failure = keyring.errors.NoKeyringError()
    assert find_secret("scanner_token", {}) is None
    ring.failure = keyring.errors.KeyringLocked("locked")
    with pytest.raises(UserError, match="does not give scanner_token: locked; unlock it"):
        find_secret("scanner_token", {})


def test_a_child_is_given_settings_and_no_secret() -> None:
    told = {
        "PATH": "/bin",
        "VST_HOME": "/h",
        "VST_SCANNER__KERNEL": "scalar",
        "VST_TIINGO_TOKEN": "x",
        "VST_ALERTS_SLACK_FILE": "/s",
    }
    assert set(without_secrets(told)) == {"PATH", "VST_HOME", "VST_SCANNER__KERNEL"}
