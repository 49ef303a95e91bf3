"""The window on screens of other densities: Qt's factor is of a process, so each has its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

REPOSITORY = Path(__file__).resolve().parents[2]
_SHOT = """
import sys, types
# a dependency installs a package of the same name
sys.modules["tests"] = types.ModuleType("tests")
sys.modules["tests"].__path__ = ["tests"]
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton
from tests.helpers.sample_view import sample_view
from vst_desktop.gui.shot import save_view
app = QApplication([])
save_view(sample_view(), sys.argv[1], (1280, 720))
print(app.primaryScreen().devicePixelRatio(), app.highDpiScaleFactorRoundingPolicy().name)
"""


@pytest.mark.parametrize("factor", [1.25, 1.5, 2.0])
def test_the_window_is_drawn_at_the_screens_density_not_rounded(
    tmp_path: Path, factor: float
) -> None:
    picture = tmp_path / "window.png"
    child = subprocess.run(
        [sys.executable, "-c", _SHOT, str(picture)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": str(factor)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout.split() == [str(factor), "PassThrough"]
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (round(1280 * factor), round(720 * factor))
    # the strip's line in the mode's colour is 2 points thick at every density
    column = [image.pixelColor(5, y).name() for y in range(round(60 * factor))]
    assert abs(column.count("#4da3ff") - 2 * factor) < 1
