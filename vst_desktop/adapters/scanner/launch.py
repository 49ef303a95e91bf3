"""One launch of the scanner child: start, handshake, drain, stop. Single-use."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
from pathlib import Path

from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.handshake import Handshake, parse_handshake
from vst_desktop.adapters.scanner.tls import ClientIdentity, make_identity
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.children import drain, end_child

log = logging.getLogger(__name__)
child_log = logging.getLogger("vst.scanner")

HANDSHAKE_SECS = 10.0
LEVELS = {"DEBUG": 10, "INFO": 20, "WARN": 30, "ERROR": 40}


class Launch:
    """A running child with the identity and token that its calls need."""

    def __init__(self, binary: Path, config: ScannerConfig) -> None:
        self._binary = binary
        self._config = config
        self._process: asyncio.subprocess.Process | None = None
        self._drains: list[asyncio.Task[None]] = []
        self._last_error = ""
        self.identity: ClientIdentity = make_identity()
        self.token = secrets.token_urlsafe(32)
        self.handshake: Handshake | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> Handshake:
        """Start the child and read its handshake.

        Raises:
            UserError: It exits, stays silent for 10 s, or its first line is wrong.
        """
        self._process = await asyncio.create_subprocess_exec(
            str(self._binary),
            "child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={},
        )
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin is not None and stdout is not None and stderr is not None
        self._drains.append(asyncio.create_task(self._read_log(stderr), name="scanner:stderr"))
        bootstrap = self._config.bootstrap_line(
            token=self.token, client_ca_pem=self.identity.certificate_pem
        )
        try:
            async with asyncio.timeout(HANDSHAKE_SECS):
                with contextlib.suppress(ConnectionError):  # ended already: its words tell why
                    stdin.write(bootstrap)
                    await stdin.drain()
                line = await stdout.readline()
        except TimeoutError:
            await self.stop()
            raise UserError(f"the scanner said nothing for {HANDSHAKE_SECS:g} s") from None
        if not line:
            code = await self._process.wait()
            await asyncio.gather(*self._drains)
            reason = f": {self._last_error}" if self._last_error else ""
            raise UserError(f"the scanner ended with code {code}{reason}")
        try:
            self.handshake = parse_handshake(line.decode("utf-8", "replace"))
        except UserError:
            await self.stop()
            raise
        self._drains.append(asyncio.create_task(drain(stdout), name="scanner:stdout"))
        return self.handshake

    async def wait(self) -> int:
        """The exit code, when it ends."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """Close its stdin (it ends by itself), then terminate, then kill; idempotent."""
        if self._process is None:
            return
        await end_child(self._process, "the scanner")
        await asyncio.gather(*self._drains, return_exceptions=True)

    async def _read_log(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            try:
                entry = json.loads(line)
                level = LEVELS.get(str(entry.get("level")), logging.INFO)
                text = str(entry.get("msg", ""))
                extra = {k: v for k, v in entry.items() if k not in ("time", "level", "msg")}
            except (ValueError, AttributeError):
                level, text, extra = logging.INFO, line.decode("utf-8", "replace").strip(), {}
            if level >= logging.ERROR:
                self._last_error = text
            child_log.log(level, "%s %s", text, extra or "")
