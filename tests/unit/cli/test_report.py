"""vst report and vst alerts: the last run, a zip without secrets, channels and their test."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from tests.helpers.alert_servers import mail_server
from tests.helpers.desk import INSIDE, World, in_world, opened
from vst_desktop.cli import main as cli

CANARY = "canary0secret1value2"


def vst(*args: object) -> int:
    return cli.main([str(arg) for arg in args])


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    async def story(world: World) -> None:
        start = world.clock.now()
        await world.journal.record("START", by="station")
        await world.journal.record("SCAN", by="station", scanned=500, seconds=15.0)
        await opened(world)
        await world.until(datetime.fromisoformat("2023-11-08T15:30:00-05:00"))
        await world.journal.record("STOP", by="station")
        assert world.clock.now() > start

    in_world(tmp_path, INSIDE, story)
    return tmp_path / "journal.db"


def test_performance_of_a_day_stands_beside_its_thresholds(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "p.json"
    assert vst("report", "performance", "--file", journal, "--json", out) == 1  # the scan was slow
    said = capsys.readouterr().out
    assert "MISS last scan" in said and "15.000 s" in said
    assert "33.333 /s   ≥ 50 /s" in said
    told = json.loads(out.read_text())
    assert told["up_secs"] == 86_400
    assert told["scanner"]["scans"] == 1
    assert told["execution"]["acknowledged"] == 1
    assert all(one["threshold"] for one in told["measures"])


def test_a_journal_without_a_run_is_said_to_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(world: World) -> None:
        await world.journal.record("x")

    in_world(tmp_path, INSIDE, story)
    assert vst("report", "performance", "--file", tmp_path / "journal.db") == 1
    assert "no run is recorded" in capsys.readouterr().err


def test_diagnostics_hold_logs_and_settings_and_no_secret(
    journal: Path, tmp_path: Path, vst_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VST_TIINGO_TOKEN", CANARY)
    monkeypatch.setenv("VST_ALERTS_SLACK", f"slack://T1JJ3T3L2/A1BRTD4JD/{CANARY}slack")
    (vst_home / "logs").mkdir(parents=True)
    (vst_home / "logs" / "vst.log").write_text(f'{{"event": "GET /{CANARY}slack and {CANARY}"}}\n')
    out = tmp_path / "d.zip"
    assert vst("report", "diagnostics", out, "--file", journal) == 0
    with zipfile.ZipFile(io.BytesIO(out.read_bytes())) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(parts) == {
        *("about.json", "settings.json", "journal.json", "performance.json", "logs/vst.log"),
    }
    assert not [name for name, text in parts.items() if CANARY in text]
    assert "[redacted]" in parts["logs/vst.log"]
    assert json.loads(parts["journal.json"])["sound"] is True
    assert vst("report", "diagnostics", out, "--file", journal) == 1
    assert vst("report", "diagnostics", out, "--file", journal, "--force") == 0


def test_channels_say_where_an_address_is_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert vst("alerts", "channels", "--set", "more_channels=telegram") == 0
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()] == [
        *("email", "slack", "sms", "telegram"),
    ]
    assert "VST_ALERTS_EMAIL_FILE" in said


def test_a_test_message_arrives_and_what_fails_is_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with mail_server() as mails:
        monkeypatch.setenv("VST_ALERTS_EMAIL", mails.url)
        assert vst("alerts", "test", "--json", tmp_path / "t.json") == 0
        assert len(mails.mails) == 1
        mails.refusals = ["550 no such user"]
        assert vst("alerts", "test", "--channel", "email") == 1
    told = json.loads((tmp_path / "t.json").read_text())
    assert {one["name"]: one["outcome"] for one in told["channels"]} == {
        "email": "sent",
        "slack": "not configured",
        "sms": "not configured",
    }
    assert vst("alerts", "test", "--channel", "pigeon") == 2
    assert "there is no channel 'pigeon'" in capsys.readouterr().err


def test_an_address_that_is_none_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("not-an-address\n"))
    assert vst("alerts", "store", "email") == 2
    assert "none that apprise knows" in capsys.readouterr().err


def test_without_a_keyring_the_file_is_named_as_the_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import keyring
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    try:
        monkeypatch.setattr("sys.stdin", io.StringIO("https://hc.example/ping/1\n"))
        assert vst("alerts", "store", "heartbeat") == 1
    finally:
        keyring.set_keyring(before)
    assert "VST_ALERTS_HEARTBEAT_FILE" in capsys.readouterr().err


def test_run_refuses_what_makes_no_sense(capsys: pytest.CaptureFixture[str]) -> None:
    assert vst("run", "--every", 0) == 2
    assert vst("run", "--auto", "HIGH_BASE") == 2
    assert "HIGH_BASE:2:3" in capsys.readouterr().err
    assert vst("run", "--speed", 0) == 2
