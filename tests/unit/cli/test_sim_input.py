"""Bad input of ``vst sim`` and ``vst demo`` is one sentence on stderr."""

from __future__ import annotations

import socket

import pytest

from vst_desktop.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sim", "--speed", "nan"], "--speed nan is not from 0 to"),
        (["sim", "--speed", "inf"], "--speed inf is not from 0 to"),
        (["sim", "--speed", "1e300"], "--speed 1e+300 is not from 0 to"),
        (["sim", "--speed", "-1"], "--speed -1 is not from 0 to"),
        (["sim", "--at", "0001-01-01T00:00+14:00"], "not in the years"),
        (["sim", "--at", "9999-12-31T23:59-12:00"], "not in the years"),
        (["demo", "--headless", "--at", "9999-12-31T23:59-12:00"], "not in the years"),
    ],
)
def test_what_cannot_be_used_is_a_usage_error_in_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1


def test_a_control_port_in_use_is_a_sentence_with_its_own_remedy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["sim", "--port", "0", "--control-port", str(port)]) == 1
    said = capsys.readouterr().err
    assert f"port {port} is in use" in said and "--control-port" in said
    assert said.count("\n") == 1
