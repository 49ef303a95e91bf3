"""Numbers as others read them."""

from __future__ import annotations

from decimal import Decimal


def plain_number(value: Decimal) -> int | float:
    """A Decimal as a JSON number: whole ones without a fraction."""
    return int(value) if value == value.to_integral_value() else float(value)
