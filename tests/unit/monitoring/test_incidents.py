"""Errors: counted per pair, told when they matter, recovery said with what was tried."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vst_desktop.domain.alerts import Severity
from vst_desktop.domain.incidents import CRITICAL_KINDS, ErrorKind, Recovery
from vst_desktop.monitoring.incidents import Incidents

Told = list[tuple[Severity, str, str]]


def register(told: Told, threshold: int = 3, attempts: int = 2) -> Incidents:
    return Incidents(
        threshold=threshold,
        attempts=attempts,
        now=lambda: datetime(2024, 1, 17, 15, 0, tzinfo=UTC),
        alert=lambda *one: told.append(one),
    )


@pytest.mark.parametrize("kind", sorted(CRITICAL_KINDS))
def test_a_critical_kind_is_told_at_once(kind: ErrorKind) -> None:
    told: Told = []
    register(told).report("IBKR_API", kind, "gone", remedy="look at TWS")
    assert told == [(Severity.HIGH, "System: IBKR_API ERROR", f"{kind}: gone; look at TWS")]


def test_another_kind_is_told_at_the_threshold_with_its_details() -> None:
    told: Told = []
    found = register(told)
    for number in range(7):
        found.report("MARKET_DATA", ErrorKind.DATA_MISSING, f"no bars of S{number}")
    assert [details for _, _, details in told] == [
        "DATA_MISSING (3 times): no bars of S2",
        "DATA_MISSING (6 times): no bars of S5",
    ]


def test_what_recovers_each_time_is_told_at_the_threshold_all_the_same() -> None:
    told: Told = []
    found = register(told)
    for _ in range(3):
        found.report("INDICATORS", ErrorKind.INDICATOR, "pandas-ta failed")
        found.recovered("INDICATORS", ErrorKind.INDICATOR, "by numpy")
    assert [message for _, message, _ in told] == [
        "System: INDICATORS ERROR",
        "System: INDICATORS RECOVERED",
    ]


def test_pairs_are_counted_apart() -> None:
    told: Told = []
    found = register(told)
    for component in ("A", "B"):
        for kind in (ErrorKind.INDICATOR, ErrorKind.SCANNER):
            found.report(component, kind, "x")
    assert told == []
    assert {(one.component, one.kind, one.count) for one in found.rows} == {
        (component, kind, 1)
        for component in ("A", "B")
        for kind in (ErrorKind.INDICATOR, ErrorKind.SCANNER)
    }


def test_failed_attempts_are_told_once_when_they_are_used_up_and_trying_goes_on() -> None:
    told: Told = []
    found = register(told)
    found.report("IBKR_API", ErrorKind.CONNECTION, "lost")
    for number in range(1, 5):
        found.trying("IBKR_API", ErrorKind.CONNECTION, f"attempt {number}")
        found.failed("IBKR_API", ErrorKind.CONNECTION, "refused")
    assert [message for _, message, _ in told] == [
        "System: IBKR_API ERROR",
        "System: IBKR_API RECOVERY FAILED",
    ]
    assert "2 attempts (attempt 2): refused; it is tried again" in told[1][2]
    one = found.of("IBKR_API", ErrorKind.CONNECTION)
    assert (one.state, one.attempts, one.failed) == (Recovery.GAVE_UP, 4, 4)


def test_recovery_is_told_when_the_failure_was_and_begins_the_counts_anew() -> None:
    told: Told = []
    found = register(told)
    found.report("IBKR_API", ErrorKind.CONNECTION, "lost")
    found.trying("IBKR_API", ErrorKind.CONNECTION, "attempt 2")
    found.recovered("IBKR_API", ErrorKind.CONNECTION, "connected")
    found.recovered("IBKR_API", ErrorKind.CONNECTION, "connected")
    assert told[1:] == [(Severity.INFO, "System: IBKR_API RECOVERED", "CONNECTION: connected")]
    one = found.of("IBKR_API", ErrorKind.CONNECTION)
    assert (one.count, one.streak, one.attempts, one.failed, one.recoveries) == (1, 0, 0, 0, 1)
    found.report("IBKR_API", ErrorKind.CONNECTION, "lost again")
    assert found.of("IBKR_API", ErrorKind.CONNECTION).count == 2


def test_what_was_never_told_recovers_without_a_word() -> None:
    told: Told = []
    found = register(told)
    found.report("SCANNER", ErrorKind.SCANNER, "died")
    found.recovered("SCANNER", ErrorKind.SCANNER, "a new one serves")
    found.recovered("DATABASE", ErrorKind.DISK, "never failed")
    assert told == []
    assert [one.state for one in found.rows] == [Recovery.RECOVERED]


def test_what_is_told_in_another_way_is_counted_only() -> None:
    told: Told = []
    found = register(told)
    found.report("IBKR_API", ErrorKind.ORDER_EXECUTION, "rejected", tell=False)
    assert told == []
    assert found.of("IBKR_API", ErrorKind.ORDER_EXECUTION).count == 1


def test_what_fails_in_the_nightly_reset_is_told_when_it_still_fails_after_it() -> None:
    told: Told = []
    found = register(told)
    found.report("IBKR_API", ErrorKind.CONNECTION, "nightly reset", tell=False)
    for _ in range(3):
        found.failed("IBKR_API", ErrorKind.CONNECTION, "refused", tell=False)
    assert told == []
    for _ in range(3):
        found.failed("IBKR_API", ErrorKind.CONNECTION, "refused")
    assert [message for _, message, _ in told] == ["System: IBKR_API RECOVERY FAILED"]
