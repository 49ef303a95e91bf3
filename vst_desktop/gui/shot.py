"""Pictures of the window, with or without a screen."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QApplication

from vst_desktop.domain.errors import UserError
from vst_desktop.gui.bridge import Bridge
from vst_desktop.gui.mainwindow import MainWindow
from vst_desktop.gui.theme import Theme
from vst_desktop.gui.tokens import DARK, Tokens
from vst_desktop.station.api import StationApi
from vst_desktop.station.view import StationView

SIZE = (1600, 1000)
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
    _save(_with_few_colours(picture.toImage()), path)


def _with_few_colours(image: QImage) -> QImage:
    """Its 256 most frequent colours, which are nearly all there are: a quarter of the size."""
    import numpy as np  # not for every start of the window

    image = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), dtype=np.uint32)
    colours, counts = np.unique(pixels, return_counts=True)
    common = colours[np.argsort(counts)[::-1][:256]]
    return image.convertToFormat(QImage.Format.Format_Indexed8, common.tolist(), _NO_DITHER)


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
