"""``vst orders``: a station without a window compares books and takes the trader's answer."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.trades import bull_call, plan
from vst_desktop.adapters.demo.process import SimProcess
from vst_desktop.adapters.sqlite.journal import SqliteJournal
from vst_desktop.domain.orders import Mode, OrderState, Purpose, Side
from vst_desktop.ports.store import IntentRecord
from vst_desktop.runtime.paths import find_paths

ACCOUNT = "DU1234567"
LONGEST_SECS = 60
AT = datetime(2023, 11, 7, 20, 0, tzinfo=UTC)


def unknown() -> IntentRecord:
    """An order whose fate an earlier run did not learn."""
    return IntentRecord(
        intent_id="0001",
        order_ref="VST-0001",
        mode=Mode.PAPER,
        account=ACCOUNT,
        purpose=Purpose.ENTRY,
        side=Side.BUY,
        strategy="HIGH_BASE",
        spread=bull_call(),
        quantity=2,
        max_debit=Decimal("2.73"),
        debit_seen=Decimal("2.68"),
        spot_seen=104.0,
        atr=2.0,
        reserved_usd=Decimal(600),
        plan=plan(),
        state=OrderState.UNKNOWN,
        rank=1,
        approved_at=AT,
        expires_at=AT + timedelta(minutes=55),
        session="2023-11-07",
        sent_at=AT,
    )


async def vst(process: SimProcess, *arguments: str) -> tuple[int, str]:
    """Run ``vst orders`` on the simulator; its code, and what it wrote to standard error."""
    command = [sys.executable, "-m", "vst_desktop.cli.main", "orders", *arguments]
    command += ["--profile", "paper", "--set", f"broker.port={process.port}"]
    child = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, errors = await child.communicate()
    return child.returncode or 0, errors.decode()


def test_an_unknown_order_of_an_earlier_run_is_listed_and_answered(
    tmp_path: Path, vst_home: Path
) -> None:
    async def story(process: SimProcess) -> None:
        file = find_paths().make().journal_file("paper")
        journal = await SqliteJournal.open(file, lambda: AT)
        await journal.save_intent(unknown(), "LOSE")
        await journal.close()
        told: dict[str, Any] = {}
        for arguments, states in (
            (("list",), ["UNKNOWN"]),
            (("disown", "VST-0001"), []),
        ):
            result = tmp_path / "orders.json"
            code, errors = await vst(process, *arguments, "--json", str(result))
            assert code == 0, errors
            told = json.loads(result.read_text(encoding="utf-8"))
            assert [order["state"] for order in told["orders"]] == states
        assert told["account"] == ACCOUNT and told["positions"] == []
        code, errors = await vst(process, "disown", "VST-0001")
        assert code == 1 and "is not unknown: CANCELLED" in errors
        code, errors = await vst(process, "adopt", "VST-9", "--quantity", "1", "--price", "2")
        assert code == 1 and "there is no order 'VST-9'" in errors
        code, errors = await vst(process, "adopt", "VST-0001", "--quantity", "1", "--price", "x")
        assert code == 2 and "is no amount" in errors

    async def run() -> None:
        async with asyncio.timeout(LONGEST_SECS):
            process = SimProcess(["--accounts", ACCOUNT])
            try:
                await process.start()
                await story(process)
            finally:
                await process.stop()

    asyncio.run(run())


@pytest.mark.parametrize("arguments", [[], ["disown"], ["adopt", "X", "--price", "1"], ["dance"]])
def test_what_is_no_command_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from vst_desktop.cli.main import main

    with pytest.raises(SystemExit) as ended:
        main(["orders", *arguments])
    assert ended.value.code == 2
