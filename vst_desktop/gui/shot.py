"""Pictures of the window, with or without a screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWidgets import QApplication

from vst_desktop.domain.errors import UserError
from vst_desktop.gui.bridge import Bridge
from vst_desktop.gui.mainwindow import MainWindow
from vst_desktop.gui.theme import Theme
from vst_desktop.gui.tokens import DARK, Tokens, mix
from vst_desktop.station.api import StationApi
from vst_desktop.station.view import StationView

SIZE = (1600, 1000)
_EDGES = (1.0, 0.75, 0.5, 0.25)
_NO_DITHER = Qt.ImageConversionFlag.AvoidDither | Qt.ImageConversionFlag.ThresholdDither


def grab(window: MainWindow, path: str | Path, size: tuple[int, int] = SIZE) -> None:
    """Save a picture of the window as a PNG. It runs Qt's events: never inside their loop.

    Raises:
        UserError: The file cannot be written.
    """
    _settle(window, size)
    save_now(window, path)


def _settle(window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(QSize(*size))
    window.show()
    # Layouts and the chart settle by posted events; two rounds, since the first posts new ones.
    for _ in range(3):
        QCoreApplication.sendPostedEvents()
        QCoreApplication.processEvents()


def save_now(window: MainWindow, path: str | Path) -> None:
    """Save the window as it is painted; safe inside the running loop, which ``grab`` is not.

    Raises:
        UserError: The file cannot be written.
    """
    _save(window.grab().toImage(), path)


def _save(picture: QImage, path: str | Path) -> None:
    # the stub asks for bytes, which the function itself refuses
    if not picture.save(str(path), "PNG"):  # type: ignore[call-overload]
        raise UserError(
            "picture cannot be written",
            where=str(path),
            remedy="name a .png file in a folder you can write",
        )


def save_scaled(window: MainWindow, path: str | Path, size: tuple[int, int], scale: float) -> None:
    """Save the window in so many pixels to a point, as a screen of that density shows it.

    Raises:
        UserError: The file cannot be written.
    """
    _settle(window, size)
    picture = QPixmap(QSize(*size) * scale)
    picture.setDevicePixelRatio(scale)
    window.render(picture)
    _save(_with_few_colours(picture.toImage(), window.theme.tokens), path)


def _with_few_colours(image: QImage, tokens: Tokens) -> QImage:
    """The theme's colours and the most frequent others, 256 in all: a quarter of the size."""
    import numpy as np  # not for every start of the window

    image = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), dtype=np.uint32)
    colours, counts = np.unique(pixels, return_counts=True)
    own = list(dict.fromkeys(QColor(colour).rgb() for colour in _of_theme(tokens)))
    common = [one for one in colours[np.argsort(counts)[::-1]].tolist() if one not in own]
    palette = [*own, *common][:256]
    return image.convertToFormat(QImage.Format.Format_Indexed8, palette, _NO_DITHER)


def _of_theme(tokens: Tokens) -> Iterator[str]:
    """Every tone, and what smooth edges make of it on a pane; rare ones would turn into others."""
    for tone in ("text", "text2", "text3", "accent", "gain", "loss", "warn", "live"):
        for share in _EDGES:
            yield mix(tokens.tone(tone), tokens.pane, share)
            yield mix(tokens.tone(tone), tokens.chip_ground(tone), share)


def save_picture(
    station: StationApi, path: str | Path, size: tuple[int, int] = SIZE, tokens: Tokens = DARK
) -> None:
    """Save a picture of the window as it would show this station now; needs no screen.

    Raises:
        UserError: The file cannot be written.
    """
    save_view(station.view(), path, size, tokens)


def save_view(
    view: StationView, path: str | Path, size: tuple[int, int] = SIZE, tokens: Tokens = DARK
) -> None:
    """Save a picture of the window showing this snapshot; needs no screen and no station.

    Raises:
        UserError: The file cannot be written.
    """
    if QApplication.instance() is None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    theme = Theme(app, tokens)
    bridge = Bridge()
    # The picture shows the resting state: the button's dead time has passed.
    clock = iter(range(0, 1_000_000_000, 10))
    window = MainWindow(theme, bridge, now=lambda: float(next(clock)))
    try:
        window.show_view(view)
        grab(window, path, size)
    finally:
        window.leave()
        window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
