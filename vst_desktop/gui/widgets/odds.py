"""The plan's odds as a table: an ending a row, a distribution a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vst_desktop.domain.odds import PlanEnd, PlanOdds
from vst_desktop.gui import format as fmt
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import CAPTION_PX

ODDS_ROW_PX = 16
_CAPTION_WIDE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class OddsLine:
    """A caption, then for each distribution what is dim and what is strong."""

    caption: str
    cells: tuple[tuple[str, str], ...]


def odds_lines(odds: Sequence[PlanOdds]) -> list[OddsLine]:
    """The rows below the head: each ending with its dollars and chance, then days and the mean.

    The mean under implied prices is called cost in its own cell, never an edge (SPEC 5).
    """
    return [
        OddsLine(caption="target", cells=tuple(_end(one.target) for one in odds)),
        OddsLine(caption="stop", cells=tuple(_end(one.stop) for one in odds)),
        OddsLine(caption="time", cells=tuple(_end(one.time) for one in odds)),
        OddsLine(
            caption="median", cells=tuple(("", f"{one.median_days:.0f} days") for one in odds)
        ),
        OddsLine(
            caption="average",
            cells=tuple((one.mean_name, fmt.usd(one.mean_usd, signed=True)) for one in odds),
        ),
        OddsLine(
            caption="95 %",
            cells=tuple(
                (
                    f"{fmt.usd(one.mean_low_usd, signed=True)} to "
                    f"{fmt.usd(one.mean_high_usd, signed=True)}",
                    "",
                )
                for one in odds
            ),
        ),
    ]


def _end(end: PlanEnd) -> tuple[str, str]:
    usd = "" if end.usd is None else fmt.usd(end.usd, signed=True)
    return usd, fmt.percent(end.chance)


class OddsTable(QWidget):
    """Shows the odds of one plan; none: it takes no room."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._odds: tuple[PlanOdds, ...] = ()
        self._lines: list[OddsLine] = []
        self.setAccessibleName("Odds of the plan")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_odds(self, odds: Sequence[PlanOdds]) -> None:
        """Show these, a column each."""
        if tuple(odds) == self._odds:
            return
        self._odds = tuple(odds)
        head = OddsLine(
            caption="", cells=tuple((f"n = {one.plays:,}", str(one.distribution)) for one in odds)
        )
        self._lines = [head, *odds_lines(odds)] if odds else []
        told = [f"{one.sample()}: {one.text()}; {one.mean_text()}" for one in odds]
        self.setAccessibleDescription("; ".join(told))
        self.setToolTip("\n".join(told).replace("-$", f"{fmt.MINUS}$"))
        self.setVisible(bool(odds))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A row a line."""
        return QSize(200, ODDS_ROW_PX * len(self._lines))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Captions, then each column with its strong text at its right edge."""
        painter = QPainter(self)
        thin, strong = font(CAPTION_PX), font(CAPTION_PX, 600)
        middle = Qt.AlignmentFlag.AlignVCenter
        right = middle | Qt.AlignmentFlag.AlignRight
        each = (self.width() - _CAPTION_WIDE) / max(1, len(self._odds))
        text, dim = self._theme.colour("text"), self._theme.colour("text2")
        for number, line in enumerate(self._lines):
            top = number * ODDS_ROW_PX
            painter.setFont(thin)
            painter.setPen(dim)
            painter.drawText(QRectF(0, top, _CAPTION_WIDE, ODDS_ROW_PX), middle, line.caption)
            for column, (light, heavy) in enumerate(line.cells):
                box = QRectF(_CAPTION_WIDE + column * each, top, each, ODDS_ROW_PX)
                painter.setFont(strong)
                painter.setPen(text)
                painter.drawText(box, right, heavy)
                if heavy:
                    wide = painter.fontMetrics().horizontalAdvance(heavy)
                    box.setRight(box.right() - wide - 6)
                painter.setFont(thin)
                painter.setPen(dim)
                painter.drawText(box, right, light)
        painter.end()
