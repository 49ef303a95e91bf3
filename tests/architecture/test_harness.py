"""The test harness itself: what it must catch, and what it must let pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

CASES = """
import datetime, logging, os, warnings
from pathlib import Path
import pytest

def test_plain_passes():
    logging.getLogger("x").info("fine")

def test_warning_record_fails():
    logging.getLogger("x").warning("surprise")

@pytest.fixture
def noisy():
    logging.getLogger("x").error("while making")

def test_warning_in_a_fixture_fails(noisy):
    pass

@pytest.mark.allow_log("^expected")
def test_allowed_record_passes():
    logging.getLogger("x").warning("expected thing")

@pytest.mark.allow_log("^expected")
def test_other_record_beside_an_allowed_one_fails():
    logging.getLogger("x").warning("expected thing")
    logging.getLogger("x").warning("other thing")

def test_judged_records_pass(caplog_allowed):
    logging.getLogger("x").warning("anything")
    assert caplog_allowed.messages == ["anything"]

def test_python_warning_fails():
    warnings.warn("old", DeprecationWarning)

def test_cleared_root_handlers_are_put_back_a():
    logging.getLogger().handlers.clear()

def test_cleared_root_handlers_are_put_back_b():
    logging.getLogger("x").warning("still seen")

def test_home_is_a_folder_of_this_test_passes(tmp_path):
    assert Path(os.environ["VST_HOME"]).parent == tmp_path
    assert "VST_EXECUTION__TRADING_MODE" not in os.environ

def test_local_time_is_neither_utc_nor_eastern_passes():
    offset = datetime.datetime.now().astimezone().utcoffset()
    assert offset == datetime.timedelta(hours=5, minutes=30)

def test_shared_data_absent_skips(data_dir):
    pass
"""


def test_each_case_ends_as_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    shutil.copy(REPOSITORY / "tests" / "conftest.py", tmp_path / "tests" / "conftest.py")
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path / "pyproject.toml")
    (tmp_path / "tests" / "test_cases.py").write_text(CASES, encoding="utf-8")
    environment = {name: text for name, text in os.environ.items() if name != "VST_TEST_DATA"}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=no", "tests"],
        cwd=tmp_path,
        env=environment | {"VST_EXECUTION__TRADING_MODE": "LIVE"},
        capture_output=True,
        text=True,
        check=False,
    )
    ended = {
        line.split("::")[1].split()[0]: line.split()[0]
        for line in run.stdout.splitlines()
        if line.startswith(("PASSED", "FAILED", "ERROR")) and "::" in line
    }
    assert ended == {
        "test_plain_passes": "PASSED",
        "test_warning_record_fails": "FAILED",
        "test_warning_in_a_fixture_fails": "ERROR",
        "test_allowed_record_passes": "PASSED",
        "test_other_record_beside_an_allowed_one_fails": "FAILED",
        "test_judged_records_pass": "PASSED",
        "test_python_warning_fails": "FAILED",
        "test_cleared_root_handlers_are_put_back_a": "PASSED",
        "test_cleared_root_handlers_are_put_back_b": "FAILED",
        "test_home_is_a_folder_of_this_test_passes": "PASSED",
        "test_local_time_is_neither_utc_nor_eastern_passes": "PASSED",
    }, run.stdout
    assert "1 skipped" in run.stdout
