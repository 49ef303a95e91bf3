from __future__ import annotations

import pytest

from vst_desktop.gui.tokens import THEMES, Tokens, contrast

READABLE = 4.5


def test_contrast_follows_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#E8ECF2", "#12171E") == pytest.approx(15.2, abs=0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.name)
@pytest.mark.parametrize(
    "tone", ["text", "text2", "text3", "accent", "gain", "loss", "warn", "live"]
)
def test_text_is_readable_on_the_pane(theme: Tokens, tone: str) -> None:
    assert contrast(theme.tone(tone), theme.pane) >= READABLE


@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.name)
@pytest.mark.parametrize("tone", ["text", "text2", "accent", "gain", "loss", "warn"])
def test_text_is_readable_on_selected_rows(theme: Tokens, tone: str) -> None:
    assert contrast(theme.tone(tone), theme.selected) >= READABLE


@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.name)
@pytest.mark.parametrize("tone", ["info", "muted", "gain", "loss", "warn"])
def test_chips_are_readable(theme: Tokens, tone: str) -> None:
    assert contrast(theme.tone(tone), theme.chip_ground(tone)) >= READABLE


@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.name)
def test_text_on_filled_buttons_and_badges_is_readable(theme: Tokens) -> None:
    for fill in (theme.gain, theme.loss, theme.accent, theme.warn, theme.live):
        assert contrast(theme.on_fill, fill) >= READABLE


@pytest.mark.parametrize("theme", THEMES, ids=lambda t: t.name)
def test_the_modes_differ(theme: Tokens) -> None:
    assert len({theme.mode(mode) for mode in ("DEMO", "PAPER", "LIVE")}) == 3
