"""The scan benchmark's figures, beside what they should be: as JSON and on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vst_desktop.cli.bench.race import AS_OF, OURS, PANDAS_TA, RANGE, TALIB, WARM_UP_BARS, Verified
from vst_desktop.cli.bench.timing import Measured

IDLE_PCT = 0.5
"""Of one core: what is asked for its health now and then takes so little that it reads 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A figure and the bound it should keep; ``least``: from below."""

    name: str
    value: float | None
    bound: float
    unit: str
    least: bool = False

    @property
    def met(self) -> bool | None:
        """None where it could not be measured."""
        if self.value is None:
            return None
        return self.value >= self.bound if self.least else self.value <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What is asked of a kernel: times the peers' speed, ns a bar on one core, ms."""

    talib: float
    pandas_ta: float
    range_talib: float
    kernel_ns: float
    made_ms: float


VECTORED = Bounds(talib=10, pandas_ta=400, range_talib=4, kernel_ns=1.5, made_ms=50)
SCALAR = Bounds(talib=3, pandas_ta=100, range_talib=1.8, kernel_ns=6, made_ms=200)


RATIOS = {
    "ratio_to_talib": (TALIB, AS_OF),
    "ratio_to_pandas_ta": (PANDAS_TA, AS_OF),
    "range_ratio_to_talib": (TALIB, RANGE),
}
"""The peer and the form of scan behind each ratio."""


def ratios(measured: Sequence[Measured]) -> dict[str, float | None]:
    """How many times as long as the scanner each peer takes; None: it is not installed."""

    def ratio(peer: str, form: str) -> float | None:
        ours, theirs = _find(measured, OURS, form), _find(measured, peer, form)
        return theirs.best / ours.best if ours and theirs else None

    return {key: ratio(*of) for key, of in RATIOS.items()}


def _find(measured: Sequence[Measured], name: str, form: str) -> Measured | None:
    return next((m for m in measured if (m.engine.name, m.engine.form) == (name, form)), None)


def targets(
    ratios: Mapping[str, float | None],
    instruction_set: str,
    kernel_ns: float,
    made: Mapping[str, Any] | None,
) -> list[Target]:
    """Everything that is asked of the scanner, by the code that passed over the bars."""
    bounds = SCALAR if instruction_set == "scalar" else VECTORED

    def times(key: str, name: str, bound: float) -> Target:
        return Target(name=name, value=ratios[key], bound=bound, unit="x", least=True)

    found = [
        times("ratio_to_talib", "as-of scan beside TA-Lib", bounds.talib),
        times("ratio_to_pandas_ta", "as-of scan beside pandas-ta", bounds.pandas_ta),
        times("range_ratio_to_talib", "range scan beside TA-Lib", bounds.range_talib),
        Target(name="kernel, one core", value=kernel_ns, bound=bounds.kernel_ns, unit="ns a bar"),
    ]
    if made is None:
        return found
    count = f"{made['symbols']:,} symbols"
    return [
        *found,
        Target(name=f"scan of {count}", value=1e3 * made["scan"], bound=bounds.made_ms, unit="ms"),
        Target(name=f"new bar of {count}", value=1e3 * made["new_bar_scan"], bound=5, unit="ms"),
        Target(
            name=f"prefetch of {made['prefetch']['symbols']} symbols",
            value=made["prefetch"]["symbols_per_second"],
            bound=5000,
            unit="symbols/s",
            least=True,
        ),
        Target(
            name="scanner's memory beyond files",
            value=made["rss_beyond_files_mb"],
            bound=300,
            unit="MB",
        ),
        Target(
            name="idle processor", value=made["idle_cpu_pct"], bound=IDLE_PCT, unit="% of a core"
        ),
    ]


def engine_row(one: Measured) -> dict[str, Any]:
    """One engine's figures for the JSON."""
    engine = one.engine
    return {
        "name": f"{engine.name}, {engine.form}, {_cores(engine.cores)}",
        "engine": engine.name,
        "form": engine.form,
        "cores": engine.cores,
        "symbols": engine.symbols,
        "bars": engine.bars,
        "seconds": one.best,
        "median_seconds": one.median,
        "calls": len(one.times),
        "symbols_per_second": one.symbols_per_second,
        "ns_per_bar": one.ns_per_bar,
    }


def target_row(target: Target) -> dict[str, Any]:
    """One target for the JSON."""
    return {
        "name": target.name,
        "value": target.value,
        "at_least" if target.least else "at_most": target.bound,
        "unit": target.unit,
        "met": target.met,
    }


def verified_row(found: Verified) -> dict[str, Any]:
    """What the comparison of the signals came to, for the JSON."""
    return {
        "holds": found.holds,
        "bars": found.bars,
        "differing_bars": dict(found.differing),
        "differing_from_talib_after_warm_up": found.talib_after_warm_up,
    }


def lines(
    measured: Sequence[Measured],
    missing: Mapping[str, str],
    cold: Mapping[str, float],
    made: Mapping[str, Any] | None,
    found: Sequence[Target],
) -> Iterator[str]:
    """The figures for a reader."""
    yield from _engine_lines(measured, missing)
    yield (
        f"cold: {_ms(cold['start'])} until a new scanner serves, "
        f"{_ms(cold['first_scan'])} for its first as-of scan"
    )
    if made:
        yield (
            f"{made['symbols']:,} made symbols, {made['bars']:,} bars: import "
            f"{made['import']:.1f} s, open {_ms(made['open'])}, first scan "
            f"{_ms(made['first_scan'])}, then {_ms(made['scan'])} (median "
            f"{_ms(made['scan_median'])})"
        )
        yield (
            f"  a new bar of each: taken in {_ms(made['new_bar_put'])}, scanned in "
            f"{_ms(made['new_bar_scan'])} (median {_ms(made['new_bar_scan_median'])}), "
            f"kept in the store in {_ms(made['append_a_day_to_the_store'])}"
        )
    yield "targets"
    yield from _target_lines(found)


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:,.1f} ms"


def _engine_lines(measured: Sequence[Measured], missing: Mapping[str, str]) -> Iterator[str]:
    """The table of all engines, form by form."""
    head = f"{'':<26}{'best ms':>10}{'median ms':>11}{'symbols/s':>12}{'ns/bar':>9}{'ours is':>9}"
    for form in dict.fromkeys(one.engine.form for one in measured):
        yield f"{form:<26}{head[26:]}"
        ours = _find(measured, OURS, form) or measured[0]
        for one in measured:
            if one.engine.form != form:
                continue
            faster = "" if one is ours else f"{one.ns_per_bar / ours.ns_per_bar:,.1f} x"
            name = f"{one.engine.name}, {_cores(one.engine.cores)}"
            yield (
                f"  {name:<24}{1e3 * one.best:>10,.2f}{1e3 * one.median:>11,.2f}"
                f"{one.symbols_per_second:>12,.0f}{one.ns_per_bar:>9,.2f}{faster:>9}"
            )
    for name, install in missing.items():
        yield f"  {name:<24}not installed: {install}"


def _target_lines(found: Sequence[Target]) -> Iterator[str]:
    """Each target with its figure and whether it is met."""
    words = {True: "met", False: "MISSED", None: "not measured"}
    for one in found:
        value = "" if one.value is None else f"{one.value:,.2f}"
        sign = ">=" if one.least else "<="
        yield (f"  {one.name:<34}{value:>12} {one.unit:<12}{sign} {one.bound:<8,g}{words[one.met]}")


def machine_line(machine: Mapping[str, Any]) -> str:
    """What it runs on."""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}, {machine['go']}, load {machine['load_average_before']}"
    )


def verified_line(found: Verified) -> str:
    """What the comparison of the signals came to."""
    if found.differing[PANDAS_TA]:
        text = f"{found.differing[PANDAS_TA]:,} bars differ from pandas-ta's"
    else:
        text = "equal to pandas-ta's on every bar"
    if TALIB in found.differing:
        text += (
            f"; {found.differing[TALIB]:,} of {found.bars:,} bars differ from TA-Lib's, which "
            f"warms up otherwise ({found.talib_after_warm_up:,} of them after bar {WARM_UP_BARS})"
        )
    return f"signals: {text}"


def _cores(cores: int) -> str:
    return f"{cores} core" + ("s" if cores > 1 else "")
