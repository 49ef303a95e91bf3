"""A wire between a client and a TWS that can be muted, cut, filtered and spoken into."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable


def frame(*fields: object) -> bytes:
    """One message as TWS writes it."""
    body = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(body)) + body


class WireProxy:
    """Passes bytes on; ``swallow`` decides which of the server's messages get lost."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._clients: list[asyncio.StreamWriter] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.accepted = 0
        self.swallow: Callable[[list[str]], bool] = lambda fields: False
        self.silent = False

    async def start(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Close everything."""
        self._server.close()
        self.cut()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Close the sockets of all clients."""
        for client in self._clients:
            client.close()
        self._clients.clear()

    def sent_up(self, data: bytes) -> None:
        """Bytes of a client, on their way to the server."""

    def say(self, *fields: object) -> None:
        """Tell every client a message that the server did not send."""
        for client in self._clients:
            client.write(frame(*fields))

    def raw(self, data: bytes) -> None:
        """Write bytes to every client, framed or not."""
        for client in self._clients:
            client.write(data)

    def error(self, request_id: int, code: int, text: str) -> None:
        """Tell an error or a notice."""
        self.say(4, 2, request_id, code, text, "")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._clients.append(writer)
        server_reader, server = await asyncio.open_connection("127.0.0.1", self._target)
        self.tasks += [
            asyncio.create_task(self._up(reader, server)),
            asyncio.create_task(self._down(server_reader, writer)),
        ]

    async def _up(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                self.sent_up(data)
                if not self.silent and not server.is_closing():
                    server.write(data)
        except ConnectionError:
            pass
        finally:
            server.close()

    async def _down(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(4)
                body = await reader.readexactly(struct.unpack(">I", head)[0])
                if not self.silent and not self.swallow(body.decode().split("\0")[:-1]):
                    if client.is_closing():
                        break
                    client.write(head + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            client.close()
