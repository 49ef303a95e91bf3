"""What one cell shows, and what a column is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Kind(Enum):
    """How a cell is painted."""

    TEXT = auto()
    CHIP = auto()
    DOT = auto()
    """A coloured dot before text: a state that is not the row's verb."""
    SPARK = auto()
    DISTANCE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """Where the price stands between stop and target, with the entry between them."""

    stop: float
    entry: float
    target: float | None
    spot: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell. ``tone`` is a tone of the tokens; ``extra`` a second, dimmer text after it."""

    text: str = ""
    tone: str = "text"
    strong: bool = False
    extra: str = ""
    tooltip: str = ""
    spark: tuple[float, ...] = ()
    distance: Distance | None = None
    struck: bool = False
    """Struck through: the price is too old to be believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column[Row]:
    """One column of a table.

    ``sample`` is a text as wide as any the column must show; ``stretch`` its share of the width
    left over; ``rank`` the order in which columns go when the table gets narrow (highest first,
    0 never).
    """

    title: str
    sample: str
    cell: Callable[[Row], Cell]
    sort: Callable[[Row], Any]
    kind: Kind = Kind.TEXT
    right: bool = False
    stretch: int = 1
    rank: int = 0
    tooltip: str = ""
    optional: bool = False
    """Hidden until the trader chooses it."""
