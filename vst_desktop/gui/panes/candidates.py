"""The candidates pane: what could be bought."""

from __future__ import annotations

from PySide6.QtCore import Signal

from vst_desktop.gui.models.candidate_rows import CANDIDATES
from vst_desktop.gui.models.table import RowModel
from vst_desktop.gui.theme import Theme
from vst_desktop.gui.widgets.pane import Pane
from vst_desktop.gui.widgets.table import Table
from vst_desktop.station.view import CandidateRow, StationView


class CandidatesPane(Pane):
    """Candidates in the station's order; ``chosen`` carries symbol and candidate id."""

    chosen = Signal(str, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Candidates")
        self.model: RowModel[CandidateRow] = RowModel(CANDIDATES, lambda r: r.candidate_id)
        self.table = Table(theme, self.model, lambda r: r.candidate_id, "Candidates")
        self.table.set_note("Starting the station…")
        self.table.chosen.connect(self._chosen)
        self.own_table(self.table)
        self.body.addWidget(self.table, 1)

    def show_view(self, view: StationView) -> None:
        """Show the candidates of this view."""
        self.set_mode(str(view.strip.mode))
        self.set_info(view.candidates.summary)
        self.model.set_rows(view.candidates.rows)
        self.table.set_note(
            view.candidates.note or "No candidates yet. Press F5 to scan the universe."
        )
        self.table.select_key(view.ticket.candidate_id if view.ticket is not None else None)

    def _chosen(self, candidate_id: str) -> None:
        place = self.model.position(candidate_id)
        row = self.model.row(place) if place is not None else None
        if row is not None:
            self.chosen.emit(row.symbol, candidate_id)
