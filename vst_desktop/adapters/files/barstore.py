"""The folder of daily bars that the scanner keeps, read without copying (``docs/bar-store.md``).

Python never writes it. A store may change while it is read: what a reader holds stays as it was.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import numpy as np

from vst_desktop.adapters.files.bars import PRICES
from vst_desktop.adapters.files.segment import Corrupt, Run, Segment, held_symbols, stamp_of
from vst_desktop.domain.bars import BarSeries, SymbolError, Timeframe
from vst_desktop.domain.errors import UserError
from vst_desktop.ports.market_data import BarColumns

MANIFEST = "manifest.json"
QUARANTINE = "quarantine"
_NOTE = ".error.txt"
_FORMAT = 1
_NAME = re.compile(r"segment-\d{10}\.bars")
_EPOCH = date(1970, 1, 1).toordinal()
_MODES = ("replace", "append")
_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong with one segment, and the symbols it is known to hold."""

    segment: str
    error: str
    symbols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How many bars of a symbol there are, from when to when."""

    bars: int
    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    stamp: tuple[int, ...]
    generation: int
    segments: tuple[tuple[str, str], ...]
    """Name and mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    manifest: _Manifest
    segments: Mapping[str, Segment]
    """Those that can be read, by name."""
    findings: tuple[Finding, ...]
    parts: Mapping[str, tuple[Segment, ...]]
    """By symbol: the segments with its bars, in order."""
    lost: Mapping[str, str]
    """By symbol: why its bars are not served."""


class BarStore:
    """The bars in a store's folder. Each call sees the manifest as it is then.

    A segment that cannot be read is a finding; the others are served.

    Raises:
        UserError: The folder is no bar store, or its manifest cannot be read.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._state = self._load(None)

    @property
    def generation(self) -> int:
        """The manifest's generation."""
        return self._now().manifest.generation

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols with bars, in alphabetical order."""
        return tuple(self._now().parts)

    @property
    def errors(self) -> tuple[SymbolError, ...]:
        """Symbols whose bars are lost with a segment, in alphabetical order."""
        lost = self._now().lost.items()
        return tuple(SymbolError(symbol=symbol, error=error) for symbol, error in lost)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Segments that the manifest names and that cannot be opened, and quarantined ones."""
        return (*self._now().findings, *self._quarantined())

    def columns(self, symbol: str) -> tuple[Run, ...]:
        """The bars of a symbol as they lie in the mapped files, run after run.

        Raises:
            UserError: There are none, or their bytes are not those that were written.
        """
        runs: list[Run] = []
        for segment, cut in self._parts(symbol):
            if cut:
                runs[-1] = runs[-1].head(len(runs[-1]) - 1)
            runs.append(segment.run(symbol))
        return tuple(run for run in runs if len(run))

    def packed(self, symbol: str) -> BarColumns:
        """The bars of a symbol in USD, as copies.

        Raises:
            UserError: As ``columns``.
        """
        runs = self.columns(symbol)
        return BarColumns(
            symbol=symbol,
            timeframe=Timeframe.DAILY,
            time=np.concatenate([run.day for run in runs]),
            volume=np.concatenate([run.volume for run in runs]),
            **{name: np.concatenate([run.usd(name) for run in runs]) for name in PRICES},
        )

    def series(self, symbol: str) -> BarSeries:
        """The bars of a symbol.

        Raises:
            UserError: As ``columns``.
        """
        return self.packed(symbol).series()

    def spans(
        self, symbols: Sequence[str] | None = None
    ) -> tuple[dict[str, Span], list[SymbolError]]:
        """How far the bars of these symbols (None: of all) go, and why those of others cannot be
        read. Only days are read."""
        found: dict[str, Span] = {}
        errors = list(self.errors) if symbols is None else []
        for symbol in self.symbols if symbols is None else dict.fromkeys(symbols):
            try:
                parts = self._parts(symbol)
                days = [segment.days(symbol) for segment, _ in parts]
            except UserError as error:
                errors.append(SymbolError(symbol=symbol, error=str(error)))
                continue
            found[symbol] = Span(
                bars=sum(map(len, days)) - sum(cut for _, cut in parts),
                first=_day(days[0][0]),
                last=_day(days[-1][-1]),
            )
        return found, errors

    def verify(self, on_progress: Callable[[int, int], None] | None = None) -> list[Finding]:
        """Read everything: every checksum, index and order of days. One finding a segment.

        Args:
            on_progress: Called with the blocks done and their number.
        """
        state = self._now()
        faults: dict[str, list[str]] = defaultdict(list)
        symbols: dict[str, set[str]] = defaultdict(set)
        blocks = [
            (segment, block) for segment in state.segments.values() for block in segment.blocks
        ]
        for done, (segment, block) in enumerate(blocks, 1):
            try:
                segment.check(block)
            except Corrupt as error:
                faults[segment.file.name].append(error.what)
                symbols[segment.file.name].update(symbol for symbol, _ in block.lanes if symbol)
            if on_progress is not None:
                on_progress(done, len(blocks))
        for symbol, parts in state.parts.items():
            try:
                _joined(symbol, parts)
            except Corrupt as error:
                if symbol not in symbols[error.file.name]:
                    faults[error.file.name].append(error.what)
                    symbols[error.file.name].add(symbol)
        found = [
            Finding(
                segment=name, error=_first_of(faults[name]), symbols=tuple(sorted(symbols[name]))
            )
            for name in state.segments
            if faults[name]
        ]
        return [*state.findings, *found, *self._quarantined()]

    def _parts(self, symbol: str) -> list[tuple[Segment, bool]]:
        state = self._now()
        if fault := state.lost.get(symbol):
            raise UserError(f"{symbol}: {fault}", where=str(self.folder))
        if symbol not in state.parts:
            raise UserError(f"no bars of {symbol}", where=str(self.folder))
        return _joined(symbol, state.parts[symbol])

    def _now(self) -> _State:
        """The state of the manifest that is there now."""
        try:
            changed = stamp_of((self.folder / MANIFEST).stat()) != self._state.manifest.stamp
        except OSError:
            changed = True
        if changed:
            self._state = self._load(self._state)
        return self._state

    def _load(self, before: _State | None) -> _State:
        manifest = _read_manifest(self.folder)
        for _ in range(_TRIES):
            segments, gone, findings = self._open(manifest, before)
            again = _read_manifest(self.folder) if gone else manifest
            if again == manifest:
                break
            manifest = again  # a writer replaced it while the segments were opened
        else:
            raise UserError("changes faster than it can be read", where=str(self.folder))
        aside = {PurePosixPath(finding.segment).name: finding for finding in self._quarantined()}
        findings += [
            Finding(segment=name, error="is gone, though the manifest names it")
            for name in gone
            if name not in aside
        ]
        of_segment = aside | {finding.segment: finding for finding in findings}
        parts, lost = _divided(manifest, segments, of_segment)
        return _State(
            manifest=manifest,
            segments=MappingProxyType(segments),
            findings=tuple(findings),
            parts=MappingProxyType(dict(sorted(parts.items()))),
            lost=MappingProxyType(dict(sorted(lost.items()))),
        )

    def _open(
        self, manifest: _Manifest, before: _State | None
    ) -> tuple[dict[str, Segment], list[str], list[Finding]]:
        known = before.segments if before is not None else {}
        segments: dict[str, Segment] = {}
        gone: list[str] = []
        findings: list[Finding] = []
        for name, _ in manifest.segments:
            file = self.folder / name
            try:
                held = known.get(name)
                same = held is not None and held.stamp == stamp_of(file.stat())
                segments[name] = held if held is not None and same else Segment(file)
            except FileNotFoundError:
                gone.append(name)
            except Corrupt as error:
                findings.append(Finding(segment=name, error=error.what, symbols=held_symbols(file)))
            except OSError as error:
                findings.append(Finding(segment=name, error=f"cannot be read ({error.strerror})"))
        return segments, gone, findings

    def _quarantined(self) -> Iterator[Finding]:
        for note in sorted((self.folder / QUARANTINE).glob(f"*{_NOTE}")):
            name = note.name.removesuffix(_NOTE)
            text = " ".join(note.read_text(encoding="utf-8", errors="replace").split())
            yield Finding(
                segment=f"{QUARANTINE}/{name}",
                error=text,
                symbols=held_symbols(note.with_name(name)),
            )


def _divided(
    manifest: _Manifest, segments: Mapping[str, Segment], findings: Mapping[str, Finding]
) -> tuple[dict[str, tuple[Segment, ...]], dict[str, str]]:
    """Of each symbol the segments with its bars, or why they are not served.

    A lost appendix may be of any symbol before it, where nothing says of which.
    """
    parts: dict[str, tuple[Segment, ...]] = {}
    lost: dict[str, str] = {}
    for name, mode in manifest.segments:
        if segment := segments.get(name):
            for symbol in segment.places:
                if mode == "replace":
                    parts[symbol] = (segment,)
                    lost.pop(symbol, None)
                elif symbol in parts:
                    parts[symbol] = (*parts[symbol], segment)
                else:  # a writer appends to nothing: the base was in a segment that is lost
                    lost.setdefault(
                        symbol, "the bars before its appended ones are lost, import it again"
                    )
            continue
        finding = findings[name]
        symbols = finding.symbols or (tuple(parts) if mode == "append" else ())
        for symbol in symbols:
            parts.pop(symbol, None)
            lost[symbol] = f"bars are lost, import them again: {finding.segment}: {finding.error}"
    return parts, lost


def _joined(symbol: str, parts: Sequence[Segment]) -> list[tuple[Segment, bool]]:
    """The segments with a symbol's bars, each with whether it replaces the last bar before it."""
    found: list[tuple[Segment, bool]] = []
    last: int | None = None
    for segment in parts:
        days = segment.days(symbol)
        if last is not None and days[0] < last:
            raise Corrupt(
                segment.file,
                f"block {segment.places[symbol][0].number}: bars of {symbol} begin on "
                f"{_day(days[0])}, before {_day(last)} which is kept already",
            )
        found.append((segment, bool(days[0] == last)))
        last = int(days[-1])
    return found


def _day(number: int) -> date:
    return date.fromordinal(_EPOCH + int(number))


def _first_of(faults: list[str]) -> str:
    return faults[0] + (f" (and {len(faults) - 1} more faults)" if len(faults) > 1 else "")


def _read_manifest(folder: Path) -> _Manifest:
    file = folder / MANIFEST
    try:
        with file.open("rb") as stream:
            stamp = stamp_of(os.fstat(stream.fileno()))
            content = json.loads(stream.read())
    except FileNotFoundError:
        raise UserError(
            f"holds no bar store (there is no {MANIFEST})",
            where=str(folder),
            remedy="fill it with vst bars import FILE",
        ) from None
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", where=str(file)) from None
    except ValueError:
        raise _no_manifest(file, "no JSON") from None
    if not isinstance(content, dict):
        raise _no_manifest(file, "no object")
    if content.get("format") != _FORMAT:
        raise _no_manifest(file, f"format {content.get('format')!r} instead of {_FORMAT}")
    generation, entries = content.get("generation"), content.get("segments")
    if type(generation) is not int or not isinstance(entries, list):
        raise _no_manifest(file, "generation or segments are missing")
    segments = []
    for entry in entries:
        name, mode = (entry.get("name"), entry.get("mode")) if isinstance(entry, dict) else (0, 0)
        if not (isinstance(name, str) and _NAME.fullmatch(name)) or mode not in _MODES:
            raise _no_manifest(file, f"segment entry {entry!r}")
        segments.append((name, mode))
    if len({name for name, _ in segments}) < len(segments):
        raise _no_manifest(file, "a segment is named twice")
    return _Manifest(stamp=stamp, generation=generation, segments=tuple(segments))


def _no_manifest(file: Path, fault: str) -> UserError:
    return UserError(
        f"is no manifest of a bar store ({fault[:160]})",
        where=str(file),
        remedy="move the folder away and import the bars again",
    )
