"""The page of the fault panel lists the catalogue as it is."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_faults_is_that_of_the_catalogue() -> None:
    made = runpy.run_path(str(ROOT / "packaging" / "fault_table.py"))
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    assert made["written"](page) == page, "run packaging/fault_table.py"
