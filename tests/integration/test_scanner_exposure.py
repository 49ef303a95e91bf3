"""Who reaches a scanner and who does not, and where its secrets show (R15, R16)."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import socket
import sys
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import grpc
import grpc.aio
import pytest

from tests.helpers.scanners import (
    Served,
    built_scanner,
    listeners,
    made_bars,
    scan_of,
    serving,
    tell,
)
from vst_desktop.adapters.scanner._pb import scanner_pb2 as pb
from vst_desktop.adapters.scanner.client import SERVER_NAME, ScannerClient
from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.launch import Launch
from vst_desktop.adapters.scanner.supervisor import ChildLink, ScannerChild
from vst_desktop.domain.errors import UserError

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
CANARY = "canary+key/with?every=kind-of&character"


@pytest.fixture(scope="module")
def binary() -> Path:
    return built_scanner()


@linux
def test_child_listens_on_one_loopback_port_and_the_station_on_none(binary: Path) -> None:
    async def story() -> None:
        before = listeners(os.getpid())
        child = ScannerChild(binary)
        await child.start()
        try:
            assert isinstance(child._link, ChildLink) and child.pid is not None
            handshake = child._link.launch.handshake
            assert handshake is not None
            assert listeners(child.pid) == {handshake.address}
            assert handshake.address.startswith("127.0.0.1:")
            assert listeners(os.getpid()) == before
        finally:
            await child.close()

    tell(story)


@linux
def test_metrics_add_one_loopback_port(binary: Path) -> None:
    async def story() -> None:
        child = ScannerChild(binary, config=ScannerConfig(metrics_port=0))
        await child.start()
        try:
            assert child.pid is not None
            found = listeners(child.pid)
            assert len(found) == 2
            assert all(address.startswith("127.0.0.1:") for address in found)
        finally:
            await child.close()

    tell(story)


@linux
def test_another_address_of_this_machine_does_not_reach_it(binary: Path) -> None:
    async def story() -> None:
        launch = Launch(binary, ScannerConfig())
        port = int((await launch.start()).address.rpartition(":")[2])
        try:
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.2", port)
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
        finally:
            await launch.stop()

    tell(story)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ("identity of the run before", "UNAVAILABLE"),
        ("token of the run before", "UNAUTHENTICATED"),
        ("token of the right length", "UNAUTHENTICATED"),
        ("no token", "UNAUTHENTICATED"),
    ],
)
def test_stranger_is_refused_every_call(binary: Path, wrong: str, refusal: str) -> None:
    async def story() -> None:
        old, launch = Launch(binary, ScannerConfig()), Launch(binary, ScannerConfig())
        handshake = await launch.start()
        identity = old.identity if "identity" in wrong else launch.identity
        tokens = {"token of the run before": old.token, "no token": ""}
        tokens["token of the right length"] = launch.token[:-1] + "-"
        try:
            stranger = ScannerClient(handshake, identity, tokens.get(wrong, launch.token))
            async with stranger:
                for call in (
                    stranger.check(5),
                    stranger.metrics(),
                    stranger.scan(scan_of("A"), None),
                ):
                    with pytest.raises(UserError, match=refusal):
                        await call
                await stranger.shutdown()
            async with ScannerClient(handshake, launch.identity, launch.token) as friend:
                await friend.check(5)
        finally:
            await launch.stop()

    tell(story)


def test_without_a_client_certificate_there_is_no_connection(binary: Path) -> None:
    async def story() -> None:
        launch = Launch(binary, ScannerConfig())
        handshake = await launch.start()
        try:
            async with _channel(
                handshake.address, grpc.ssl_channel_credentials(handshake.certificate_pem)
            ) as channel:
                assert await _code(channel, "/vst.scanner.v1.Scanner/GetMetrics", launch.token) is (
                    grpc.StatusCode.UNAVAILABLE
                )
            async with grpc.aio.insecure_channel(handshake.address) as channel:
                assert await _code(channel, "/vst.scanner.v1.Scanner/GetMetrics", launch.token) is (
                    grpc.StatusCode.UNAVAILABLE
                )
        finally:
            await launch.stop()

    tell(story)


@pytest.mark.parametrize(
    "path", ["/vst.scanner.v1.Scanner/Nothing", "/other.Service/Scan", "/", "/x"]
)
def test_unknown_path_is_unimplemented(binary: Path, path: str) -> None:
    async def story() -> None:
        launch = Launch(binary, ScannerConfig())
        handshake = await launch.start()
        credentials = grpc.ssl_channel_credentials(
            handshake.certificate_pem, launch.identity.key_pem, launch.identity.certificate_pem
        )
        try:
            async with _channel(handshake.address, credentials) as channel:
                for token in (launch.token, "x" * 32):
                    assert await _code(channel, path, token) is grpc.StatusCode.UNIMPLEMENTED
        finally:
            await launch.stop()

    tell(story)


def _channel(address: str, credentials: grpc.ChannelCredentials) -> grpc.aio.Channel:
    return grpc.aio.secure_channel(
        address, credentials, options=[("grpc.ssl_target_name_override", SERVER_NAME)]
    )


async def _code(channel: grpc.aio.Channel, path: str, token: str) -> grpc.StatusCode:
    call = channel.unary_unary(
        path,
        request_serializer=pb.MetricsRequest.SerializeToString,
        response_deserializer=bytes,
    )
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call(pb.MetricsRequest(), metadata=(("authorization", f"Bearer {token}"),), timeout=5)
    return failed.value.code()


@linux
def test_secrets_show_in_no_argument_environment_log_metric_or_text(
    binary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def story() -> None:
        keys = {"key_id": CANARY, "secret_key": CANARY}
        config = ScannerConfig(providers={"alpaca": keys}, metrics_port=0)
        launch = Launch(binary, config)
        handshake = await launch.start()
        async with ScannerClient(handshake, launch.identity, launch.token) as client:
            await client.put_bars([made_bars("A", 1)])
            with pytest.raises(UserError) as refused:
                await ScannerClient(handshake, launch.identity, CANARY).check(5)
            proc = Path(f"/proc/{launch.pid}")
            seen = [
                (proc / "cmdline").read_bytes().decode(),
                (proc / "environ").read_bytes().decode(),
                await _metrics_text(caplog),
                repr(config) + repr(launch) + repr(launch.identity),
                str(refused.value),
            ]
        await launch.stop()
        seen.append(caplog.text)
        assert "vst_scanner_calls_total" in seen[2]
        key = launch.identity.key_pem.decode().splitlines()[1]
        for secret in (CANARY, launch.token, key):
            encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
            for form in (secret, quote(secret, safe=""), encoded):
                assert not [text for text in seen if form in text]

    tell(story)


async def _metrics_text(caplog: pytest.LogCaptureFixture) -> str:
    address = caplog.text.split("serving metrics {'address': '")[1].split("'")[0]
    return await asyncio.to_thread(_get, f"http://{address}/metrics")


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def test_metrics_tell_of_calls_and_profiles_are_off(binary: Path, tmp_path: Path) -> None:
    async def story() -> None:
        async with serving(binary, tmp_path / "a", "--metrics", "127.0.0.1:0") as served:
            async with served.service().open() as client:
                await client.check(5)
            stranger = replace(served.service(), token="x" * 32)
            async with stranger.open() as client:
                with pytest.raises(UserError, match="UNAUTHENTICATED"):
                    await client.metrics()
            text = await asyncio.to_thread(_get, f"http://{served.metrics}/metrics")
            health = 'method="/grpc.health.v1.Health/Check"'
            assert f'vst_scanner_calls_total{{code="OK",{health}}} 1' in text
            refused = 'method="/vst.scanner.v1.Scanner/GetMetrics"'
            assert f'vst_scanner_calls_total{{code="Unauthenticated",{refused}}} 1' in text
            assert "process_resident_memory_bytes" in text
            with pytest.raises(urllib.error.HTTPError, match="404"):
                await asyncio.to_thread(_get, f"http://{served.metrics}/debug/pprof/")

    tell(story)


@linux
def test_service_listens_where_it_was_told_and_gives_profiles_when_asked(
    binary: Path, tmp_path: Path
) -> None:
    async def story() -> None:
        more = ("--metrics", "127.0.0.1:0", "--pprof")
        async with serving(binary, tmp_path / "a", *more) as served:
            assert served.process is not None
            expected = {f"127.0.0.1:{served.port}", served.metrics}
            assert listeners(served.process.pid) == expected
            page = await asyncio.to_thread(_get, f"http://{served.metrics}/debug/pprof/")
            assert "goroutine" in page

    tell(story)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--client-ca", ""), "--client-ca is missing"),
        (("--token-file", ""), "--token-file is missing"),
        (("--pprof",), "--pprof needs --metrics with a loopback address"),
        (("--pprof", "--metrics", "0.0.0.0:0"), "--pprof needs --metrics with a loopback address"),
        (("--kernel", "fast"), 'there is no kernel \\"fast\\"'),
        (("--max-concurrency", "0"), "max_concurrency 0 is below 1"),
        (("--token", "secret"), "flag provided but not defined: -token"),
    ],
)
def test_service_that_is_set_up_wrongly_does_not_start(
    binary: Path, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    async def story() -> None:
        at = Served(binary, tmp_path / "a").folder
        process = await asyncio.create_subprocess_exec(
            *(binary, "serve", "--listen", "127.0.0.1:0"),
            *("--cert", at / "server.pem", "--key", at / "server.key"),
            *("--client-ca", at / "ca.pem", "--token-file", at / "token"),
            *arguments,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        assert process.returncode in (1, 2)
        assert reason in said.decode()

    tell(story)


def test_port_in_use_is_told(binary: Path, tmp_path: Path) -> None:
    async def story() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            served = Served(binary, tmp_path / "a")
            served.port = taken.getsockname()[1]
            with pytest.raises(AssertionError, match="ended before it served"):
                await served.start()
            assert served.process is not None
            assert await served.process.wait() == 1

    tell(story)
