"""What every test stands on: a known environment, no unexpected log records, the shared data."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

# Before any test module imports Qt.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_API"] = "pyside6"
for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_SCALE_FACTOR", "QT_STYLE_OVERRIDE"):
    os.environ.pop(name, None)
# A local time that is neither UTC nor Eastern: code that confuses either with it fails here,
# not at the trader's. Written out, so that it needs no zone files.
os.environ["TZ"] = "TST-05:30"
if hasattr(time, "tzset"):
    time.tzset()

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

if TYPE_CHECKING:
    from tests.helpers.own_strategies import Own

settings.register_profile("vst", derandomize=True, deadline=None, max_examples=60, database=None)
settings.load_profile("vst")

REPOSITORY = Path(__file__).resolve().parents[1]
_ALLOWED_ALL = pytest.StashKey[bool]()
_MISSING_DATA = "the shared test data is not here: set VST_TEST_DATA, or put it at ../shared/data"


@pytest.fixture(autouse=True)
def vst_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for each test's settings, data and logs; no setting from outside."""
    for name in list(os.environ):
        if name.startswith("VST_") and name != "VST_TEST_DATA":
            monkeypatch.delenv(name)
    home = tmp_path / "vst-home"
    monkeypatch.setenv("VST_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The shared market data; skips the test where it is absent."""
    named = os.environ.get("VST_TEST_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(_MISSING_DATA)
    return folder


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Own]:
    """Distributions with strategies of the user's own, installed for this test."""
    from tests.helpers.own_strategies import Own

    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    installed = Own(folder)
    yield installed
    installed.uninstall()


@pytest.fixture
def caplog_allowed(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> pytest.LogCaptureFixture:
    """``caplog`` for a test that provokes warnings and judges them itself."""
    request.node.stash[_ALLOWED_ALL] = True
    return caplog


class _Collector(logging.Handler):
    """Keeps records at WARNING or above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


_REAPED = re.compile(r"^child process pid \d+ exit status already read")
"""asyncio of itself: a transport that is closed just when its process ends reads the status before
the watcher does. Nobody of ours loses anything by it."""


def _unexpected(item: pytest.Item, records: list[logging.LogRecord]) -> list[str]:
    if item.stash.get(_ALLOWED_ALL, False):
        return []
    patterns = [re.compile(mark.args[0]) for mark in item.iter_markers("allow_log")]
    patterns.append(_REAPED)
    return [
        f"{record.levelname} {record.name}: {record.getMessage()}"
        for record in records
        if not any(pattern.search(record.getMessage()) for pattern in patterns)
    ]


def _watch_logs(item: pytest.Item) -> Generator[None, object, object]:
    """Fail the phase that logs a warning nobody expected; leave logging as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    collector = _Collector()
    root.addHandler(collector)
    try:
        result = yield
    finally:
        for added in root.handlers:
            if added not in handlers and added is not collector:
                added.close()
        root.handlers[:] = handlers
        root.setLevel(level)
    if found := _unexpected(item, collector.records):
        pytest.fail("unexpected log records:\n" + "\n".join(found), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Watch the log while fixtures are made."""
    return (yield from _watch_logs(item))  # type: ignore[return-value]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Watch the log while the test runs."""
    return (yield from _watch_logs(item))  # type: ignore[return-value]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Watch the log while fixtures are undone."""
    return (yield from _watch_logs(item))  # type: ignore[return-value]
