"""A local server that speaks the daily-price formats of the services that the scanner knows."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

FIRST = date(2024, 1, 2)


@dataclass
class BarService:
    """Where it listens, the keys it takes, and the questions it was asked."""

    url: str = ""
    keys: frozenset[str] = frozenset({"Token good-token", "good-id/good-secret"})
    asked: list[str] = field(default_factory=list)


def days(count: int) -> list[date]:
    """So many weekdays from the first on."""
    every = (FIRST + timedelta(days=n) for n in range(2 * count + 7))
    return [day for day in every if day.weekday() < 5][:count]


@contextmanager
def bar_service() -> Iterator[BarService]:
    """Serves 30 days of every symbol but NOPE; prices 10.00, 10.01, ..."""
    service = BarService()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Nothing: the test says what it saw."""

        def do_GET(self) -> None:  # the base class names it so
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            service.asked.append(self.path)
            status, body = self.answer(parts.path, query)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
            given = self.headers.get("Authorization") or "/".join(
                self.headers.get(name, "") for name in ("APCA-API-KEY-ID", "APCA-API-SECRET-KEY")
            )
            if given not in service.keys:
                return 403, {"message": "forbidden."}
            if path == "/v2/stocks/bars":
                symbols = query["symbols"].split(",")
                bars = {symbol: alpaca_bars() for symbol in symbols if symbol != "NOPE"}
                return 200, {"bars": bars, "next_page_token": None}
            ticker = path.removeprefix("/tiingo/daily/").removesuffix("/prices")
            if ticker == "NOPE":
                return 404, {"detail": "Not found."}
            return 200, tiingo_prices()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def alpaca_bars() -> list[dict[str, Any]]:
    """In the documented form: t, o, h, l, c, v, n, vw."""
    return [
        {"t": f"{day}T05:00:00Z", "o": p, "h": p, "l": p, "c": p, "v": 1000, "n": 10, "vw": p}
        for day, p in zip(days(30), prices(), strict=True)
    ]


def tiingo_prices() -> list[dict[str, Any]]:
    """In the documented form; adjusted prices are not what the station wants."""
    return [
        {
            "date": f"{day}T00:00:00.000Z",
            "open": p, "high": p, "low": p, "close": p, "volume": 1000,
            "adjOpen": 1.0, "adjHigh": 1.0, "adjLow": 1.0, "adjClose": 1.0, "adjVolume": 1,
            "divCash": 0.0, "splitFactor": 1.0,
        }
        for day, p in zip(days(30), prices(), strict=True)
    ]  # fmt: skip


def prices() -> list[float]:
    """One a day."""
    return [round(10 + n / 100, 2) for n in range(30)]
