"""R15: secrets seeded everywhere are found nowhere they do not belong."""

from __future__ import annotations

import asyncio
import base64
import io
import logging
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from tests.helpers.alert_servers import HttpService, Mails, http_service, mail_server
from vst_desktop.bootstrap import DemoOptions, demo_station
from vst_desktop.cli.main import main
from vst_desktop.domain.alerts import Severity
from vst_desktop.runtime.paths import find_paths
from vst_desktop.runtime.settings import load_settings

CANARIES = {
    "VST_ALERTS_EMAIL": "canaryEmail+pass/word01",
    "VST_ALERTS_SLACK": "canarySlackToken00000002",
    "VST_ALERTS_SMS": "canarytwilio0000000003",
    "VST_ALERTS_HEARTBEAT": "canaryHeartbeat00000004",
    "VST_TIINGO_TOKEN": "canaryTiingoToken0000005",
    "VST_ALPACA_KEY_ID": "canaryAlpacaKey000000006",
    "VST_ALPACA_SECRET_KEY": "canaryAlpaca=Secret+0007",
    "VST_SCANNER_TOKEN": "canaryScannerToken000008",
}


def forms(secret: str) -> list[bytes]:
    """How a secret may be written; of base64 what stands whatever is beside it."""
    data = secret.encode()
    found = {data, quote(secret, safe="").encode(), data.hex().encode()}
    for before in range(3):
        text = base64.b64encode(b"\0" * before + data)
        found.add(text[(0, 2, 3)[before] : (before + len(data)) * 8 // 6])
    return sorted(found)


def hits(place: str, data: bytes) -> list[str]:
    return [
        f"{place}: {name} as {form!r}"
        for name, secret in CANARIES.items()
        for form in forms(secret)
        if form in data
    ]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Mails, HttpService]]:
    from apprise.plugins.slack import NotifySlack
    from apprise.plugins.twilio import NotifyTwilio

    with mail_server() as mails, http_service() as http:
        monkeypatch.setattr(NotifySlack, "webhook_url", f"{http.url}/services")
        monkeypatch.setattr(
            NotifyTwilio, "notify_sms_url", http.url + "/2010/Accounts/{sid}/Messages.json"
        )
        password = quote(CANARIES["VST_ALERTS_EMAIL"], safe="")
        told = {
            **CANARIES,
            "VST_ALERTS_EMAIL": mails.url.replace("mailto://", f"mailto://trader:{password}@"),
            "VST_ALERTS_SLACK": f"slack://T1JJ3T3L2/A1BRTD4JD/{CANARIES['VST_ALERTS_SLACK']}",
            "VST_ALERTS_SMS": f"twilio://AC0123456789:{CANARIES['VST_ALERTS_SMS']}"
            "@15551234567/15557654321",
            "VST_ALERTS_HEARTBEAT": f"{http.url}/ping/{CANARIES['VST_ALERTS_HEARTBEAT']}",
        }
        for name, value in told.items():
            monkeypatch.setenv(name, value)
        yield mails, http


def of_children() -> list[tuple[str, bytes]]:
    """Arguments and environments of this process's descendants, and its own arguments."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    found = []
    for pid in ours:
        for name in ("cmdline", "environ"):
            if name == "environ" and pid == os.getpid():
                continue
            try:
                found.append((f"{name} of {pid}", Path(f"/proc/{pid}/{name}").read_bytes()))
            except OSError:
                continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.filterwarnings("ignore:Session.login_data:DeprecationWarning")
def test_no_secret_is_written_passed_on_or_shown(
    services: tuple[Mails, HttpService],
    tmp_path: Path,
    caplog_allowed: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    mails, http = services
    http.script = [(200, {}), (500, {}), (403, {})]
    places: list[tuple[str, bytes]] = []

    async def story() -> None:
        settings = load_settings(["max_chains=2", "station_metrics_port=0"])
        async with demo_station(settings, DemoOptions(held=True)) as (station, time):
            logging.getLogger().setLevel(logging.DEBUG)
            await station.scan()
            station.test_alerts()
            alert = station.engines.alerts.raise_alert
            alert(Severity.HIGH, "System: TEST ERROR", "everything at once")
            try:
                raise ValueError(f"refused: {os.environ['VST_ALERTS_SLACK']}")
            except ValueError:
                logging.getLogger("vst_desktop.x").exception("crashed")
            places.extend(of_children())
            [line] = [r for r in caplog_allowed.records if "metrics on http" in r.getMessage()]
            url = line.getMessage().removeprefix("metrics on ")
            page = await asyncio.to_thread(lambda: urlopen(url).read())
            places.append(("metrics", page))
            await time.settle()
            await station.engines.alerts.sent()
            assert mails.mails and len(http.posts) >= 3

    try:
        asyncio.run(story())
    finally:
        logging.getLogger().setLevel(logging.INFO)
    assert main(["report", "diagnostics", str(tmp_path / "d.zip")]) == 0
    with zipfile.ZipFile(io.BytesIO((tmp_path / "d.zip").read_bytes())) as archive:
        places += [(f"zip {name}", archive.read(name)) for name in archive.namelist()]
    paths = find_paths()
    for folder in (paths.logs, paths.data, paths.config):
        places += [(str(f), f.read_bytes()) for f in folder.rglob("*") if f.is_file()]
    captured = capfd.readouterr()
    places += [("stdout", captured.out.encode()), ("stderr", captured.err.encode())]
    names = " ".join(name for name, _ in places)
    assert "vst.log" in names and ".sqlite" in names and "environ of" in names
    assert b"crashed" in dict(places)[str(paths.logs / "vst.log")]
    assert [hit for name, data in places for hit in hits(name, data)] == []
