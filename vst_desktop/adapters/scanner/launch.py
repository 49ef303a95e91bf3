"""One launch of the scanner child: start, handshake, drain, stop. Single-use."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from vst_desktop.adapters.scanner.binary import REMEDY
from vst_desktop.adapters.scanner.config import ScannerConfig
from vst_desktop.adapters.scanner.errors import NotNow
from vst_desktop.adapters.scanner.handshake import Handshake, parse_handshake
from vst_desktop.adapters.scanner.tls import ClientIdentity, make_identity
from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.children import NO_CONSOLE, drain, end_child

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
            NotNow: It exits, stays silent for 10 s, or its first line is no handshake.
            UserError: It cannot be run, or is of another build.
        """
        try:
            return await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> Handshake:
        try:
            self._process = await asyncio.create_subprocess_exec(
                str(self._binary),
                "child",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                # Windows opens no socket without SYSTEMROOT; nothing else is the child's business.
                env={name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},
                creationflags=NO_CONSOLE,
            )
        except OSError as error:
            raise UserError(
                f"the scanner cannot be run ({error.strerror})",
                where=str(self._binary),
                remedy=REMEDY,
            ) from None
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
                if not line:
                    raise await self._ended()
        except TimeoutError:
            raise NotNow(f"the scanner said nothing for {HANDSHAKE_SECS:g} s") from None
        except ValueError:
            raise NotNow("the scanner's first line is no handshake: it has no end") from None
        self.handshake = parse_handshake(line.decode("utf-8", "replace"))
        self._drains.append(asyncio.create_task(drain(stdout), name="scanner:stdout"))
        return self.handshake

    async def _ended(self) -> NotNow:
        code = await self.wait()
        await asyncio.gather(*self._drains)
        reason = f": {self._last_error}" if self._last_error else ""
        return NotNow(f"the scanner ended with code {code}{reason}")

    async def wait(self) -> int:
        """The exit code, when it ends."""
        assert self._process is not None
        return await self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def stop(self, ask: Callable[[], Awaitable[None]] | None = None) -> None:
        """Ask it to end (by closing its stdin, unless given how), terminate, kill; idempotent."""
        if self._process is None:
            return
        await end_child(self._process, "the scanner", ask=ask)
        await asyncio.gather(*self._drains, return_exceptions=True)

    async def _read_log(self, stream: asyncio.StreamReader) -> None:
        while not stream.at_eof():
            try:
                line = await stream.readline()
            except ValueError:  # a line beyond the reader's limit: that part is lost
                continue
            if line:
                self._log(line)

    def _log(self, line: bytes) -> None:
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
