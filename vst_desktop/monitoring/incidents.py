"""Errors counted per component and kind, told when they matter, with what recovery was tried."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.incidents import CRITICAL_KINDS, ErrorKind, Incident, Recovery

log = logging.getLogger(__name__)

AlertCall = Callable[[Severity, str, str], None]


class Incidents:
    """The one register of errors. Parts report; whoever can recover says what was tried.

    A critical kind is told HIGH at once, another at every ``threshold``-th time of a run. After
    ``attempts`` failed recoveries that is told HIGH too, once; trying goes on all the same, by
    the rules of the part that tries. What recovers is told INFO if its failure was told.

    Args:
        threshold: Occurrences that are told.
        attempts: Failed recoveries that are told.
        now: The station's time.
        alert: Tells the trader.
        on_change: Called after each change.
    """

    def __init__(
        self,
        *,
        threshold: int,
        attempts: int,
        now: Callable[[], datetime],
        alert: AlertCall,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._threshold = threshold
        self._attempts = attempts
        self._now = now
        self._alert = alert
        self._on_change = on_change
        self._found: dict[tuple[str, ErrorKind], Incident] = {}
        self._told: set[tuple[str, ErrorKind]] = set()
        self._used_up: set[tuple[str, ErrorKind]] = set()

    @property
    def rows(self) -> tuple[Incident, ...]:
        """All of this run, the latest first."""
        return tuple(
            sorted(
                self._found.values(),
                key=lambda one: (one.last is not None and one.last.timestamp(), one.component),
                reverse=True,
            )
        )

    def of(self, component: str, kind: ErrorKind) -> Incident:
        """One pair's; empty when nothing happened."""
        return self._found.get((component, kind), Incident(component=component, kind=kind))

    def report(
        self, component: str, kind: ErrorKind, details: str, *, remedy: str = "", tell: bool = True
    ) -> bool:
        """An error happened; whether the trader was told of it now.

        Args:
            component: Whose.
            kind: Which.
            details: What, in a sentence.
            remedy: What the trader can do.
            tell: False where the trader is told of it in another way, or needs not be.
        """
        old = self.of(component, kind)
        found = replace(
            old,
            count=old.count + 1,
            streak=old.streak + 1,
            state=Recovery.FAILING,
            details=details,
            remedy=remedy,
            last=self._now(),
        )
        self._keep(found, "error")
        if not tell or not (kind in CRITICAL_KINDS or found.count % self._threshold == 0):
            return False
        times = f" ({found.count} times)" if found.count > 1 else ""
        self._tell(
            found, f"System: {component} ERROR", _sentence(f"{kind}{times}: {details}", remedy)
        )
        return True

    def trying(self, component: str, kind: ErrorKind, what: str) -> None:
        """Recovery is tried by this."""
        old = self.of(component, kind)
        found = replace(old, attempts=old.attempts + 1, tried=what, state=Recovery.TRYING)
        self._keep(found, "recovery attempt")

    def failed(self, component: str, kind: ErrorKind, why: str, *, tell: bool = True) -> None:
        """The attempt failed; ``tell`` as in ``report``."""
        old = self.of(component, kind)
        failures = old.failed + 1
        used_up = failures >= self._attempts
        state = Recovery.GAVE_UP if used_up else Recovery.FAILING
        found = replace(old, failed=failures, details=why, state=state)
        self._keep(found, "recovery failed")
        if tell and used_up and (component, kind) not in self._used_up:
            self._used_up.add((component, kind))
            self._tell(
                found,
                f"System: {component} RECOVERY FAILED",
                _sentence(
                    f"{kind}: {failures} attempts ({found.tried}): {why}; it is tried again",
                    found.remedy,
                ),
            )

    def recovered(self, component: str, kind: ErrorKind, how: str) -> None:
        """All is well again; nothing happens when nothing was wrong."""
        old = self._found.get((component, kind))
        if old is None or old.state is Recovery.RECOVERED:
            return
        found = replace(
            old,
            streak=0,
            attempts=0,
            failed=0,
            recoveries=old.recoveries + 1,
            state=Recovery.RECOVERED,
            tried=how,
        )
        self._keep(found, "recovered")
        self._used_up.discard((component, kind))
        if (component, kind) in self._told:
            self._told.discard((component, kind))
            self._alert(Severity.INFO, f"System: {component} RECOVERED", f"{kind}: {how}")

    def _tell(self, found: Incident, message: str, details: str) -> None:
        self._told.add((found.component, found.kind))
        self._alert(Severity.HIGH, message, details)

    def _keep(self, found: Incident, what: str) -> None:
        self._found[found.component, found.kind] = found
        fields: dict[str, Any] = {
            "component": found.component,
            "error_type": str(found.kind),
            "count": found.count,
            "attempts": found.attempts,
        }
        log.info(
            "%s: %s %s: %s",
            what,
            found.component,
            found.kind,
            found.tried if what.startswith("recover") and found.tried else found.details,
            extra=fields,
        )
        self._on_change()


def _sentence(what: str, remedy: str) -> str:
    return f"{what}; {remedy}" if remedy else what
