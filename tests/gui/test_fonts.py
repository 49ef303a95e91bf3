"""The bundled typeface: every machine shows the same letters, and figures stand in columns."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QFont, QFontDatabase, QFontInfo, QFontMetricsF
from PySide6.QtWidgets import QApplication

FONTS = Path(__file__).resolve().parents[2] / "resources" / "fonts"


@pytest.fixture
def inter(qapp: QApplication) -> None:
    """Load the bundled weights into Qt."""
    for path in sorted(FONTS.glob("Inter-*.ttf")):
        number = QFontDatabase.addApplicationFont(str(path))
        assert "Inter" in QFontDatabase.applicationFontFamilies(number), path.name


def font(weight: int) -> QFont:
    made = QFont("Inter")
    made.setPixelSize(12)
    made.setWeight(QFont.Weight(weight))
    return made


@pytest.mark.parametrize("weight", [400, 500, 600])
@pytest.mark.usefixtures("inter")
def test_each_weight_of_the_design_is_there(weight: int) -> None:
    info = QFontInfo(font(weight))
    assert (info.family(), info.weight()) == ("Inter", weight)


@pytest.mark.usefixtures("inter")
def test_tabular_digits_have_one_width() -> None:
    tabular = font(400)
    tabular.setFeature(QFont.Tag("tnum"), 1)
    widths = {QFontMetricsF(tabular).horizontalAdvance(digit) for digit in "0123456789"}
    assert len(widths) == 1


def test_the_licence_lies_beside_the_fonts() -> None:
    text = (FONTS / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
