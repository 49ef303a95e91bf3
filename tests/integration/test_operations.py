"""``make operations`` holds, and a thousand alerts leave the window's loop free."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from tests.helpers.alert_servers import mail_server
from tests.helpers.alerting import START
from vst_desktop.adapters.notify.channel import AppriseChannel
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.alerts.center import AlertCenter
from vst_desktop.alerts.rules import AlertRules
from vst_desktop.domain.alerts import Severity
from vst_desktop.runtime.clock import HeldClock

ROOT = Path(__file__).resolve().parents[2]


def test_every_fault_is_counted_told_and_recovered_or_given_up() -> None:
    ended = subprocess.run(
        [sys.executable, "packaging/operations.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "5 of 5 faults counted and told" in ended.stdout.splitlines()[-1]


def test_a_thousand_alerts_in_a_second_leave_the_loop_free_and_send_the_cap_at_most(
    tmp_path: Path,
) -> None:
    with mail_server() as mails:

        async def story() -> float:
            clock = HeldClock(START)
            journal = await SqliteJournal.open(tmp_path / "j.sqlite", clock.now)
            rules = AlertRules(routes={Severity.WARNING: ("email",)}, max_per_minute=10)
            center = AlertCenter(clock, journal, [AppriseChannel("email", mails.url)], rules)
            worst = 0.0
            for batch in range(50):
                # The loop's own work: other processes of the machine do not count.
                before = time.thread_time()
                for number in range(20):
                    center.raise_alert(Severity.WARNING, f"alert {batch}.{number}")
                await asyncio.sleep(0.02)
                worst = max(worst, time.thread_time() - before)
            await clock.idle()
            assert len(center.history) == 1000
            await center.close()
            await journal.close()
            return worst

        worst = asyncio.run(story())
        assert 1 <= len(mails.mails) <= 10
    assert worst < 0.05
