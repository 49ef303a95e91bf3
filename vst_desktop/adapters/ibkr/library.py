"""The client library, named here and nowhere else: ib_insync, or its fork ib_async in its place.

The two cannot live in one environment, as both bring a package ``eventkit``. The product has
ib_insync; the adapter's tests run on ib_async too (``make contract-async``).
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING or find_spec("ib_insync") is not None:
    from ib_insync import (
        IB,
        AccountValue,
        BarData,
        ComboLeg,
        CommissionReport,
        Contract,
        ContractDetails,
        Option,
        OptionComputation,
        Order,
        OrderState,
        OrderStatus,
        Position,
        ScannerSubscription,
        Stock,
        TagValue,
        Ticker,
        Trade,
    )
    from ib_insync.client import Client
    from ib_insync.decoder import Decoder
    from ib_insync.objects import Execution
    from ib_insync.wrapper import RequestError, Wrapper

    NAME = "ib_insync"
else:
    from ib_async import (
        IB,
        AccountValue,
        BarData,
        ComboLeg,
        CommissionReport,
        Contract,
        ContractDetails,
        Option,
        OptionComputation,
        Order,
        OrderState,
        OrderStatus,
        Position,
        ScannerSubscription,
        Stock,
        TagValue,
        Ticker,
        Trade,
    )
    from ib_async.client import Client
    from ib_async.decoder import Decoder
    from ib_async.objects import Execution
    from ib_async.wrapper import RequestError, Wrapper

    NAME = "ib_async"

VERSION = version(NAME)

__all__ = [
    "IB",
    "NAME",
    "VERSION",
    "AccountValue",
    "BarData",
    "Client",
    "ComboLeg",
    "CommissionReport",
    "Contract",
    "ContractDetails",
    "Decoder",
    "Execution",
    "Option",
    "OptionComputation",
    "Order",
    "OrderState",
    "OrderStatus",
    "Position",
    "RequestError",
    "ScannerSubscription",
    "Stock",
    "TagValue",
    "Ticker",
    "Trade",
    "Wrapper",
]
