"""Payoff pictures: what is painted where, in PNG and SVG alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from tests.helpers.sample_view import sample_view
from vst_desktop.domain.errors import UserError
from vst_desktop.gui.payoff_picture import SIZE, save_payoff
from vst_desktop.gui.tokens import DARK, LIGHT, THEMES, Tokens, mix
from vst_desktop.gui.widgets.payoff import ticket_drawing
from vst_desktop.gui.widgets.payoff_drawing import Curve, Drawing, Mark, paint

DRAWING = Drawing(
    prices=(90.0, 100.0, 102.0, 105.0, 120.0),
    curves=(
        Curve(label="at expiration", values=(-200, -200, 0, 300, 300), colour="#000000"),
        Curve(label="now", values=(-180, -20, 20, 90, 250), colour="#0000FF", dash="dashes"),
    ),
    marks=(
        Mark(price=102.0, text="breakeven 102.00", tone="text"),
        Mark(price=500.0, text="beyond the picture", tone="gain"),
    ),
)


def picture(path: Path, tokens: Tokens = LIGHT) -> QImage:
    save_payoff(DRAWING, path, title="XYZ bull call", subtitle="1 × for 2.00", tokens=tokens)
    image = QImage(*SIZE, QImage.Format.Format_RGB32)
    if path.suffix == ".svg":
        painter = QPainter(image)
        QSvgRenderer(str(path)).render(painter)
        painter.end()
        return image
    loaded = QImage(str(path))
    assert (loaded.width(), loaded.height()) == (2 * SIZE[0], 2 * SIZE[1])
    return loaded.scaled(*SIZE)


def shares(image: QImage, colour: str, left: float, right: float) -> tuple[float, float]:
    """Share of a colour in the upper and the lower half of a part of the picture's width."""
    wanted = QColor(colour)
    found = [0, 0]
    columns = range(int(image.width() * left), int(image.width() * right), 3)
    rows = range(120, image.height(), 3)
    for y in rows:
        for x in columns:
            here = image.pixelColor(x, y)
            near = max(
                abs(here.red() - wanted.red()),
                abs(here.green() - wanted.green()),
                abs(here.blue() - wanted.blue()),
            )
            found[y > image.height() * 0.6] += near <= 3
    total = len(rows) * len(columns) / 2
    return found[0] / total, found[1] / total


@pytest.mark.parametrize("ending", ["png", "svg"])
@pytest.mark.parametrize("tokens", THEMES, ids=lambda theme: theme.name)
def test_gain_is_above_and_right_loss_below_and_left(
    qapp: QApplication, tmp_path: Path, ending: str, tokens: Tokens
) -> None:
    image = picture(tmp_path / f"p.{ending}", tokens)
    gain, loss = (mix(tokens.tone(tone), tokens.pane, 0.22) for tone in ("gain", "loss"))
    assert shares(image, gain, 0.6, 0.95)[0] > 0.3
    assert sum(shares(image, gain, 0.0, 0.3)) == 0
    assert shares(image, loss, 0.08, 0.3)[1] > 0.15
    assert sum(shares(image, loss, 0.6, 1.0)) == 0
    assert image.pixelColor(2, 2) == QColor(tokens.pane)


def test_an_svg_holds_its_words_and_no_mark_beyond_the_prices(
    qapp: QApplication, tmp_path: Path
) -> None:
    path = tmp_path / "p.svg"
    picture(path)
    text = path.read_text(encoding="utf-8")
    for word in ("XYZ bull call", "1 × for 2.00", "at expiration", "now", "breakeven 102.00"):
        assert word in text
    assert "beyond the picture" not in text


@pytest.mark.parametrize("name", ["p.gif", "p", "p.png.txt"])
def test_other_endings_are_refused(qapp: QApplication, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"name a \.png or \.svg file"):
        picture(tmp_path / name)


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_folder_that_is_not_there_is_told(
    qapp: QApplication, tmp_path: Path, ending: str
) -> None:
    with pytest.raises(UserError, match="picture cannot be written"):
        picture(tmp_path / "none" / f"p.{ending}")


@pytest.mark.parametrize("size", [(60, 30), (300, 130), (4000, 2000)])
def test_any_room_can_be_painted(qapp: QApplication, size: tuple[int, int]) -> None:
    image = QImage(*size, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    paint(painter, QRectF(0, 0, *size), DRAWING, DARK)
    painter.end()


def test_the_ticket_shows_expiration_and_a_date_with_stop_price_breakeven_and_target() -> None:
    ticket = sample_view().ticket
    assert ticket is not None
    drawing = ticket_drawing(ticket, DARK)
    assert [curve.label for curve in drawing.curves] == [
        "at expiration",
        ticket.payoff.date_label,
    ]
    assert {mark.text for mark in drawing.marks} == {"stop", "now", "breakeven", "target"}
