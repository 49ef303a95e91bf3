"""Every colour and size of the window; style sheets, delegates and plots read them here."""

from __future__ import annotations

from dataclasses import dataclass, replace

ROW_PX = 26
PANE_HEADER_PX = 34
STRIP_PX = 52
GAP_PX = 8
RADIUS_PX = 6
CHIP_RADIUS_PX = 4
BODY_PX = 12
CAPTION_PX = 11
FIGURE_PX = 13
HEADLINE_PX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The colours of one theme, as ``#RRGGBB``."""

    name: str
    window: str
    pane: str
    raised: str
    hover: str
    line: str
    text: str
    text2: str
    text3: str
    accent: str
    selected: str
    gain: str
    loss: str
    warn: str
    live: str
    on_fill: str
    """Text on a button or badge filled with accent, gain, loss, warning or a mode colour."""
    chip_share: float
    """How much of the colour a chip's ground takes from its text."""

    def tone(self, tone: str) -> str:
        """The colour of a tone: a token's name, ``info`` (accent) or ``muted`` (text 2)."""
        match tone:
            case "info":
                return self.accent
            case "muted":
                return self.text2
            case "text" | "text2" | "text3" | "accent" | "gain" | "loss" | "warn" | "live":
                return str(getattr(self, tone))
            case _:
                return self.text2

    def chip_ground(self, tone: str) -> str:
        """The ground of a chip, painted over the pane's colour."""
        return mix(self.tone(tone), self.pane, self.chip_share)

    def mode(self, mode: str) -> str:
        """The colour of a trading mode."""
        return {"DEMO": self.accent, "PAPER": self.warn}.get(mode, self.live)


DARK = Tokens(
    name="dark",
    window="#0B0E13",
    pane="#12171E",
    raised="#1A212B",
    hover="#232C38",
    line="#273140",
    text="#E8ECF2",
    text2="#A3AFBF",
    text3="#76849A",
    accent="#4DA3FF",
    selected="#15263C",
    gain="#2EBD85",
    loss="#F6596B",
    warn="#F0B447",
    live="#FF5C6C",
    on_fill="#0B0E13",
    chip_share=0.15,
)

LIGHT = Tokens(
    name="light",
    window="#E9ECF1",
    pane="#FFFFFF",
    raised="#F4F6F9",
    hover="#E6EAF0",
    line="#D3DAE3",
    text="#131A24",
    text2="#4A5768",
    text3="#667385",
    accent="#0B62C4",
    selected="#E8F1FD",
    gain="#0B7A50",
    loss="#C3283C",
    warn="#8A5A00",
    live="#C3283C",
    on_fill="#FFFFFF",
    chip_share=0.08,
)

COLOUR_BLIND = replace(DARK, name="colour-blind", gain="#7CC4FF", loss="#FF9F45", warn="#F3E36B")

THEMES = (DARK, LIGHT, COLOUR_BLIND)


def theme_named(name: str) -> Tokens:
    """The theme of that name; dark when there is none."""
    return next((theme for theme in THEMES if theme.name == name), DARK)


def mix(colour: str, ground: str, share: float) -> str:
    """``share`` of a colour over a ground."""
    parts = (
        round(top * share + bottom * (1 - share))
        for top, bottom in zip(_rgb(colour), _rgb(ground), strict=True)
    )
    return "#" + "".join(f"{part:02X}" for part in parts)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours by WCAG 2.1, 1 to 21."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in _rgb(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
