"""What pandas-ta asks of numba, for the frozen application: a decorator that compiles nothing.

The application turns numba's compiler off before it loads pandas-ta
(vst_desktop/scanning/computations.py), so the 130 MB of numba and LLVM would never run.
"""

from __future__ import annotations

from typing import Any


class config:  # noqa: N801  # the name it has in numba
    DISABLE_JIT = True


def njit(function: Any = None, **_options: Any) -> Any:
    return function if function is not None else lambda wrapped: wrapped
