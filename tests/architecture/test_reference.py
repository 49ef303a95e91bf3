"""The reference values are pandas-ta's own, whether or not TA-Lib is installed beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
INDICATORS = {"atr", "rsi", "sma", "true_range"}


def calls(source: str) -> Iterator[ast.Call]:
    """Calls of an indicator as ``ta.rsi(…)``, ``frame.ta.rsi(…)`` or ``pandas_ta.rsi(…)``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if node.func.attr in INDICATORS and name in ("ta", "pandas_ta"):
                yield node


def own_path(call: ast.Call) -> bool:
    """Whether it forbids TA-Lib."""
    return any(
        word.arg == "talib" and isinstance(word.value, ast.Constant) and word.value.value is False
        for word in call.keywords
    )


def test_every_call_of_pandas_ta_forbids_talib() -> None:
    found = {
        f"{path.relative_to(REPOSITORY)}:{call.lineno}": own_path(call)
        for folder in ("vst_desktop", "tests")
        for path in (REPOSITORY / folder).rglob("*.py")
        if "pandas_ta" in (source := path.read_text(encoding="utf-8")) and path != Path(__file__)
        for call in calls(source)
    }
    assert len(found) >= 8
    assert [where for where, forbids in found.items() if not forbids] == []


@pytest.mark.parametrize("call", ["ta.rsi(x)", "frame.ta.atr(length=14)", "ta.sma(x, talib=True)"])
def test_the_search_finds_what_it_looks_for(call: str) -> None:
    assert [own_path(found) for found in calls(call)] == [False]


def test_talib_s_values_are_others() -> None:
    """Why it matters: with TA-Lib the same call gives other values while it warms up."""
    pytest.importorskip("talib")
    import numpy as np
    import pandas as pd
    import pandas_ta as ta

    random = np.random.default_rng(1)
    close = pd.Series(50 * np.exp(np.cumsum(random.normal(0, 0.02, 40))))
    own, other = (ta.rsi(close, length=14, talib=talib) for talib in (False, True))
    assert abs(own.iloc[20] - other.iloc[20]) > 1e-6
