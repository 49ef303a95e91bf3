"""Which account is traded in."""

from __future__ import annotations

import pytest

from vst_desktop.adapters.ibkr.session import choose_account
from vst_desktop.domain.errors import UserError


def test_the_only_account_is_taken() -> None:
    assert choose_account(["DU1"], None, (), "here") == "DU1"


def test_the_wanted_one_of_several_is_taken() -> None:
    assert choose_account(["DU1", "DU2"], "DU2", ("DU2",), "here") == "DU2"


@pytest.mark.parametrize(
    ("accounts", "wanted", "allowed", "told"),
    [
        (["DU1", "DU2"], None, (), "DU1, DU2"),
        ([], None, (), "none"),
        (["DU1"], "DU9", (), "DU9"),
        (["U123"], None, ("DU1",), "U123"),
    ],
)
def test_any_doubt_about_the_account_is_told_and_nothing_is_chosen(
    accounts: list[str], wanted: str | None, allowed: tuple[str, ...], told: str
) -> None:
    with pytest.raises(UserError, match=told) as caught:
        choose_account(accounts, wanted, allowed, "127.0.0.1:7497")
    assert "127.0.0.1:7497" in str(caught.value) and caught.value.remedy
