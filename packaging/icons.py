"""Draws the application's icon in the sizes and containers that the three systems want.

python packaging/icons.py DIR
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SOURCE = Path(__file__).resolve().parent.parent / "resources" / "icons" / "vst-desktop.svg"
SIZES = (16, 32, 48, 64, 128, 256, 512)
ICNS_KINDS = {b"ic11": 32, b"ic12": 64, b"ic07": 128, b"ic08": 256, b"ic09": 512}


def draw(size: int) -> bytes:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(SOURCE)).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def ico(pictures: dict[int, bytes]) -> bytes:
    """Windows: a directory of PNGs (16 bytes an entry), then the PNGs."""
    sizes = [size for size in pictures if size <= 256]
    place = 6 + 16 * len(sizes)
    head = struct.pack("<HHH", 0, 1, len(sizes))
    for size in sizes:
        length = len(pictures[size])
        head += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, length, place)
        place += length
    return head + b"".join(pictures[size] for size in sizes)


def icns(pictures: dict[int, bytes]) -> bytes:
    """macOS: chunks of kind, length and PNG."""
    chunks = b"".join(
        kind + struct.pack(">I", 8 + len(pictures[size])) + pictures[size]
        for kind, size in ICNS_KINDS.items()
    )
    return b"icns" + struct.pack(">I", 8 + len(chunks)) + chunks


def write(folder: Path) -> None:
    app = QGuiApplication.instance() or QGuiApplication([])
    pictures = {size: draw(size) for size in SIZES}
    folder.mkdir(parents=True, exist_ok=True)
    for size, picture in pictures.items():
        (folder / f"vst-desktop-{size}.png").write_bytes(picture)
    (folder / "vst-desktop.ico").write_bytes(ico(pictures))
    (folder / "vst-desktop.icns").write_bytes(icns(pictures))
    del app


if __name__ == "__main__":
    write(Path(sys.argv[1]))
