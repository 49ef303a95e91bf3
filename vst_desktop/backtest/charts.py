"""Line pictures for the report, as SVG text: no library, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from vst_desktop.backtest.listing import as_date
from vst_desktop.backtest.panel import Floats, Ints

WIDTH, HEIGHT = 900, 260
LEFT, RIGHT, TOP, BOTTOM = 70, 44, 12, 26
MOST_POINTS = 900
COLOURS = ("#2f6fb0", "#c2681a", "#3a8f5c", "#8a5aa8", "#a33b45", "#5c6b73")
DASHES = ("", "7 4", "2 3", "9 3 2 3", "4 4", "1 4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A named curve over days."""

    name: str
    values: Floats


def lines(days: Ints, curves: Sequence[Line], *, percent: bool = False, title: str) -> str:
    """Curves on one pair of axes; told apart by colour and by dashes."""
    if not len(days) or not curves:
        return ""
    keep = np.unique(np.linspace(0, len(days) - 1, min(len(days), MOST_POINTS)).astype(np.int64))
    low = min(float(curve.values.min()) for curve in curves)
    high = max(float(curve.values.max()) for curve in curves)
    if high - low < 1e-12:
        low, high = low - 1, high + 1
    span = max(int(days[-1] - days[0]), 1)

    def x(day: float) -> float:
        return LEFT + (day - float(days[0])) / span * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>"
    ]
    for value in np.linspace(low, high, 5).tolist():
        text = f"{100 * value:.1f} %" if percent else f"{value:,.0f}"
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" '
            f'y2="{y(value):.1f}"/><text x="{LEFT - 6}" y="{y(value) + 4:.1f}" '
            f'text-anchor="end">{text}</text>'
        )
    for place in np.unique(np.linspace(0, len(days) - 1, 6).astype(np.int64)).tolist():
        day = int(days[place])
        parts.append(
            f'<text x="{x(day):.1f}" y="{HEIGHT - 6}" text-anchor="middle">'
            f"{as_date(day):%d %b %Y}</text>"
        )
    for number, curve in enumerate(curves):
        points = " ".join(
            f"{x(float(days[k])):.1f},{y(float(curve.values[k])):.1f}" for k in keep.tolist()
        )
        dash = DASHES[number % len(DASHES)]
        parts.append(
            f'<polyline fill="none" stroke="{COLOURS[number % len(COLOURS)]}" stroke-width="1.6"'
            f'{f" stroke-dasharray={chr(34)}{dash}{chr(34)}" if dash else ""} points="{points}"/>'
        )
    parts.append("</svg>")
    return "".join(parts) + (_legend(curves) if len(curves) > 1 else "")


def _legend(curves: Sequence[Line]) -> str:
    items = []
    for number, curve in enumerate(curves):
        dash = DASHES[number % len(DASHES)]
        items.append(
            f'<span><svg class="key" viewBox="0 0 28 8"><line x1="0" x2="28" y1="4" y2="4" '
            f'stroke="{COLOURS[number % len(COLOURS)]}" stroke-width="2" '
            f'stroke-dasharray="{dash}"/></svg> {escape(curve.name)}</span>'
        )
    return f'<p class="legend">{" ".join(items)}</p>'


def heat(
    rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float | None]]
) -> str:
    """A table whose cells are coloured by their value, which also stands in each."""
    known = [v for row in values for v in row if v is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = []
    for name, row in zip(rows, values, strict=True):
        cells = []
        for value in row:
            if value is None:
                cells.append("<td>–</td>")
                continue
            share = (value - low) / (high - low) if high > low else 0.5
            cells.append(
                f'<td style="background:hsl(210 60% {95 - 45 * share:.0f}%);'
                f'color:{"#fff" if share > 0.75 else "#111"}">{value:,.2f}</td>'
            )
        body.append(f"<tr><th>{escape(name)}</th>{''.join(cells)}</tr>")
    return f'<table class="heat"><tr><th></th>{head}</tr>{"".join(body)}</table>'
