"""Real servers that play a mail server, Slack, Twilio and a heartbeat's receiver."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Post:
    """One request that was heard."""

    path: str
    body: str

    @property
    def slack_text(self) -> str:
        """All text of a Slack message."""
        told = json.loads(self.body)
        return "\n".join(str(part) for one in told["attachments"] for part in one.values())

    @property
    def form(self) -> dict[str, list[str]]:
        """The fields of a Twilio message."""
        return parse_qs(self.body)


@dataclass
class HttpService:
    """Plays Slack (``/services/…``), Twilio (``/2010-…``) and anything else.

    ``script``: (status, headers) of the next answers; then all is well. ``hangs``: answers wait
    until it is set.
    """

    port: int = 0
    posts: list[Post] = field(default_factory=list)
    script: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    hangs: Event | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def http_service() -> Iterator[HttpService]:
    """A service on a port of its own."""
    service = HttpService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if service.hangs is not None:
                service.hangs.wait(20)
                return
            service.posts.append(Post(path=self.path, body=body))
            status, headers = service.script.pop(0) if service.script else (200, {})
            answer = b"ok" if self.path.startswith("/services") else b"{}"
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        if service.hangs is not None:
            service.hangs.set()
        server.shutdown()
        thread.join()
        server.server_close()


class Mails:
    """A handler of aiosmtpd: keeps mails; ``refusals`` are answered first."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []
        self.refusals: list[str] = []
        self.port = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take one mail."""
        if self.refusals:
            return self.refusals.pop(0)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = message.get_body(("plain",))
        self.mails.append((str(message["Subject"]), body.get_content() if body else ""))
        return "250 OK"

    @property
    def url(self) -> str:
        """apprise's address of it."""
        return (
            f"mailto://127.0.0.1:{self.port}?from=vst@example.org&to=trader@example.org&format=text"
        )


@contextmanager
def mail_server() -> Iterator[Mails]:
    """An SMTP server on a port of its own, in a thread with a loop of its own."""
    from aiosmtpd.smtp import SMTP, AuthResult

    mails = Mails()
    listener = socket.create_server(("127.0.0.1", 0))
    mails.port = listener.getsockname()[1]
    loop = asyncio.new_event_loop()
    ready = Event()

    async def serve() -> None:
        server = await loop.create_server(
            lambda: SMTP(
                mails,
                hostname="localhost",
                loop=loop,
                auth_require_tls=False,
                authenticator=lambda *told: AuthResult(success=True),
            ),
            sock=listener,
        )
        ready.set()
        try:
            await server.serve_forever()
        except asyncio.CancelledError:
            server.close()

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(task)
            rest = asyncio.all_tasks(loop)
            for one in rest:
                one.cancel()
            loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        finally:
            loop.close()

    task = loop.create_task(serve())
    thread = Thread(target=run, daemon=True)
    thread.start()
    ready.wait(5)
    try:
        yield mails
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
