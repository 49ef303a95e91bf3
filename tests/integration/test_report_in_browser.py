"""The report in a browser: it is drawn, and asks nobody for anything."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from PySide6.QtGui import QImage

from tests.helpers.lab_bars import write_waves
from vst_desktop.cli.main import main

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
_QUIET = (
    "--disable-background-networking --disable-component-update --disable-sync --no-first-run "
    "--disable-default-apps --disable-extensions --no-pings --metrics-recording-only"
)
_OWN = ("google.com", "googleapis.com", "gvt1.com", "gstatic.com")
"""What the browser asks for by itself, whatever it shows."""


@contextmanager
def refusing_proxy() -> Iterator[tuple[int, list[str]]]:
    """A proxy that notes the first line of every request and closes."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            with suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client, suppress(OSError):
                        asked.append(client.recv(4096).split(b"\r\n")[0].decode("latin-1"))

        thread = Thread(target=take)
        thread.start()
        yield server.getsockname()[1], asked
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def opened(page: Path, folder: Path) -> tuple[QImage, list[str]]:
    """A picture of the page, and what was asked for beside the browser's own errands."""
    assert BROWSER is not None
    picture = folder / "page.png"
    with refusing_proxy() as (port, asked):
        subprocess.run(
            [
                *(BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", *_QUIET.split()),
                f"--user-data-dir={folder / 'profile'}",
                *(f"--proxy-server=127.0.0.1:{port}", "--proxy-bypass-list=<-loopback>"),
                *(f"--screenshot={picture}", "--window-size=1280,2000", page.as_uri()),
            ],
            capture_output=True,
            timeout=60,
            check=True,
        )
    return QImage(str(picture)), [line for line in asked if not any(own in line for own in _OWN)]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_the_report_is_drawn_without_a_single_request(tmp_path: Path, vst_home: Path) -> None:
    bars = str(write_waves(tmp_path / "bars.csv"))
    span = ["--start", "2019-01-01", "--end", "2019-12-31"]
    assert main(["backtest", "--bars", bars, *span, "--report", str(tmp_path / "out")]) == 0
    page = tmp_path / "out" / "index.html"
    assert "://" not in page.read_text(encoding="utf-8")
    picture, asked = opened(page, tmp_path)
    assert asked == []
    colours = {picture.pixel(x, y) for y in range(0, 2000, 4) for x in range(0, 1280, 4)}
    assert len(colours) > 10, "an empty page"


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_a_page_that_asks_is_caught(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="http://192.0.2.1/pixel.png">', encoding="utf-8")
    assert "192.0.2.1" in opened(page, tmp_path)[1][0]
