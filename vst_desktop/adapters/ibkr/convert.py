"""Between ib_insync's types and ours; pure. Foreign types stop here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from vst_desktop.adapters.ibkr.library import (
    BarData,
    ComboLeg,
    Contract,
    ContractDetails,
    Option,
    Order,
    OrderState,
    Position,
    Stock,
    Ticker,
    Trade,
)
from vst_desktop.adapters.ibkr.library import Execution as IbExecution
from vst_desktop.adapters.ibkr.values import number, positive, size
from vst_desktop.domain.account import AccountSnapshot, BrokerPosition
from vst_desktop.domain.bars import BarSeries
from vst_desktop.domain.money import CENT, price
from vst_desktop.domain.orders import (
    BrokerOrder,
    BrokerStatus,
    Execution,
    OrderPreview,
    OrderTicket,
    Side,
)
from vst_desktop.domain.quotes import (
    DataType,
    OptionContract,
    OptionQuote,
    Quote,
    Right,
    StockQuote,
)
from vst_desktop.domain.spreads import VerticalSpread

SIDES = {"BUY": Side.BUY, "BOT": Side.BUY, "SELL": Side.SELL, "SLD": Side.SELL}


def plain_symbol(text: str) -> str:
    """A symbol or trading class without punctuation: ``BRK.B`` and ``BRK B`` are the same."""
    return "".join(c for c in text.upper() if c.isalnum())


# -- contracts


def tws_symbol(symbol: str) -> str:
    """A symbol as TWS writes it: ``BRK.B`` is ``BRK B`` there."""
    return symbol.replace(".", " ")


def own_symbol(symbol: str) -> str:
    """A symbol of TWS as this program writes it."""
    return symbol.replace(" ", ".")


def stock(symbol: str) -> Contract:
    """The stock to ask for."""
    return Stock(tws_symbol(symbol), "SMART", "USD")


def expiration_text(day: date) -> str:
    """A date as TWS writes it."""
    return f"{day:%Y%m%d}"


def parse_day(text: str) -> date:
    """The date that begins a TWS text, as in ``20261218 08:30 US/Central``."""
    return datetime.strptime(text[:8], "%Y%m%d").replace(tzinfo=UTC).date()


def option_query(symbol: str, expiration: date, right: Right, trading_class: str) -> Contract:
    """Asks for every strike of one expiration and right; the symbol as TWS writes it."""
    return Option(
        symbol,
        expiration_text(expiration),
        0.0,
        str(right),
        "SMART",
        "100",
        "USD",
        tradingClass=trading_class,
    )


def option_contract(contract: Contract) -> OptionContract:
    """A listed option as the broker describes it."""
    return OptionContract(
        symbol=own_symbol(contract.symbol),
        expiration=parse_day(contract.lastTradeDateOrContractMonth),
        strike=price(contract.strike),
        right=Right.CALL if contract.right[:1] == "C" else Right.PUT,
        con_id=contract.conId,
        multiplier=int(float(contract.multiplier or 100)),
        trading_class=contract.tradingClass,
    )


def market_rule(details: ContractDetails) -> int | None:
    """The rule of price increments at SMART; TWS lists one for each exchange, in their order."""
    exchanges, rules = details.validExchanges.split(","), details.marketRuleIds.split(",")
    by_exchange = dict(zip(exchanges, rules, strict=False))
    found = by_exchange.get("SMART", rules[0])
    return int(found) if found.isdigit() else None


def option(contract: OptionContract) -> Contract:
    """The option to ask for, by its contract id."""
    return Option(
        tws_symbol(contract.symbol),
        expiration_text(contract.expiration),
        float(contract.strike),
        str(contract.right),
        "SMART",
        str(contract.multiplier),
        "USD",
        conId=contract.con_id,
        tradingClass=contract.trading_class,
    )


def bag(spread: VerticalSpread) -> Contract:
    """The spread as one combo: buy the long leg, sell the short one, 1:1, guaranteed."""
    legs = [
        ComboLeg(conId=leg.con_id, ratio=1, action=action, exchange="SMART")
        for leg, action in ((spread.long, "BUY"), (spread.short, "SELL"))
    ]
    return Contract(
        symbol=tws_symbol(spread.symbol),
        secType="BAG",
        exchange="SMART",
        currency="USD",
        comboLegs=legs,
    )


# -- orders


def order(ticket: OrderTicket, order_id: int, client_id: int) -> Order:
    """The order of a ticket; every field that a preset could change is set."""
    made = Order(
        orderId=order_id,
        clientId=client_id,
        action=str(ticket.side),
        totalQuantity=ticket.quantity,
        orderType=str(ticket.order_type),
        tif=ticket.tif,
        account=ticket.account,
        orderRef=ticket.order_ref,
        outsideRth=ticket.outside_rth,
        transmit=True,
    )
    if ticket.limit_price is not None:
        made.lmtPrice = float(ticket.limit_price)
    return made


def broker_order(
    contract: Contract, order: Order, status: str, filled: float, average: float
) -> BrokerOrder:
    """An order as the broker reports it."""
    side = SIDES.get(order.action, Side.BUY)
    legs: tuple[tuple[int, int, Side], ...] = ()
    if contract.comboLegs:
        legs = tuple((leg.conId, leg.ratio, SIDES[leg.action]) for leg in contract.comboLegs)
    elif contract.secType == "OPT":
        legs = ((contract.conId, 1, Side.BUY),)
    limit = number(order.lmtPrice) if order.orderType == "LMT" else None
    return BrokerOrder(
        order_ref=order.orderRef,
        order_id=order.orderId,
        perm_id=order.permId,
        client_id=order.clientId,
        account=order.account,
        symbol=own_symbol(contract.symbol),
        side=side,
        order_type=order.orderType,
        limit_price=price(limit) if limit is not None else None,
        quantity=Decimal(str(number(order.totalQuantity) or 0)),
        filled=Decimal(str(number(filled) or 0)),
        average_fill_price=price(average) if filled and number(average) is not None else None,
        status=BrokerStatus(status),
        legs=legs,
    )


def trade_order(trade: Trade) -> BrokerOrder:
    """An order as TWS answers when asked for all."""
    status = trade.orderStatus
    told = status.status if status.status in BrokerStatus else BrokerStatus.INACTIVE
    return broker_order(trade.contract, trade.order, told, status.filled, status.avgFillPrice)


def execution(contract: Contract, done: IbExecution) -> Execution:
    """One execution; the combo's own is told by its contract type."""
    return Execution(
        exec_id=done.execId,
        order_ref=done.orderRef,
        order_id=done.orderId,
        perm_id=done.permId,
        account=done.acctNumber,
        symbol=own_symbol(contract.symbol),
        con_id=contract.conId,
        is_combo=contract.secType == "BAG",
        side=SIDES[done.side],
        quantity=Decimal(str(done.shares)),
        price=price(done.price),
        time=done.time.astimezone(UTC),
    )


def preview(state: OrderState) -> OrderPreview:
    """What TWS answers to a what-if order; it writes its largest number for what it omits."""

    def amount(value: Any) -> Decimal | None:
        found = number(value)
        return None if found is None else Decimal(str(found)).quantize(CENT)

    return OrderPreview(
        initial_margin_change=amount(state.initMarginChange),
        maintenance_margin_change=amount(state.maintMarginChange),
        commission_usd=amount(state.commission),
        min_commission_usd=amount(state.minCommission),
        max_commission_usd=amount(state.maxCommission),
        warning=state.warningText,
    )


# -- account


def broker_position(position: Position) -> BrokerPosition:
    """One contract held."""
    contract = position.contract
    return BrokerPosition(
        account=position.account,
        symbol=own_symbol(contract.symbol),
        con_id=contract.conId,
        option=option_contract(contract) if contract.secType == "OPT" else None,
        quantity=Decimal(str(position.position)),
        average_cost_usd=price(position.avgCost),
    )


def account_snapshot(
    account: str, values: Iterable[Any], day_pnl: float | None, now: datetime
) -> AccountSnapshot:
    """Account values in USD from TWS tags, converted where the base currency is another.

    TWS's ``ExchangeRate`` is what one unit of a currency is worth in the base currency. Without
    the rates, values in another currency count as unknown.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for value in values:
        if value.account == account:
            found[value.tag][value.currency] = value.value
    rates = {currency: number(rate) for currency, rate in found["ExchangeRate"].items()}
    base = next((name for name in found["NetLiquidation"] if name not in ("", "BASE")), "USD")

    def in_usd(amount: float | None, currency: str) -> Decimal | None:
        own, usd = rates.get(currency), rates.get("USD")
        if amount is not None and currency not in ("USD", ""):
            amount = amount * own / usd if own and usd else None
        return None if amount is None else Decimal(str(amount)).quantize(CENT)

    def total(tag: str) -> Decimal | None:
        told = found[tag]
        currency = next((name for name in ("USD", "", base) if name in told), "")
        return in_usd(number(told.get(currency)), currency)

    left = number(next(iter(found["DayTradesRemaining"].values()), None))
    return AccountSnapshot(
        account=account,
        net_liquidation_usd=total("NetLiquidation"),
        available_funds_usd=total("AvailableFunds"),
        day_pnl_usd=in_usd(day_pnl, base),
        day_trades_remaining=None if left is None or left < 0 else int(left),
        time=now,
        post_expiration_excess_usd=total("PostExpirationExcess"),
    )


# -- market data


def bar_series(symbol: str, bars: Sequence[BarData], running: date | None) -> BarSeries:
    """Daily bars as columns; ``running`` is the session day that is open now, if any."""
    dates = tuple(_bar_day(bar.date) for bar in bars)
    return BarSeries(
        symbol=symbol,
        dates=dates,
        open=tuple(bar.open for bar in bars),
        high=tuple(bar.high for bar in bars),
        low=tuple(bar.low for bar in bars),
        close=tuple(bar.close for bar in bars),
        volume=tuple(float(bar.volume) for bar in bars),
        forming=running is not None and dates[-1:] == (running,),
    )


def _bar_day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def data_type(ticker: Ticker) -> DataType:
    """What kind of data the line gives; TWS tells it for each line."""
    try:
        return DataType(ticker.marketDataType)
    except ValueError:
        return DataType.DELAYED


def quote(ticker: Ticker, time: datetime) -> Quote:
    """The line's best bid and ask."""
    return Quote(
        bid=positive(ticker.bid),
        ask=positive(ticker.ask),
        bid_size=size(ticker.bidSize),
        ask_size=size(ticker.askSize),
        last=positive(ticker.last),
        time=time,
        data_type=data_type(ticker),
    )


def stock_quote(symbol: str, ticker: Ticker, time: datetime) -> StockQuote:
    """A stock's quote with its day so far."""
    return StockQuote(
        symbol=symbol,
        quote=quote(ticker, time),
        day_open=positive(ticker.open),
        day_high=positive(ticker.high),
        day_low=positive(ticker.low),
        day_volume=size(ticker.volume),
        prior_close=positive(ticker.close),
        halted=(number(ticker.halted) or 0) > 0,
    )


def option_quote(contract: OptionContract, ticker: Ticker, time: datetime) -> OptionQuote:
    """An option's quote and the model's Greeks; only its own right's open interest counts."""
    greeks = ticker.modelGreeks
    interest = ticker.callOpenInterest if contract.right is Right.CALL else ticker.putOpenInterest
    found = size(interest)

    def greek(name: str, lowest: float) -> float | None:
        value = number(getattr(greeks, name, None))
        return value if value is not None and value > lowest else None

    return OptionQuote(
        contract=contract,
        quote=quote(ticker, time),
        open_interest=int(found) if found is not None else None,
        volume=int(v) if (v := size(ticker.volume)) is not None else None,
        implied_volatility=greek("impliedVol", 0.0),
        delta=greek("delta", -1.5),
        gamma=greek("gamma", -1.5),
        vega=greek("vega", -1.5),
        theta=_theta(greeks),
    )


def _theta(greeks: Any) -> float | None:
    """TWS writes exactly -2 for a theta that is not computed; a real one may lie below."""
    value = number(getattr(greeks, "theta", None))
    return None if value == -2.0 else value
