"""Uses the frozen application as a stranger would: installed, started, traded with, removed.

    python packaging/smoke.py [--app DIR]

Linux: the archive of dist/ (or DIR) is installed by its own script and run by a user without
rights, with a home folder that cannot be written to and VST_HOME elsewhere; the window under
Xvfb. Windows and macOS: DIR is run as it stands, the window's picture is taken without a screen.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import belongings

ROOT = Path(__file__).resolve().parent.parent
NOBODY = 65534
SUFFIX = ".exe" if os.name == "nt" else ""
SCREEN = (1600, 1000)
VISIBLE_SECS = 1.0
"""What is promised of a warm start where nothing else runs; told, not enforced."""
WINDOW_SECS = 12.0
BARS = 320


class Failed(Exception):
    """A check that does not hold; the text says which."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--app", type=Path, help="a frozen folder; default: the archive in dist/")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vst-smoke-", ignore_cleanup_errors=True) as folder:
        try:
            Smoke(Path(folder), args.app).run()
        except Failed as failure:
            print(f"smoke: {failure}", file=sys.stderr)
            return 1
    print("smoke: all hold")
    return 0


class Smoke:
    """One run of all checks in a folder of its own."""

    def __init__(self, folder: Path, app: Path | None) -> None:
        self.folder = folder
        folder.chmod(0o755)
        self.as_root = os.name != "nt" and os.geteuid() == 0
        self.user: dict[str, Any] = (
            {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.as_root else {}
        )
        self.work = self._owned("work")
        self.home = folder / "home"
        self.home.mkdir()
        self.home.chmod(0o555)
        self.environment = {
            name: os.environ[name]
            for name in ("PATH", "LANG", "SYSTEMROOT", "TEMP", "TMP", "PATHEXT", "COMSPEC")
            if name in os.environ
        } | {"HOME": str(self.home), "VST_HOME": str(self.work / "vst-home")}
        if os.name == "nt":
            self.environment |= {"USERPROFILE": str(self.home), "LOCALAPPDATA": str(self.home)}
        self.app = app.resolve() if app else folder
        self.given = app

    def run(self) -> None:
        owner = NOBODY if self.as_root else os.getuid() if os.name != "nt" else None
        before = belongings.listeners(owner)
        installed = self._install() if self.given is None and sys.platform == "linux" else None
        if self.given is None and installed is None:
            raise Failed("name the frozen folder: --app DIR")
        steps: list[tuple[str, Callable[[], str]]] = [
            ("version", self._version),
            ("doctor", self._doctor),
            ("demo", self._demo),
            ("workers", self._workers),
            ("search", self._search),
        ]
        if sys.platform == "linux":
            steps.append(("window", self._window))
        for name, step in steps:
            self._step(name, step)
        self._step("left over", lambda: self._nothing_left(owner, before))
        if installed is not None:
            self._step("uninstall", lambda: self._uninstall(installed))

    def _step(self, name: str, step: Callable[[], str]) -> None:
        started = time.monotonic()
        try:
            told = step()
        except Failed as failure:
            raise Failed(f"{name}: {failure}") from None
        print(f"ok  {name:<10} {time.monotonic() - started:5.1f} s  {told}", flush=True)

    def _install(self) -> Path:
        archives = sorted((ROOT / "dist").glob("vst-desktop-*-linux-*.tar.xz"))
        if not archives:
            raise Failed("nothing to test: run 'make package' first")
        unpacked = self._owned("unpacked")
        done = subprocess.run(
            ["tar", "-xf", str(archives[-1]), "--strip-components=1"], cwd=unpacked, **self.user
        )
        if done.returncode != 0:
            raise Failed(f"{archives[-1].name} cannot be unpacked")
        prefix = self._owned("prefix")
        self._call("sh", str(unpacked / "install.sh"), str(prefix))
        shutil.rmtree(unpacked)
        self.app = prefix / "lib" / "vst-desktop"
        size = sum(p.stat().st_size for p in self.app.rglob("*") if not p.is_symlink()) / 1e6
        packed = archives[-1].stat().st_size / 1e6
        print(
            f"ok  install            {archives[-1].name}: {packed:.0f} MB, unpacked {size:.0f} MB"
        )
        for program in ("vst", "vst-desktop"):
            if not os.access(prefix / "bin" / program, os.X_OK):
                raise Failed(f"install.sh left no bin/{program}")
        return prefix

    def _uninstall(self, prefix: Path) -> str:
        self._call("sh", str(self.app / "uninstall.sh"))
        left = [path for path in prefix.rglob("*") if not path.is_dir()]
        if left:
            raise Failed(f"uninstall.sh left {left[0]} and {len(left) - 1} more")
        return "no file is left"

    def _version(self) -> str:
        said = self._vst("--version").strip()
        if not said.startswith("vst ") or "not installed" in said:
            raise Failed(f"it says {said!r}")
        started = time.monotonic()
        self._vst("--version")
        return f"{said}, answers in {time.monotonic() - started:.2f} s warm"

    def _doctor(self) -> str:
        file = self.work / "doctor.json"
        self._vst("doctor", "--json", str(file))
        checks = json.loads(file.read_text(encoding="utf-8"))["checks"]
        return ", ".join(check["name"] for check in checks if check["ok"])

    def _demo(self) -> str:
        file, picture = self.work / "demo.json", self.work / "demo.png"
        said = self._vst("demo", "--headless", "--json", str(file), "--screenshot", str(picture))
        if not json.loads(file.read_text(encoding="utf-8"))["ok"]:
            raise Failed("the demo's own report is not ok")
        filled = [line for line in said.splitlines() if "filled:" in line]
        if not filled:
            raise Failed("no order was filled")
        self._needs_picture(picture)
        return filled[0].split("  ", 1)[-1][:70]

    def _workers(self) -> str:
        """Worker processes are this program again: they must not open windows or parse options."""
        file = self.work / "optimise.json"
        self._vst(*self._search_words("grid", "--workers", "2"), "--json", str(file))
        return f"a grid on two processes, {len(file.read_bytes())} bytes"

    def _search(self) -> str:
        file = self.work / "search.json"
        words = self._search_words("optuna", "--trials", "3", "--workers", "1")
        self._vst(*words, "--json", str(file))
        return f"three sets of optuna, {len(file.read_bytes())} bytes"

    def _search_words(self, method: str, *more: str) -> list[str]:
        bars = self.work / "bars.csv"
        if not bars.exists():
            bars.write_text(made_bars(), encoding="utf-8")
        span = ("--start", "2022-06-01", "--end", "2023-03-01")
        varied = ("--vary", "high_base_min_rsi=55,60", "--folds", "2")
        return ["optimize", "--bars", str(bars), *span, *varied, "--method", method, *more]

    def _window(self) -> str:
        times = []
        picture = self.work / "window.png"
        for _ in range(3):
            picture.unlink(missing_ok=True)
            with screen(self.folder) as (display, frame):
                times.append(self._open_window(display, frame, picture))
        warm = min(times[1:])
        met = "" if warm <= VISIBLE_SECS else f", NOT the promised {VISIBLE_SECS:g} s"
        first = f"{times[0]:.2f} s at first"
        return f"visible after {warm:.2f} s warm ({first}){met}; clean exit, picture"

    def _open_window(self, display: str, frame: Frame, picture: Path) -> float:
        blank = frame.pixels()
        started = time.monotonic()
        process = subprocess.Popen(
            [str(self.app / "vst-desktop"), "demo", "--screenshot", str(picture)],
            env=self.environment | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.work,
            **self.user,
        )
        try:
            while frame.share_changed(blank) < 0.5:
                if process.poll() is not None or time.monotonic() - started > 60:
                    raise Failed(f"no window: {said(process)}")
                time.sleep(0.02)
            visible = time.monotonic() - started
            time.sleep(WINDOW_SECS)
            process.send_signal(signal.SIGINT)
            if (code := process.wait(timeout=30)) != 0:
                raise Failed(f"exit {code} on leaving: {said(process)}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        self._needs_picture(picture)
        if keep := os.environ.get("VST_SMOKE_PICTURE"):
            shutil.copy2(picture, keep)
        return visible

    def _nothing_left(self, owner: int | None, before: set[str]) -> str:
        deadline = time.monotonic() + 5
        while (left := belongings.processes_of(self.app)) and time.monotonic() < deadline:
            time.sleep(0.1)
        if left:
            raise Failed(f"still running: {', '.join(left)}")
        if more := belongings.listeners(owner) - before:
            raise Failed(f"still listening: {', '.join(sorted(more))}")
        written = [str(path) for path in self.home.rglob("*")]
        if written:
            raise Failed(f"the home folder was written to: {written[0]}")
        return "no process, no listening socket, an untouched home folder"

    def _needs_picture(self, picture: Path) -> None:
        head = picture.read_bytes()[:24] if picture.exists() else b""
        if head[:8] != b"\x89PNG\r\n\x1a\n":
            raise Failed(f"no picture of the window in {picture.name}")
        width, height = struct.unpack(">II", head[16:24])
        if width < 800 or height < 500 or picture.stat().st_size < 20_000:
            raise Failed(f"the picture is {width} x {height}, {picture.stat().st_size} bytes")

    def _vst(self, *words: str) -> str:
        return self._call(str(self.app / f"vst{SUFFIX}"), *words)

    def _call(self, *words: str) -> str:
        done = subprocess.run(
            words,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            cwd=self.work,
            **self.user,
        )
        if done.returncode != 0:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
            raise Failed(f"exit {done.returncode}: {' / '.join(last)}")
        return done.stdout

    def _owned(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        if self.as_root:
            os.chown(folder, NOBODY, NOBODY)
        return folder


class Frame:
    """What the X server shows, read from its frame buffer (an XWD file)."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as opened:
            self._map = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        head, *_ = struct.unpack(">I", self._map[:4])
        colours = struct.unpack(">I", self._map[76:80])[0]
        self._start = head + 12 * colours
        self._row = struct.unpack(">I", self._map[48:52])[0]
        self._rows = struct.unpack(">I", self._map[20:24])[0]

    def pixels(self) -> bytes:
        return self._map[self._start : self._start + self._row * self._rows]

    def share_changed(self, before: bytes) -> float:
        """Share of rows that differ from a picture taken before."""
        now, row = self.pixels(), self._row
        if now == before:
            return 0.0
        starts = range(0, len(now), row)
        return sum(now[i : i + row] != before[i : i + row] for i in starts) / self._rows


@contextmanager
def screen(folder: Path) -> Iterator[tuple[str, Frame]]:
    """An X server of our own: its display and what it shows."""
    if shutil.which("Xvfb") is None:
        raise Failed("Xvfb is missing: install the package xvfb")
    place = Path(tempfile.mkdtemp(prefix="screen-", dir=folder))
    reader, writer = os.pipe()
    size = f"{SCREEN[0]}x{SCREEN[1]}x24"
    words = f"Xvfb -displayfd {writer} -screen 0 {size} -nolisten tcp -noreset -ac -fbdir".split()
    server = subprocess.Popen(
        [*words, str(place)],
        pass_fds=(writer,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as answer:
            number = answer.readline().strip()
        if not number:
            raise Failed("Xvfb did not start")
        yield f":{number}", Frame(place / "Xvfb_screen0")
    finally:
        server.terminate()
        server.wait()


def said(process: subprocess.Popen[bytes]) -> str:
    """The last line a dead process wrote."""
    if process.poll() is None or process.stderr is None:
        return "still running"
    lines = process.stderr.read().decode("utf-8", "replace").strip().splitlines()
    return f"exit {process.returncode}: {lines[-1] if lines else 'silent'}"


def made_bars() -> str:
    """Daily bars of three made-up symbols, long form."""
    from datetime import date, timedelta
    from math import sin

    rows = ["symbol,date,open,high,low,close,volume"]
    for symbol, base, slope in (("AAA", 60.0, 0.05), ("BBB", 140.0, -0.06), ("CCC", 90.0, 0.02)):
        day, made = date(2022, 1, 3), 0
        while made < BARS:
            if day.weekday() < 5:
                close = base + slope * made + 0.05 * base * sin(made / 9)
                rows.append(
                    f"{symbol},{day},{close - 0.2:.2f},{close + 0.9:.2f},{close - 0.9:.2f},"
                    f"{close:.2f},{2_000_000 + 1000 * made}"
                )
                made += 1
            day += timedelta(days=1)
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
