"""The pages that are made of the code are what the code says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MADE = runpy.run_path(str(ROOT / "packaging" / "docs_pages.py"))


@pytest.mark.parametrize("name", sorted(MADE["PAGES"]))
def test_a_generated_page_is_that_of_the_code(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    page = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert MADE["PAGES"][name]() == page, "run packaging/docs_pages.py"
