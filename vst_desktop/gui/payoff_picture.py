"""A payoff as a picture in a file, with or without a screen."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication

from vst_desktop.domain.errors import UserError
from vst_desktop.gui.theme import Theme, font
from vst_desktop.gui.tokens import BODY_PX, HEADLINE_PX, Tokens
from vst_desktop.gui.widgets.payoff_drawing import LEFT_PX, Drawing, paint

SIZE = (960, 560)
FORMATS = (".png", ".svg")
_SCALE = 2
"""Pixels of a PNG for each of the drawing's, for sharp text on dense screens."""
_MARGIN_PX, _TITLE_PX, _LINE_PX, _SAMPLE_PX = 20, 30, 20, 22


def save_payoff(
    drawing: Drawing, path: str | Path, *, title: str, subtitle: str, tokens: Tokens
) -> None:
    """Write the drawing with its title and legend; the name's ending tells the format.

    Raises:
        UserError: The ending is neither .png nor .svg, or the file cannot be written.
    """
    where = Path(path)
    if where.suffix.lower() not in FORMATS:
        raise UserError(
            f"a picture cannot have the ending {where.suffix!r}",
            where=str(path),
            remedy="name a .png or .svg file",
            exit_code=2,
        )
    if QApplication.instance() is None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    Theme(app, tokens)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    device: QSvgGenerator | QImage
    if where.suffix.lower() == ".svg":
        device = QSvgGenerator()
        device.setOutputDevice(buffer)
        device.setSize(QSize(*SIZE))
        device.setViewBox(QRectF(0, 0, *SIZE))
        device.setTitle(title)
    else:
        device = QImage(QSize(*SIZE) * _SCALE, QImage.Format.Format_RGB32)
        device.setDevicePixelRatio(_SCALE)
    painter = QPainter(device)
    _paint(painter, drawing, title, subtitle, tokens)
    painter.end()
    if isinstance(device, QImage):
        device.save(buffer, "PNG")  # type: ignore[call-overload]
    try:
        where.write_bytes(buffer.data().data())
    except OSError as error:
        raise UserError(
            f"picture cannot be written ({error.strerror})",
            where=str(path),
            remedy="name a file in a folder you can write",
        ) from None


def _paint(painter: QPainter, drawing: Drawing, title: str, subtitle: str, tokens: Tokens) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    whole = QRectF(0, 0, *SIZE)
    painter.fillRect(whole, QColor(tokens.pane))
    room = whole.adjusted(_MARGIN_PX, _MARGIN_PX, -_MARGIN_PX, -_MARGIN_PX)
    text = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    painter.setFont(font(HEADLINE_PX, 600))
    painter.setPen(QColor(tokens.text))
    painter.drawText(QRectF(room.left(), room.top(), room.width(), _TITLE_PX), text, title)
    painter.setFont(font(BODY_PX))
    painter.setPen(QColor(tokens.text2))
    below = room.top() + _TITLE_PX
    painter.drawText(QRectF(room.left(), below, room.width(), _LINE_PX), text, subtitle)
    bottom = _legend(painter, drawing, room.adjusted(0, _TITLE_PX + _LINE_PX + 6, 0, 0), tokens)
    paint(painter, QRectF(QPointF(room.left(), bottom + 10), room.bottomRight()), drawing, tokens)
    painter.setFont(font(BODY_PX))
    painter.setPen(QColor(tokens.text2))
    painter.drawText(QRectF(room.left(), bottom - 4, LEFT_PX, _LINE_PX), text, "USD")


def _legend(painter: QPainter, drawing: Drawing, room: QRectF, tokens: Tokens) -> float:
    """A sample and a name for each curve, in as many rows as they need; the end of the last."""
    metrics = QFontMetricsF(painter.font())
    left, top = room.left(), room.top()
    for curve in drawing.curves:
        wide = _SAMPLE_PX + 8 + metrics.horizontalAdvance(curve.label)
        if left > room.left() and left + wide > room.right():
            left, top = room.left(), top + _LINE_PX
        middle = top + _LINE_PX / 2
        painter.setPen(curve.pen(2))
        painter.drawLine(QPointF(left, middle), QPointF(left + _SAMPLE_PX, middle))
        painter.setPen(QColor(tokens.text))
        painter.drawText(
            QRectF(left + _SAMPLE_PX + 8, top, wide, _LINE_PX),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            curve.label,
        )
        left += wide + 22
    return top + _LINE_PX
