"""The log: JSON lines, no secret by key or value, rotated, one correlation id for a trade."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.helpers.desk import INSIDE, World, in_world, opened
from vst_desktop.runtime import logs
from vst_desktop.runtime.logs import configure_logs
from vst_desktop.runtime.redaction import HIDDEN, REDACTOR, Redactor

CANARY = "canary/S3cret+value=="


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / logs.LOG_NAME).read_text().splitlines()]


def test_a_record_is_one_json_line_with_its_fields(tmp_path: Path) -> None:
    configure_logs(tmp_path)
    logging.getLogger("vst_desktop.x").info("scan of %d", 5, extra={"component": "SCANNER"})
    [line] = lines(tmp_path)
    assert line["event"] == "scan of 5"
    assert (line["level"], line["logger"]) == ("info", "vst_desktop.x")
    assert line["component"] == "SCANNER"
    assert str(line["timestamp"]).endswith("Z")


@pytest.mark.allow_log("sent with")
def test_a_secret_is_hidden_by_its_value_however_it_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    REDACTOR.learn(CANARY)
    configure_logs(tmp_path)
    log = logging.getLogger("vst_desktop.x")
    forms = [
        CANARY,
        quote(CANARY, safe=""),
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(f"user:{CANARY}".encode()).decode(),
        CANARY.encode().hex(),
    ]
    for form in forms:
        log.warning("sent with %s", form, extra={"address": f"https://x/{form}"})
    try:
        raise ValueError(CANARY)
    except ValueError:
        log.warning("sent with what failed", exc_info=True)
    written = (tmp_path / logs.LOG_NAME).read_text() + capsys.readouterr().err
    assert written.count(HIDDEN) >= 2 * len(forms)
    assert not any(form in written for form in forms if form != forms[3])
    assert "S3cret" not in base64_parts(written)


def base64_parts(text: str) -> str:
    """Whatever in the text decodes as base64."""
    found = []
    for word in text.replace('"', " ").split():
        try:
            found.append(base64.b64decode(word + "=" * (-len(word) % 4)).decode("latin-1"))
        except ValueError:
            continue
    return " ".join(found)


def test_a_secret_is_hidden_by_its_key(tmp_path: Path) -> None:
    configure_logs(tmp_path)
    told = {"api_key": "abc", "nested": {"Authorization": "Bearer abc"}, "tries": 3}
    logging.getLogger("vst_desktop.x").info("told", extra={"request": told})
    [line] = lines(tmp_path)
    assert line["request"] == {
        "api_key": HIDDEN,
        "nested": {"Authorization": HIDDEN},
        "tries": 3,
    }


def test_an_address_is_hidden_in_its_parts() -> None:
    redactor = Redactor()
    redactor.learn_address("mailtos://trader:hunter22@mail.example.org?to=a@b.c")
    said = redactor.text("login trader hunter22 at mail.example.org refused")
    assert "hunter22" not in said and "mail.example.org" not in said


def test_files_are_rotated_and_their_number_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 2000)
    monkeypatch.setattr(logs, "FILES", 3)
    configure_logs(tmp_path)
    for number in range(200):
        logging.getLogger("vst_desktop.x").info("line %d", number)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["vst.log", "vst.log.1", "vst.log.2"]
    assert all(path.stat().st_size <= 2000 for path in tmp_path.iterdir())


def test_a_trade_has_one_id_from_approval_to_exit_across_a_restart(tmp_path: Path) -> None:
    configure_logs(tmp_path)

    async def story(world: World) -> None:
        held = await opened(world, "AAPL")
        await world.restart()
        await world.desk.close_position(held.intent_id)
        await world.settle()
        assert not world.desk.positions()

    in_world(tmp_path, INSIDE, story)
    told = [line for line in lines(tmp_path) if line.get("symbol") == "AAPL"]
    steps = [str(line["step"]) for line in told]
    assert {"approved", "SEND", "FILL"} <= set(steps)
    assert len({line["correlation"] for line in told}) == 1
    assert str(told[0]["correlation"]).startswith("AAPL:")
    assert any(str(line.get("order_ref", "")).endswith(".x1") for line in told)
