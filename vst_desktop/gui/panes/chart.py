"""The detail pane: chart, chain, reasons and story of the selected symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from vst_desktop.domain.signals import Explanation
from vst_desktop.gui import format as fmt
from vst_desktop.gui.models.detail_rows import CHAIN, WHY, Reason, reasons
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.theme import Theme, font, set_tone
from vst_desktop.gui.tokens import CAPTION_PX, FIGURE_PX
from vst_desktop.gui.widgets.pane import Pane
from vst_desktop.gui.widgets.table import Table
from vst_desktop.station.desk_view import ChainRow
from vst_desktop.station.view import ChartView, StationView

if TYPE_CHECKING:
    from vst_desktop.gui.panes.price_chart import PriceChart

RANGES = (("1M", 21), ("3M", 63), ("6M", 126), ("1Y", 252))
ALL_SESSIONS = 100_000
CHART_TAB = 0


class ChartPane(Pane):
    """Everything about one symbol behind tabs; the chart is the first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Chart")
        self._view: ChartView | None = None
        self._explained: tuple[Explanation, ...] = ()
        self._quote = QLabel()
        self._quote.setFont(font(FIGURE_PX, 600))
        self._change = QLabel()
        self._change.setFont(font(FIGURE_PX - 1, 600))
        self._legend = QLabel()
        self._legend.setFont(font(CAPTION_PX, 500))
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._legend.setContentsMargins(8, 0, 8, 0)
        self.header.insertWidget(1, self._legend)
        self.header.addWidget(self._quote)
        self.header.addWidget(self._change)
        self._sessions = 126
        self._ranges, self._range_holder = self._range_buttons()
        self._chart: PriceChart | None = None
        self._note = QLabel("Select a row: its chart and ticket follow.")
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        set_tone(self._note, "text2")
        page = QWidget()
        self._page = QVBoxLayout(page)
        self._page.setContentsMargins(0, 0, 0, 0)
        self._page.addWidget(self._note, 1)
        self.add_tab("Chart", page)
        self.chain: RowModel[ChainRow] = RowModel(CHAIN, lambda r: str(r.con_id))
        self.chain_table = Table(theme, self.chain, lambda r: str(r.con_id), "Chain")
        self.chain_table.set_note("No chain: select a candidate, or load one from Scanner.")
        self.why: RowModel[Reason] = RowModel(WHY, _reason_key)
        self.why_table = Table(theme, self.why, _reason_key, "Why")
        self.why_table.set_note("Select a row: each strategy's conditions on it stand here.")
        for table in (self.chain_table, self.why_table):
            self.own_table(table)
            self.add_tab(table.accessibleName(), table)
        self.tab_changed.connect(self._tab_shown)
        self._under_pointer = ""
        theme.changed.connect(self._restyle)
        self._restyle()
        self._tab_shown(CHART_TAB)

    @property
    def chart(self) -> PriceChart:
        """The chart, made when there is first something to draw: the window stands sooner."""
        if self._chart is None:
            from vst_desktop.gui.panes.price_chart import PriceChart

            self._chart = PriceChart(self.theme)
            self._chart.pointed.connect(self._pointed)
            self._chart.show_range(self._sessions)
            self._page.addWidget(self._chart, 1)
        return self._chart

    def show_view(self, view: StationView) -> None:
        """Show the selected symbol of this view."""
        self.set_mode(str(view.strip.mode))
        chart = view.chart
        self._view = chart
        self._note.setVisible(chart is None)
        self._show_head()
        if chart is not None or self._chart is not None:
            self.chart.setVisible(chart is not None)
            self.chart.show_chart(chart)
        self.chain.set_rows(view.chain.rows if view.chain is not None else ())
        if view.scan.explained is not self._explained:
            self._explained = view.scan.explained
            self.why.set_rows(reasons(view.scan.explained))

    def show_range(self, sessions: int) -> None:
        """Show the last so many sessions."""
        self._sessions = sessions
        self.show_tab(CHART_TAB)
        for button in self._ranges.buttons():
            button.setChecked(self._ranges.id(button) == sessions)
        if self._chart is not None:
            self._chart.show_range(sessions)

    def _pointed(self, text: str) -> None:
        self._under_pointer = text
        self._show_head()

    def _show_head(self) -> None:
        chart = self._view
        if chart is None:
            self._quote.setText("")
            self._change.setText("")
            self.set_info("")
            return
        self._quote.setText(f"{chart.symbol}  {fmt.number(chart.last)}")
        arrow = fmt.arrow(chart.change_pct)
        self._change.setText(f"{arrow} {fmt.percent(chart.change_pct, 2, signed=True)}".strip())
        set_tone(self._change, fmt.tone_of(chart.change_pct))
        self.set_info(self._under_pointer or _state(chart))
        self._make_room()

    def _make_room(self) -> None:
        """The bar under the pointer takes the place of what stands there otherwise."""
        for label in (self._quote, self._change):
            label.setVisible(not self._under_pointer)
        self._legend.setVisible(self.tab == CHART_TAB and not self._under_pointer)

    def _tab_shown(self, number: int) -> None:
        on_chart = number == CHART_TAB
        self._range_holder.setVisible(on_chart)
        self._make_room()

    def _restyle(self) -> None:
        tokens = self.theme.tokens
        self._legend.setText(
            f'<span style="color:{tokens.accent}">SMA 50</span>&nbsp;&nbsp;'
            f'<span style="color:{tokens.warn}">SMA 200</span>&nbsp;&nbsp;'
            f'<span style="color:{tokens.text2}">± 1 ATR</span>'
        )

    def _range_buttons(self) -> tuple[QButtonGroup, QWidget]:
        group = QButtonGroup(self)
        holder = QWidget()
        layout = QHBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for number, (name, count) in enumerate((*RANGES, ("All", ALL_SESSIONS))):
            key = f", F{number + 6}" if number < len(RANGES) else ""
            what = f"{count} sessions" if count < ALL_SESSIONS else "every session"
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            button.setChecked(count == self._sessions)
            button.setFont(font(CAPTION_PX, 500))
            button.setToolTip(f"Show {name} ({what}{key})")
            button.setAccessibleName(f"Range {name}")
            group.addButton(button, count)
            layout.addWidget(button)
        group.idClicked.connect(self.show_range)
        self.header.addWidget(holder)
        return group, holder


def _reason_key(row: Reason) -> str:
    return f"{row.strategy}:{row.condition.text}"


def _state(chart: ChartView) -> str:
    """How old its price is, whether the last session forms, and which it is: what matters first."""
    parts = []
    if chart.quoted_secs is not None:
        parts.append(f"{fmt.age(chart.quoted_secs)} s old")
    if chart.forming:
        parts.append("forming")
    if chart.dates:
        parts.append(fmt.day_year(chart.dates[-1]))
    return " · ".join(parts)
