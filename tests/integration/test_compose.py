"""The compose file's services, started here without containers and wired as it wires them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers.scanners import built_scanner
from vst_desktop.monitoring.metrics import METRICS

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "packaging" / "docker"
DASHBOARDS = sorted((ROOT / "resources" / "grafana" / "dashboards").glob("*.json"))
PATIENCE_SECS = 100.0
needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None or shutil.which("promtool") is None,
    reason="prometheus is not installed (Debian: apt-get install prometheus)",
)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yml").read_text())["services"]
    return found


def expressions() -> list[tuple[str, str]]:
    """Panel and expression of every dashboard."""
    return [
        (f"{file.stem}: {panel['title']}", target["expr"])
        for file in DASHBOARDS
        for panel in json.loads(file.read_text())["panels"]
        for target in panel["targets"]
    ]


# -- what the file says


def test_nothing_is_published_but_on_loopback() -> None:
    ports = [port for service in compose().values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_service_that_stays_has_a_health_check_and_few_rights() -> None:
    for name, service in compose().items():
        if "profiles" in service:
            continue
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name


def test_our_images_do_not_run_as_root() -> None:
    for file in DOCKER.glob("*.Dockerfile"):
        users = [line for line in file.read_text().splitlines() if line.startswith("USER ")]
        assert users[-1] == "USER 10001:10001", file.name


def test_every_file_that_is_mounted_or_built_from_is_there() -> None:
    for service in compose().values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DOCKER / source).exists(), source
        if "build" in service:
            context = DOCKER / service["build"]["context"]
            assert (context / service["build"]["dockerfile"]).is_file()


def test_every_metric_is_shown_or_alerted_on() -> None:
    used = " ".join(expr for _, expr in expressions())
    used += (ROOT / "resources" / "prometheus" / "rules.yml").read_text()
    assert [one.name for one in METRICS if one.name not in used] == ["vst_station_symbols_total"]


@needs_prometheus
def test_the_rules_are_sound_and_fire_when_they_should(tmp_path: Path) -> None:
    rules = ROOT / "resources" / "prometheus" / "rules.yml"
    series = {
        'up{job="station"}': ("0x10", "StationDown", 'job="station"'),
        "vst_station_unprotected_positions": ("2x10", "PositionsUnprotected", ""),
        "vst_station_connected": ("0x10", "BrokerDisconnected", ""),
        "vst_station_journal_well": ("0x10", "JournalTakesNothing", ""),
        "vst_station_scanner_serves": ("0x10", "ScannerDown", ""),
        "vst_station_clock_offset_seconds": ("-3x10", "ClockOff", ""),
    }
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values}],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})',
                    "eval_time": "8m",
                    "exp_samples": [{"labels": "{}", "value": 1}],
                }
            ],
        }
        for name, (values, alert, _) in series.items()
    ]
    file = tmp_path / "test.yml"
    file.write_text(json.dumps({"rule_files": [str(rules)], "tests": tests}))
    for command in (["check", "rules", str(rules)], ["test", "rules", str(file)]):
        ended = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr


# -- the same processes without containers


class Wired:
    """The file's commands and variables with addresses and folders of this machine."""

    def __init__(self, folder: Path) -> None:
        with ExitStack() as stack:
            taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(4)]
            self.calls, self.engine, self.station, self.prometheus = (
                one.getsockname()[1] for one in taken
            )
        self._folder = folder
        self._whole = {
            "scanner": "localhost",
            "50051": str(self.calls),
            "9464": str(self.station),
        }
        self._parts = (
            ("/certificates/made", str(folder / "certificates")),
            ("0.0.0.0:50051", f"127.0.0.1:{self.calls}"),
            ("scanner:50051", f"localhost:{self.calls}"),
            ("0.0.0.0:9465", f"127.0.0.1:{self.engine}"),
            ("scanner:9465", f"127.0.0.1:{self.engine}"),
            ("127.0.0.1:9464", f"127.0.0.1:{self.station}"),
            ("0.0.0.0:9090", f"127.0.0.1:{self.prometheus}"),
            ("/etc/prometheus", str(folder / "etc")),
            ("=/prometheus", f"={folder / 'tsdb'}"),
            ("interval: 5s", "interval: 500ms"),
        )

    def here(self, text: str) -> str:
        """A word of the file as it is here."""
        if text in self._whole:
            return self._whole[text]
        for there, here in self._parts:
            text = text.replace(there, here)
        return text

    def command(self, program: list[str], service: dict[str, Any]) -> list[str]:
        """A service's command line."""
        return [*program, *(self.here(word) for word in service["command"])]

    def environment(self, service: dict[str, Any]) -> dict[str, str]:
        """A service's variables beside those of this process."""
        told = {name: self.here(text) for name, text in service.get("environment", {}).items()}
        return {**os.environ, **told}

    def configure_prometheus(self) -> None:
        """Its folder, with the targets of here."""
        etc = self._folder / "etc"
        shutil.copytree(ROOT / "resources" / "prometheus", etc)
        file = etc / "prometheus.yml"
        file.write_text(self.here(file.read_text()))

    def ask(self, path: str) -> Any:
        """An answer of Prometheus."""
        url = f"http://127.0.0.1:{self.prometheus}/api/v1/{path}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, expr: str) -> list[dict[str, Any]]:
        """What an expression gives now."""
        found: list[dict[str, Any]] = self.ask(f"query?query={urllib.parse.quote(expr)}")["result"]
        return found


@contextmanager
def running(command: list[str], log: Path, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is asked to end at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, **more)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def until(holds: Callable[[], Any], what: str, logs: Path) -> None:
    """Wait for processes of their own."""
    ends = time.monotonic() + PATIENCE_SECS
    while time.monotonic() < ends:
        try:
            if holds():
                return
        except OSError:
            pass
        time.sleep(0.2)
    told = {file.name: file.read_text()[-1500:] for file in logs.glob("*.log")}
    raise AssertionError(f"never: {what}\n{told}")


@needs_prometheus
@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_the_services_work_together_and_every_panel_has_data(tmp_path: Path) -> None:
    scanner, services = str(built_scanner()), compose()
    wired = Wired(tmp_path)
    vst = [sys.executable, "-m", "vst_desktop.cli.main"]
    made = wired.command([scanner], services["certificates"])
    subprocess.run(made, check=True, capture_output=True)
    wired.configure_prometheus()
    with ExitStack() as stack:

        def start(name: str, program: list[str], *more: str) -> None:
            service = services[name]
            stack.enter_context(
                running(
                    [*wired.command(program, service), *more],
                    tmp_path / f"{name}.log",
                    env=wired.environment(service),
                    cwd=ROOT,
                )
            )

        def healthy(name: str, program: dict[str, str]) -> bool:
            test = [wired.here(word) for word in services[name]["healthcheck"]["test"][1:]]
            test[0] = program.get(test[0], test[0])
            return subprocess.run(test, capture_output=True, check=False).returncode == 0

        start("scanner", [scanner])
        until(lambda: healthy("scanner", {"vst-scanner": scanner}), "scanner healthy", tmp_path)
        start("station", vst, "--speed", "60", "--auto", "HIGH_BASE:1.5:2")
        until(lambda: healthy("station", {"python": sys.executable}), "station healthy", tmp_path)
        start("prometheus", ["prometheus"])
        until(
            lambda: len(wired.query('up{job=~"station|scanner"} == 1')) == 2,
            "both endpoints scraped",
            tmp_path,
        )
        until(lambda: wired.query('vst_station_orders{state="FILLED"} > 0'), "a trade", tmp_path)
        groups = wired.ask("rules")["groups"]
        assert {group["name"] for group in groups} == {"trading", "engine"}
        assert not [r for group in groups for r in group["rules"] if r["health"] == "err"]
        empty: list[str] = []

        def all_have_data() -> bool:
            empty[:] = [
                f"{panel}: {expr}" for panel, expr in expressions() if not wired.query(expr)
            ]
            return not empty

        until(all_have_data, f"data for {empty}", tmp_path)
        assert wired.query("vst_scanner_symbols_total > 0"), "the service scanned"
    assert "ends" in (tmp_path / "station.log").read_text()
