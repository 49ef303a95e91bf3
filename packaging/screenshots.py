"""Pictures of the real window for the documents: the demo's run, every pane, dark and light."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

if TYPE_CHECKING:
    from vst_desktop.domain.bars import BarSeries
    from vst_desktop.gui.mainwindow import MainWindow
    from vst_desktop.station.journal_view import JournalPage
    from vst_desktop.station.view import StationView

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
APPROVED = 2
SIZES = ((1440, 900), (1920, 1080))
SCALES = (1, 2)
SMALL = (1280, 720)


async def played(bars: Path) -> tuple[StationView, JournalPage]:
    """The built-in demo, played to two open positions and a fresh candidate.

    Args:
        bars: Where its market's daily bars are written, for the lab.
    """
    from vst_desktop.bootstrap import DemoOptions, demo_station, profile_settings
    from vst_desktop.domain.orders import OrderState
    from vst_desktop.station.journal_view import JournalQuery

    async with demo_station(profile_settings("demo", []), DemoOptions(held=True)) as (
        station,
        time,
    ):
        assert time is not None
        await station.scan()
        for candidate in station.research.candidates()[:APPROVED]:
            await station.approve(candidate.candidate_id, candidate.revision)
        limit = station.desk.window().closes
        await time.run_until(
            lambda: all(i.state is OrderState.FILLED for i in station.desk.intents()), limit
        )
        await time.settle()
        # the held clock has jumped: what is shown is quoted again
        for candidate in station.research.candidates():
            await station.load_chain(candidate.signal.symbol)
        fresh = next(c for c in station.research.candidates() if station.block_reason(c) is None)
        station.select(fresh.signal.symbol, fresh.candidate_id)
        await time.settle()
        symbols = station.research.universe.symbols
        write_bars(bars, filter(None, map(station.research.bars, symbols)))
        return station.view(), await station.journal.page(JournalQuery())


def write_bars(file: Path, found: Iterable[BarSeries]) -> None:
    """As ``vst backtest --bars`` reads them."""
    with file.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(("symbol", "date", "open", "high", "low", "close", "volume"))
        for one in found:
            columns = (one.dates, one.open, one.high, one.low, one.close, one.volume)
            rows.writerows((one.symbol, *row) for row in zip(*columns, strict=True))


def play_lab(window: MainWindow, bars: Path) -> None:
    """A backtest over the demo's bars, its first trade shown."""
    from PySide6.QtCore import QEventLoop

    window.show()
    window.frame.show_workspace("Lab")
    lab = window.lab.view
    assert lab is not None
    first, *_, last = sorted({row["date"] for row in csv.DictReader(bars.open(encoding="utf-8"))})
    for name, text in (("bars", str(bars)), ("start", first), ("end", last)):
        lab.fields[name].setText(text)
    rounds = QEventLoop()
    lab.done_reading.connect(lambda _found: rounds.quit())
    lab.start()
    rounds.exec()
    lab.fields["bars"].setText("demo-bars.csv")
    lab.table.selectRow(0)


def faces(window: MainWindow) -> dict[str, Callable[[], None]]:
    """What brings every pane to the front, by the name of its picture."""

    def tabs(
        scanner: int, alerts: int, chart: int, book: int, workspace: str = "Trade"
    ) -> Callable[[], None]:
        def show() -> None:
            window.frame.show_workspace(workspace)
            window.scanner.show_tab(scanner)
            window.alerts.show_tab(alerts)
            window.chart.show_tab(chart)
            window.book.show_tab(book)

        return show

    return {
        "trade": tabs(0, 0, 0, 0),
        "chain": tabs(1, 1, 1, 1),
        "why": tabs(0, 2, 2, 2),
        "journal": tabs(0, 0, 0, 3, "Monitor"),
        "lab": tabs(0, 0, 0, 0, "Lab"),
    }


def take(view: StationView, journal: JournalPage, bars: Path, folder: Path) -> None:
    """Save every face of the window in both themes, sizes and scales."""
    from PySide6.QtWidgets import QApplication

    from vst_desktop.gui.bridge import Bridge
    from vst_desktop.gui.mainwindow import MainWindow
    from vst_desktop.gui.shot import save_scaled
    from vst_desktop.gui.theme import Theme
    from vst_desktop.gui.tokens import DARK, LIGHT

    app = QApplication(sys.argv[:1])
    for tokens in (DARK, LIGHT):
        window = MainWindow(Theme(app, tokens), Bridge(), now=_far_apart())
        window.show_view(view)
        tab = window.book.journal
        tab.wanted.disconnect()  # from the station, which has left
        tab.wanted.connect(lambda ask, tab=tab: tab.show_page(ask, journal))
        play_lab(window, bars)
        for face, show in faces(window).items():
            show()
            for size in SIZES:
                for scale in SCALES:
                    name = f"{face}-{tokens.name}-{size[0]}x{size[1]}@{scale}x.png"
                    window.show_view(view)
                    save_scaled(window, folder / name, size, scale)
        faces(window)["trade"]()
        save_scaled(window, folder / f"small-{tokens.name}.png", SMALL, 1)
        window.leave()


def _far_apart() -> Callable[[], float]:
    """A clock for which the button's dead time has always passed."""
    seconds = iter(range(0, 1_000_000_000, 10))
    return lambda: float(next(seconds))


def main() -> int:
    """Write docs/images/*.png."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        bars = Path(folder) / "bars.csv"
        take(*asyncio.run(played(bars)), bars, FOLDER)
    for picture in sorted(FOLDER.glob("*.png")):
        print(picture.relative_to(FOLDER.parents[1]))
    return 0


if __name__ == "__main__":
    code = main()
    # Python's exit would take the plots apart in an order that Qt does not bear.
    sys.stdout.flush()
    os._exit(code)
