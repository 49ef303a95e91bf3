"""The lab: a backtest or a search of two settings, with its pictures, beside the station."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from PySide6.QtCore import QProcess, QProcessEnvironment, Qt, QThreadPool, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vst_desktop.domain.errors import UserError
from vst_desktop.gui.models.lab_rows import TRADES
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.panes.price_chart import PriceChart
from vst_desktop.gui.theme import Theme
from vst_desktop.gui.widgets.banner import Banner
from vst_desktop.gui.widgets.lab_plot import LabPlot
from vst_desktop.gui.widgets.table import Table
from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.program import console
from vst_desktop.runtime.secrets import without_secrets
from vst_desktop.station.lab import LabRequest, LabResult, progress_of, read_result
from vst_desktop.station.lab_trades import LabTrade, trade_chart

_FORM_PX = 340
_PICTURES_PX, _TRADES_PX = 520, 380
_FIELDS = (
    ("bars", "Bars", "", "Parquet or CSV of daily bars, or a bar store's folder"),
    ("symbols", "Symbols", "", "Separated by commas; empty: all"),
    ("strategies", "Strategies", "", "Separated by commas; empty: all"),
    ("start", "From", "2019-01-01", "First day of entries"),
    ("end", "To", "2019-12-31", "Last day"),
    ("first", "Vary", "", "A setting and its values, min_reward_risk=1,1.5,2; empty: one backtest"),
    ("second", "and", "", "A second one, for a heat map of both"),
)


class LabView(QWidget):
    """Runs one child at a time. Cancel ends it; a search goes on from its outcomes next time.

    Args:
        theme: Colours.
        banner: Where it is said what was refused.
    """

    done_reading = Signal(object)
    """The result, or the error that kept it from being read; from another thread."""

    def __init__(self, theme: Theme, banner: Banner) -> None:
        super().__init__()
        self._folder = find_paths().data / "lab"
        self._said = ""
        self._cancelled = False
        self.child = QProcess(self)
        self.child.readyReadStandardError.connect(self._told)
        self.child.finished.connect(self._ended)
        self.child.errorOccurred.connect(self._not_started)
        self.done_reading.connect(self._show)
        self.fields = {name: self._field(*about) for name, *about in _FIELDS}
        self.pricing = QComboBox()
        self.pricing.addItems(["modelled", "recorded", "fixed"])
        self.pricing.setAccessibleName("Option prices")
        self.banner = banner
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress")
        self.run = self._button("Run", "Play this over history", self.start)
        self.cancel = self._button("Cancel", "End this run", self.stop)
        self.report = self._button("Report", "Open the HTML report", self._open_report)
        self.save = self._button("Save report…", "Keep the report and its figures", self._save)
        self.headline = QLabel("Choose bars, and run.")
        self.headline.setWordWrap(True)
        self.plot = LabPlot(theme)
        self.chart = PriceChart(theme)
        self.chart.hide()
        self.trades: RowModel[LabTrade] = RowModel(TRADES, lambda r: r.key)
        self.table = Table(theme, self.trades, lambda r: r.key, "Trades")
        self.table.set_note("The trades of a backtest stand here; a click shows one on its bars.")
        self.table.chosen.connect(self._show_trade)
        self.lines = QPlainTextEdit()
        self.lines.setReadOnly(True)
        self.lines.setAccessibleName("Shadow book and warnings")
        self._lay_out()
        self.lines.hide()
        self._busy(False)
        self._has_report(False)

    def start(self) -> None:
        """Run what the fields say."""
        texts = {name: field.text().strip() for name, field in self.fields.items()}
        vary = tuple(texts.pop(name) for name in ("first", "second"))
        asked = LabRequest(
            **texts, pricing=self.pricing.currentText(), vary=tuple(one for one in vary if one)
        )
        # The same search finds its outcomes again, in this run of the window and in later ones.
        name = sha256(repr(asked).encode()).hexdigest()[:16]
        self._folder = find_paths().data / "lab" / name
        try:
            arguments = asked.arguments(self._folder)
        except UserError as error:
            self.banner.tell(str(error))
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "result.json").unlink(missing_ok=True)
        self.banner.dismiss()
        self._said, self._cancelled = "", False
        self._has_report(False)
        self._busy(True)
        environment = QProcessEnvironment()
        for name, value in (without_secrets(os.environ) | {"VST_PROGRESS": "1"}).items():
            environment.insert(name, value)
        self.child.setProcessEnvironment(environment)
        self.child.setStandardOutputFile(QProcess.nullDevice())
        program, *first = console()
        self.child.start(program, [*first, *arguments])

    def stop(self) -> None:
        """End the run that is under way."""
        self._cancelled = True
        self.child.kill()

    def _told(self) -> None:
        text = bytes(self.child.readAllStandardError().data()).decode("utf-8", "replace")
        self._said = (self._said + text)[-4000:]
        progress = progress_of(text)
        if progress is not None:
            self.bar.setRange(0, progress[1])
            self.bar.setValue(progress[0])

    def _not_started(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._busy(False)
            self.banner.tell(f"The lab did not start: {self.child.errorString()}.")

    def _ended(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._cancelled:
            self._busy(False)
            self.headline.setText("Cancelled. A search goes on from here when it is run again.")
        elif code or status is not QProcess.ExitStatus.NormalExit:
            self._busy(False)
            lines = self._said.strip().splitlines() or ["the run ended without a word"]
            self.banner.tell(lines[-1])
        else:
            QThreadPool.globalInstance().start(self._read)

    def _read(self) -> None:
        try:
            self.done_reading.emit(read_result(self._folder / "result.json"))
        except UserError as error:
            self.done_reading.emit(error)

    def _show(self, found: LabResult | UserError) -> None:
        self._busy(False)
        if isinstance(found, UserError):
            self.banner.tell(str(found))
            return
        self.headline.setText(found.headline)
        self.plot.show_result(found)
        self.trades.set_rows(found.trades)
        self.chart.hide()
        self.lines.setPlainText("\n".join(found.lines))
        self.lines.setVisible(bool(found.lines))
        self._has_report(True)

    def _show_trade(self, key: str) -> None:
        trade = self.table.current_row()
        if trade is None or trade.key != key:
            return
        try:
            found = trade_chart(self._folder / "bars", trade)
        except UserError as error:
            self.banner.tell(str(error))
            return
        self.chart.show()
        self.chart.show_chart(found)

    def _busy(self, busy: bool) -> None:
        self.run.setEnabled(not busy)
        self.cancel.setEnabled(busy)
        self.bar.setVisible(busy)
        if busy:
            self.bar.setRange(0, 0)

    def _has_report(self, there: bool) -> None:
        self.report.setEnabled(there)
        self.save.setEnabled(there)

    @property
    def _page(self) -> Path:
        """The HTML report: a search and a backtest name theirs differently."""
        page = self._folder / "optimize.html"
        return page if page.exists() else self._folder / "index.html"

    def _open_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._page)))

    def _save(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Keep the report in")
        if not chosen:
            return
        try:
            for file in (self._page, self._folder / "result.json"):
                shutil.copy(file, Path(chosen) / f"backtest-{file.name}")
        except OSError as error:
            self.banner.tell(f"The report was not kept: {error}.")

    def _field(self, name: str, text: str, tip: str) -> QLineEdit:
        field = QLineEdit(text)
        field.setAccessibleName(name)
        field.setToolTip(tip)
        field.setPlaceholderText(tip)
        return field

    def _button(self, text: str, tip: str, call: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked=False: call())
        return button

    def _with_browse(self) -> QHBoxLayout:
        browse = QToolButton()
        browse.setText("…")
        browse.setAccessibleName("Choose bars")
        browse.setToolTip("Choose a file of daily bars")
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.fields["bars"], 1)
        row.addWidget(browse)
        return row

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Daily bars", "", "Bars (*.parquet *.csv)")
        if chosen:
            self.fields["bars"].setText(chosen)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for name, label, *_ in _FIELDS:
            form.addRow(label, self._with_browse() if name == "bars" else self.fields[name])
        form.addRow("Prices", self.pricing)
        buttons = QGridLayout()
        for place, button in enumerate((self.run, self.cancel, self.report, self.save)):
            buttons.addWidget(button, place // 2, place % 2)
        left = QWidget()
        left.setMaximumWidth(_FORM_PX)
        column = QVBoxLayout(left)
        column.addLayout(form)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.headline)
        column.addWidget(self.lines, 1)
        column.addStretch()
        pictures = QSplitter(Qt.Orientation.Horizontal)
        pictures.addWidget(self.plot)
        pictures.addWidget(self.chart)
        right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(pictures)
        right.addWidget(self.table)
        right.setSizes([_PICTURES_PX, _TRADES_PX])
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 4, 8, 8)
        layout.addWidget(left)
        layout.addWidget(right, 1)
