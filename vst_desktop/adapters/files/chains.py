"""Recorded option chains: one symbol on one day in one Parquet or CSV file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import numpy as np

from vst_desktop.adapters.files.tables import Table, read_table
from vst_desktop.domain.errors import UserError
from vst_desktop.domain.money import price
from vst_desktop.domain.quotes import OptionChain, OptionContract, OptionQuote, Quote, Right
from vst_desktop.options.contracts import last_trading_day
from vst_desktop.runtime.calendar import EASTERN

REQUIRED = ("symbol", "quote_date", "expiry", "strike", "right", "bid", "ask", "underlying_close")
OPTIONAL = ("bid_size", "ask_size", "last", "volume", "open_interest")
_BAR_SIGNS = frozenset({"open", "high", "low", "close"})
_RIGHTS = {"C": Right.CALL, "CALL": Right.CALL, "P": Right.PUT, "PUT": Right.PUT}
_NAME = re.compile(r"(?P<symbol>[A-Z0-9.\- ]+)_(?P<day>\d{8})\.(parquet|csv)", re.IGNORECASE)
_CLOSE = time(16, 0, tzinfo=EASTERN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFile:
    """A chain file by its name, ``SYMBOL_YYYYMMDD``; not opened yet."""

    symbol: str
    day: date
    path: Path


def chain_files(folder: str | Path) -> tuple[ChainFile, ...]:
    """The chain files of a folder, by symbol then day; other files are passed over.

    Raises:
        UserError: There is no such folder.
    """
    place = Path(folder)
    if not place.is_dir():
        raise UserError("no such folder", where=str(place), remedy="name the folder of the chains")
    found = []
    for path in place.iterdir():
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        try:
            day = date.fromisoformat(match["day"])
        except ValueError:
            continue
        found.append(ChainFile(symbol=match["symbol"].upper(), day=day, path=path))
    return tuple(sorted(found, key=lambda f: (f.symbol, f.day, str(f.path))))


def read_chain(path: str | Path) -> OptionChain:
    """Read one recorded chain; its time is 16:00 New York of its quote date.

    Columns as SPEC 17; sizes, last, volume and open interest may be absent. A missing bid or ask
    is None, as recorded; expirations stay the file's own (Saturdays until 2015), with the
    session before as last trading day.

    Raises:
        UserError: The file cannot be used as a chain.
    """
    table = read_table(
        path,
        required=REQUIRED,
        optional=OPTIONAL,
        texts=("symbol", "right"),
        kind="chain file",
        foreign=(_BAR_SIGNS, "it is a bars file: use it with --bars"),
    )
    symbol = _one_symbol(table)
    day = _one_day(table)
    spot = _one_spot(table)
    moment = datetime.combine(day, _CLOSE).astimezone(UTC)
    rights = _rights(table)
    expirations = table.dates("expiry")
    strikes = table.floats("strike")
    _check_contracts(table, expirations, strikes)
    columns = {
        name: _optional(table, name)
        for name in ("bid", "ask", "bid_size", "ask_size", "last", "volume", "open_interest")
    }
    quotes = []
    for row, (right, expiration, strike) in enumerate(
        zip(rights, expirations.tolist(), strikes.tolist(), strict=True)
    ):
        volume, interest = columns["volume"][row], columns["open_interest"][row]
        contract = OptionContract(
            symbol=symbol,
            expiration=expiration,
            strike=price(strike),
            right=right,
            last_trade=_last_trade(expiration),
        )
        quote = Quote(
            bid=columns["bid"][row],
            ask=columns["ask"][row],
            bid_size=columns["bid_size"][row],
            ask_size=columns["ask_size"][row],
            last=columns["last"][row],
            time=moment,
        )
        quotes.append(
            OptionQuote(
                contract=contract,
                quote=quote,
                volume=None if volume is None else int(volume),
                open_interest=None if interest is None else int(interest),
            )
        )
    _check_unique(table, quotes)
    return OptionChain(
        symbol=symbol, underlying=spot, time=moment, quotes=tuple(quotes), source=table.path.name
    )


def _one_symbol(table: Table) -> str:
    names, _ = table.texts("symbol")
    if len(names) > 1:
        raise UserError(
            f"holds {len(names)} symbols ({', '.join(sorted(names)[:5])})",
            where=str(table.path),
            remedy="a chain file holds one symbol; split it",
        )
    return names[0]


def _one_day(table: Table) -> date:
    days = np.unique(table.dates("quote_date"))
    if len(days) != 1 or np.isnat(days[0]):
        shown = ", ".join(str(d) for d in days[:3])
        raise UserError(
            f"holds {len(days)} quote dates ({shown})",
            where=str(table.path),
            remedy="a chain file holds one day; split it",
        )
    day: date = days[0].item()
    return day


def _one_spot(table: Table) -> float:
    spots = np.unique(table.floats("underlying_close"))
    if len(spots) != 1 or not np.isfinite(spots[0]) or spots[0] <= 0:
        shown = ", ".join(f"{s:g}" for s in spots[:3])
        raise UserError(
            f"underlying_close is not one positive price ({shown})",
            where=str(table.path),
            remedy="give the underlying's close of the quote date in every row",
        )
    return float(spots[0])


def _rights(table: Table) -> list[Right]:
    names, codes = table.texts("right")
    unknown = [name for name in names if name.strip().upper() not in _RIGHTS]
    if unknown:
        raise UserError(
            f"right {unknown[0]!r} is neither C nor P", where=str(table.path), remedy="use C or P"
        )
    by_code = [_RIGHTS[name.strip().upper()] for name in names]
    return [by_code[code] for code in codes.tolist()]


def _check_contracts(
    table: Table,
    expirations: np.typing.NDArray[np.datetime64],
    strikes: np.typing.NDArray[np.float64],
) -> None:
    for text, bad in (
        ("no expiry", np.isnat(expirations)),
        ("no positive strike", ~(np.isfinite(strikes) & (strikes > 0))),
    ):
        if bad.any():
            raise UserError(
                f"row {int(np.argmax(bad)) + 1} has {text}",
                where=str(table.path),
                remedy="correct or remove the row",
            )


def _optional(table: Table, name: str) -> list[float | None]:
    if not table.has(name):
        return [None] * len(table)
    return [x if np.isfinite(x) else None for x in table.floats(name).tolist()]


def _last_trade(expiration: date) -> date | None:
    day = last_trading_day(expiration)
    return None if day == expiration else day


def _check_unique(table: Table, quotes: list[OptionQuote]) -> None:
    seen: set[tuple[date, Right, Decimal]] = set()
    for row, quote in enumerate(quotes):
        contract = quote.contract
        key = (contract.expiration, contract.right, contract.strike)
        if key in seen:
            raise UserError(
                f"row {row + 1} repeats the {contract.strike:f} {contract.right} "
                f"of {contract.expiration}",
                where=str(table.path),
                remedy="keep one row for each contract",
            )
        seen.add(key)
