"""R9: a settings file that was cut, flipped, zeroed or replaced is refused by name, never lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.settings import Settings, load_settings

MUTANTS = 250
SOUND = b"""\
# mine
[execution]
trading_mode = "PAPER"

[risk]
max_positions = 4
risk_per_trade = 0.015

[options]
min_dte = 25
max_dte = 50

[broker]
allowed_accounts = ["DU1234567"]
"""


def flipped(data: bytearray, g: random.Random) -> None:
    for _ in range(g.randint(1, 4)):
        data[g.randrange(len(data))] ^= 1 << g.randrange(8)


def cut(data: bytearray, g: random.Random) -> None:
    del data[g.randrange(len(data)) :]


def zeroed(data: bytearray, g: random.Random) -> None:
    start = g.randrange(len(data))
    stop = g.randint(start + 1, len(data))
    data[start:stop] = bytes(stop - start)


def junk(data: bytearray, g: random.Random) -> None:
    data[:] = g.randbytes(g.randint(1, 4096))


@pytest.mark.parametrize("harm", [flipped, cut, zeroed, junk])
def test_damaged_settings_are_read_or_refused_with_a_sentence_and_stay_as_they_are(
    tmp_path: Path, harm: Callable[[bytearray, random.Random], None]
) -> None:
    file = tmp_path / "settings.toml"
    refused = []
    for seed in range(MUTANTS):
        data = bytearray(SOUND)
        harm(data, random.Random(seed))
        file.write_bytes(data)
        try:
            assert isinstance(load_settings(file=file, environment={}), Settings)
        except UserError as error:
            refused.append(str(error))
        assert file.read_bytes() == data
    assert len(refused) > MUTANTS // 10
    assert all(said and "\n" not in said for said in refused)


def test_a_settings_file_of_thousands_of_brackets_is_refused_with_a_sentence(
    tmp_path: Path,
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("x = " + "[" * 100_000)
    with pytest.raises(UserError, match="settings cannot be read"):
        load_settings(file=file, environment={})


def test_a_settings_file_that_is_a_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="settings cannot be read"):
        load_settings(file=tmp_path, environment={})
