"""A TWS client of frames and nothing else."""

from __future__ import annotations

import asyncio

from vst_desktop.adapters.tws_sim import wire


class RawClient:
    """Speaks frames over a real socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self.server_version = 0

    @classmethod
    async def connect(cls, port: int, client_id: int, versions: str = "v157..176") -> RawClient:
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        client.writer.write(b"API\0" + wire.pack(versions.encode()))
        client.say(71, 2, client_id, "")
        client.server_version = int((await client.hear())[0])
        await client.until("9")
        return client

    def say(self, *fields: wire.Field) -> None:
        self.writer.write(wire.encode(fields))

    async def hear(self) -> list[str]:
        """The next message."""
        size = int.from_bytes(await self._reader.readexactly(4))
        return wire.split(await self._reader.readexactly(size))

    async def until(self, message: str) -> list[str]:
        """The next message of that id; those before it are thrown away."""
        while (fields := await self.hear())[0] != message:
            pass
        return fields

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()
