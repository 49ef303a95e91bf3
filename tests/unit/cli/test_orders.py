"""``vst orders exits``: what its options make of a position's exits."""

from __future__ import annotations

import argparse
from datetime import date

import pytest

from tests.helpers.trades import plan
from vst_desktop.cli.orders import _edit, add_parser
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.exit_edits import ExitEdit


def edit(*options: str) -> ExitEdit:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    given = parser.parse_args(["orders", "exits", "VST-1", "--profile", "paper", *options])
    return _edit(plan(), given)


def test_what_is_not_given_stays() -> None:
    before = plan()
    assert edit("--stop", "101.5") == ExitEdit(
        stop=101.5, target=before.target, exit_by=before.exit_by
    )


def test_a_target_is_taken_away_by_name() -> None:
    assert edit("--target", "none").target is None
    assert edit("--target", "109").target == 109.0


def test_the_day_is_an_iso_date() -> None:
    assert edit("--exit-by", "2023-11-21").exit_by == date(2023, 11, 21)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--stop", "low"), "--stop 'low' is no price"),
        (("--target", "high"), "--target 'high' is no price"),
        (("--exit-by", "soon"), "--exit-by 'soon' is no day"),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(options: tuple[str, ...], told: str) -> None:
    with pytest.raises(UserError, match=told) as refused:
        edit(*options)
    assert refused.value.exit_code == 2
