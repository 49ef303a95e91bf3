"""TWS's data farms: lamps, not errors."""

from __future__ import annotations

from vst_desktop.adapters.ibkr.codes import Kind, kind_of


class Farms:
    """Which farms TWS said it lost. A farm that only sleeps is not lost."""

    def __init__(self) -> None:
        self._lost: set[str] = set()

    @property
    def down(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(sorted(self._lost))

    def on_code(self, code: int, text: str) -> None:
        """Take one notice; the farm's name stands behind its last colon in any language."""
        name = text.rpartition(":")[2].strip()
        kind = kind_of(code)
        if kind is Kind.FARM_DOWN:
            self._lost.add(name)
        elif kind is Kind.FARM_OK:
            self._lost.discard(name)

    def clear(self) -> None:
        """The connection that told of them is gone."""
        self._lost.clear()
