"""A client of the simulator without a socket: what it says is answered at once."""

from __future__ import annotations

from vst_desktop.adapters.tws_sim import wire
from vst_desktop.adapters.tws_sim.server import TwsServer
from vst_desktop.adapters.tws_sim.session import Session
from vst_desktop.adapters.tws_sim.wire import FrameReader


class SimPeer:
    """One connected client; a delayed answer or a closed connection fails the test."""

    peer = "test"

    def __init__(self, server: TwsServer, client_id: int = 7, versions: str = "v100..176") -> None:
        self.reader = FrameReader()
        self.session: Session = server.session_for(self)  # type: ignore[arg-type]
        self.session.feed(b"API\0" + wire.pack(versions.encode()))
        self.say(71, 2, client_id, "")

    def write(self, frame: bytes) -> None:
        self.reader.feed(frame)

    def close(self) -> None:
        raise AssertionError("closed")

    def later(self, secs: float, call: object) -> None:
        raise AssertionError(f"a delay of {secs}")

    def heard(self) -> list[list[str]]:
        """What came since the last look."""
        return [wire.split(payload) for payload in self.reader.payloads()]

    def say(self, *fields: wire.Field) -> list[list[str]]:
        """Say something; the answer."""
        self.session.feed(wire.encode(fields))
        return self.heard()

    def refresh(self) -> list[list[str]]:
        """Let it be told what changed."""
        self.session.refresh()
        return self.heard()


def errors(said: list[list[str]]) -> list[int]:
    """Codes of the errors among messages."""
    return [int(fields[3]) for fields in said if fields[0] == "4"]
