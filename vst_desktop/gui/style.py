"""The style sheet, made from the tokens. Fonts are set in code: features do not pass through."""

from __future__ import annotations

from vst_desktop.gui.tokens import GAP_PX, RADIUS_PX, Tokens, mix

_TONES = ("text", "text2", "text3", "accent", "gain", "loss", "warn", "info", "muted")


def style_sheet(t: Tokens) -> str:
    """The application's style sheet."""
    tones = "\n".join(f'QLabel[tone="{tone}"] {{ color: {t.tone(tone)}; }}' for tone in _TONES)
    return f"""
QMainWindow, QDialog, QMessageBox {{ background: {t.window}; }}
QLabel {{ color: {t.text}; background: transparent; }}
{tones}
QToolTip {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line}; padding: 4px; }}
QFrame#pane {{ background: {t.pane}; border: none; border-radius: {RADIUS_PX}px; }}
QFrame#paneHeader {{ background: transparent; border: none; border-bottom: 1px solid {t.line}; }}
QFrame#rule {{ background: {t.line}; border: none; }}
QSplitter::handle {{ background: transparent; }}
QMainWindow::separator {{ background: transparent; width: {GAP_PX}px; height: {GAP_PX}px; }}
QMainWindow::separator:hover {{ background: {t.line}; }}
QFrame#grip {{ background: {t.raised}; border: none; border-radius: {RADIUS_PX}px; }}
QTabBar::tab {{ background: {t.pane}; color: {t.text2}; padding: 5px 12px; margin-right: 2px; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; }}
QTableView {{ background: transparent; border: none; outline: none;
  selection-background-color: {t.selected}; }}
QTableView:focus {{ border: none; }}
QHeaderView {{ background: transparent; border: none; }}
QHeaderView::section {{ background: transparent; color: {t.text2}; border: none;
  border-bottom: 1px solid {t.line}; padding: 0 6px; }}
QHeaderView::section:first {{ padding-left: 12px; }}
QHeaderView::section:last {{ padding-right: 12px; }}
QScrollArea, QScrollArea > QWidget > QWidget#scrollBody {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: 8px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {t.line}; border-radius: 4px; min-height: 24px; }}
QScrollBar::handle:vertical:hover {{ background: {t.text3}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QPushButton {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line};
  border-radius: 4px; padding: 0 12px; min-height: 24px; }}
QPushButton:hover {{ background: {t.hover}; }}
QPushButton:focus {{ border: 1px solid {t.accent}; }}
QPushButton:disabled {{ color: {t.text3}; }}
{_filled("gain", t.gain, t)}
{_filled("DEMO", t.gain, t)}
{_filled("PAPER", t.gain, t)}
{_filled("LIVE", t.live, t)}
QPushButton#kill {{ background: transparent; color: {t.loss}; border: 1px solid {t.loss}; }}
QPushButton#kill:hover {{ background: {mix(t.loss, t.window, 0.15)}; }}
QPushButton#kill[killed="true"] {{ background: {t.loss}; color: {t.on_fill}; }}
QToolButton {{ background: transparent; color: {t.text2}; border: none; border-radius: 4px;
  padding: 2px 4px; }}
QToolButton::menu-indicator {{ image: none; }}
QToolButton:hover {{ color: {t.text}; background: {t.hover}; }}
QToolButton:focus {{ color: {t.text}; border: 1px solid {t.accent}; }}
QToolButton:checked {{ color: {t.text}; }}
QToolButton:disabled {{ color: {t.text3}; }}
QToolButton#alternative {{ text-align: left; color: {t.text2}; padding: 2px 0; }}
QFrame#banner {{ border: none; border-radius: 4px; }}
{_banners(t)}
QProgressBar {{ background: {t.line}; border: none; }}
QProgressBar::chunk {{ background: {t.accent}; }}
QScrollBar:horizontal {{ background: transparent; height: 8px; margin: 0; }}
QScrollBar::handle:horizontal {{ background: {t.line}; border-radius: 4px; min-width: 24px; }}
QLineEdit {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line};
  border-radius: 4px; padding: 0 8px; min-height: 24px; }}
QLineEdit:focus {{ border: 1px solid {t.accent}; }}
QRadioButton {{ color: {t.text}; spacing: 8px; }}
QCheckBox {{ color: {t.text}; spacing: 8px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {t.text3};
  border-radius: 3px; background: {t.raised}; }}
QCheckBox::indicator:checked {{ background: {t.accent}; border: 1px solid {t.accent}; }}
QCheckBox::indicator:focus {{ border: 1px solid {t.text}; }}
QRadioButton::indicator {{ width: 10px; height: 10px; border: 2px solid {t.text2};
  border-radius: 7px; }}
QRadioButton::indicator:checked {{ background: {t.accent}; border-color: {t.text}; }}
QRadioButton:focus {{ color: {t.accent}; }}
QListWidget {{ background: {t.pane}; color: {t.text}; border: 1px solid {t.line};
  border-radius: 4px; outline: none; }}
QListWidget::item {{ padding: 5px 8px; }}
QListWidget::item:selected {{ background: {t.selected}; color: {t.text}; }}
QMenu {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line}; padding: 4px; }}
QMenu::item {{ padding: 5px 20px 5px 10px; }}
QMenu::item:selected {{ background: {t.hover}; }}
"""


def _filled(name: str, colour: str, t: Tokens) -> str:
    selector = f'QPushButton[fill="{name}"]'
    return f"""
{selector} {{ background: {colour}; color: {t.on_fill}; border: 1px solid {colour}; }}
{selector}:hover {{ background: {mix(colour, t.text, 0.88)}; }}
{selector}:focus {{ border: 1px solid {t.text}; }}
{selector}:disabled {{ background: {mix(colour, t.pane, 0.22)}; color: {t.text2};
  border: 1px solid {mix(colour, t.pane, 0.3)}; }}"""


def _banners(t: Tokens) -> str:
    return "\n".join(
        f'QFrame#banner[tone="{tone}"] {{ background: {t.chip_ground(tone)}; }}'
        for tone in ("loss", "warn", "info")
    )
