"""The settings model: every key of the station with its default, unit and allowed range.

One declaration serves the TOML file, the environment (``VST_GROUP__KEY``), ``--set`` on the
command line and the documentation. Secrets never stand here; they live in the OS keyring.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator

from vst_desktop.domain.errors import UserError
from vst_desktop.domain.orders import Mode
from vst_desktop.runtime.alert_settings import AlertSettings, ErrorSettings, PerformanceSettings
from vst_desktop.runtime.setting_types import Group, Names
from vst_desktop.strategy.parameters import BUILT_IN_NAMES

ENV_PREFIX = "VST_"


class StrategySettings(Group):
    """Which strategies are scanned for, and thresholds of the built-in ones (SPEC 3)."""

    enabled: Names = Field(
        BUILT_IN_NAMES, min_length=1, description="strategies scanned for, users' own included"
    )
    high_base_max_atr_ratio: float = Field(2.0, gt=0, description="ATR ratio above")
    high_base_min_rsi: float = Field(60, ge=0, le=100, description="RSI above")
    low_base_min_atr_ratio: float = Field(0.5, gt=0, description="ATR ratio below")
    low_base_max_rsi: float = Field(40, ge=0, le=100, description="RSI below")
    bull_pullback_rsi_threshold: float = Field(45, ge=0, le=100, description="RSI crossed up")
    bear_rally_rsi_threshold: float = Field(55, ge=0, le=100, description="RSI crossed down")
    atr_ratio_base: Literal["zero", "range_low"] = Field("zero", description="base of the ratio")
    base_lookback: int = Field(20, ge=1, le=1000, description="bars, for range_low")

    @field_validator("enabled")
    @classmethod
    def _known_to_the_registry(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if set(names) - set(BUILT_IN_NAMES):
            # Users' own strategies bring numpy and strangers' modules: only when they are named.
            from vst_desktop.strategy.registry import check_known

            for name in names:
                try:
                    check_known(name)
                except UserError as error:
                    raise ValueError(str(error)) from None
        return names


class ExecutionSettings(Group):
    """When and how orders go out (SPEC 7)."""

    trading_mode: Mode = Field(Mode.DEMO, description="DEMO, PAPER or LIVE")
    paper_order_type: Literal["MARKET", "MARKETABLE_LIMIT"] = "MARKET"
    price_improvement_factor: float = Field(0.4, ge=0, le=1)
    entry_window_minutes: int = Field(60, ge=6, le=390, description="before the close")
    allow_late_day_entry: bool = Field(True, description="opens the window 15 minutes earlier")
    max_order_latency: float = Field(0.5, gt=0, description="s, warning")
    critical_order_latency: float = Field(2.0, gt=0, description="s, HIGH alert")
    reprice_step_seconds: float = Field(20, gt=0, le=600)
    reprice_max_steps: int = Field(4, ge=1, le=50)
    ladder_end: Literal["CANCEL", "REST"] = "CANCEL"


class ApprovalSettings(Group):
    """Bounds of an approval (SPEC 6)."""

    max_debit_over: float = Field(0.02, ge=0, le=1, description="fraction of the debit seen")
    max_drift_atr: float = Field(0.5, gt=0, le=10, description="ATR since the click")


class RiskSettings(Group):
    """Limits (SPEC 8)."""

    max_positions: int = Field(5, ge=1, le=1000)
    max_daily_trades: int = Field(3, ge=1, le=1000)
    stop_loss_atr_mult: float = Field(2.0, gt=0, le=100, description="ATR")
    risk_per_trade: float = Field(0.02, gt=0, le=1, description="fraction of net liquidation")
    max_total_risk: float = Field(0.10, gt=0, le=1, description="fraction of net liquidation")
    max_contracts_per_trade: int = Field(10, ge=1, le=10_000)
    max_daily_loss: float = Field(0.06, gt=0, le=1, description="fraction of net liquidation")


class OptionsSettings(Group):
    """Filters of spread selection (SPEC 5)."""

    min_dte: int = Field(30, ge=0, le=1000, description="calendar days")
    max_dte: int = Field(45, ge=0, le=1000, description="calendar days")
    min_delta: float = Field(0.30, ge=0, le=1, description="absolute net delta per share")
    max_delta: float = Field(0.50, ge=0, le=1, description="absolute net delta per share")
    delta_basis: Literal["net", "long_leg"] = "net"
    max_spread_cost: float = Field(500, gt=0, description="USD for one spread")
    min_reward_risk: float = Field(1.5, ge=0)
    max_strike_steps: int = Field(0, ge=0, description="0 = all strike pairs")
    max_short_strike_em: float = Field(1.0, ge=0, description="expected moves; 0 = no limit")
    max_leg_spread_pct: float = Field(0.25, gt=0, description="(ask - bid) / mid of each leg")
    min_open_interest: int = Field(100, ge=0, description="contracts, each leg")
    max_combo_spread_pct: float = Field(0.15, gt=0, description="(natural - best close) / mid")
    check_surface: bool = Field(True, description="refuse quotes that contradict neighbours")
    rank_by: Literal["reward_risk", "plan_value", "balanced"] = "reward_risk"
    risk_free_rate: float = Field(0.04, ge=-0.05, le=0.5, description="per year")
    dividend_yield: float = Field(0.0, ge=0, le=0.5, description="per year")
    earnings_policy: Literal["block", "warn", "allow"] = "block"
    unknown_event_policy: Literal["block", "warn", "allow"] = "warn"
    max_quote_age: float = Field(10, gt=0, le=600, description="s at selection")


class EventsSettings(Group):
    """Where earnings and ex-dividend dates come from (docs/events.md); policies: ``options``."""

    file: str = Field("", description="CSV file of dates that the trader keeps; empty: none")


class CommissionSettings(Group):
    """What orders cost, USD: IBKR Pro tiered, up to 10,000 contracts a month."""

    per_contract_usd: float = Field(0.65, ge=0, le=100, description="a leg of 0.10 USD or more")
    per_contract_below_010_usd: float = Field(0.50, ge=0, le=100, description="0.05 to 0.10 USD")
    per_contract_below_005_usd: float = Field(0.25, ge=0, le=100, description="below 0.05 USD")
    minimum_order_usd: float = Field(1.00, ge=0, le=1000, description="an order")
    fees_per_contract_usd: float = Field(
        0.0, ge=0, le=100, description="exchange, clearing and regulatory fees, a leg"
    )


class ExitSettings(Group):
    """Exit targets (SPEC 9)."""

    use_fibo_targets: bool = True
    fibo_target_level: float = Field(1.618, gt=0, le=10)
    use_r_multiple: bool = True
    r_multiple_target: float = Field(2.0, gt=0, le=100, description="R")
    use_atr_target: bool = True
    atr_target_multiple: float = Field(3.0, gt=0, le=100, description="ATR")
    min_days_to_exit: int = Field(14, ge=0, le=1000, description="days to expiration")
    take_profit_pct_of_max: float | None = Field(
        None, gt=0, le=1, description="fraction of maximum profit; off when not set"
    )
    close_before_ex_dividend: bool = Field(
        True, description="close a bull call whose short call may be exercised for the dividend"
    )


class UniverseSettings(Group):
    """What is scanned and which chains are loaded (SPEC 4)."""

    source: Literal["watchlist", "bar_store", "market_scanner"] = Field(
        "watchlist", description="where symbols come from (PAPER and LIVE; DEMO has its own)"
    )
    watchlist: str = Field("", description="file of symbols, one a line, read before each scan")
    scan_every_minutes: float = Field(
        0, ge=0, le=1440, description="between scans of a session; 0 = only when asked"
    )
    max_chains: int = Field(20, ge=0, le=1000, description="loaded unasked after a scan")
    min_market_cap: float = Field(10_000_000_000, ge=0, description="USD")
    min_price: float = Field(20, ge=0, description="USD")
    min_volume: float = Field(1_000_000, ge=0, description="shares, 20-day average")


class BacktestSettings(Group):
    """The lab's account, fills and option model (SPEC 15, docs/backtest.md)."""

    initial_equity: float = Field(100_000, gt=0, description="USD")
    avg_spread_cost: float = Field(300, gt=0, description="USD, fixed pricing only")
    avg_reward_risk: float = Field(1.8, gt=0, description="fixed pricing only")
    entry: Literal["close", "next_open"] = Field("close", description="when an entry is filled")
    fill_improvement: float = Field(
        0.25, ge=0, le=1, description="share of the spread's width saved: 0 natural, 0.5 mid"
    )
    volatility_premium: float = Field(
        1.1, gt=0, le=5, description="implied over historical volatility"
    )
    skew: float = Field(-0.12, ge=-1, le=1, description="volatility by strike, slope at the spot")
    smile: float = Field(0.04, ge=0, le=1, description="volatility by strike, curvature")
    leg_width_pct: float = Field(0.02, ge=0, le=1, description="a leg's width, share of its price")
    least_leg_width_usd: float = Field(0.02, ge=0, le=10, description="a leg's width at least")
    bootstrap_samples: int = Field(1000, ge=0, le=100_000, description="0: no intervals")


class CacheSettings(Group):
    """How long market data is served before it is fetched anew (SPEC 10)."""

    minute_data_expiry: float = Field(60, gt=0, le=86_400, description="s")
    universe_expiry: float = Field(1800, gt=0, le=604_800, description="s")
    options_expiry: float = Field(300, gt=0, le=86_400, description="s, chains for browsing")


class BrokerSettings(Group):
    """Where the broker is (SPEC 2). ``port`` None: by mode."""

    host: str = "127.0.0.1"
    port: int | None = Field(None, ge=1, le=65535)
    client_id: int = Field(17, ge=1, le=2_000_000_000, description="never 0 or random")
    account: str | None = None
    allowed_accounts: Names = ()
    messages_per_second: int | None = Field(None, ge=1, le=1000, description="45; DEMO 400")


class BarsSettings(Group):
    """Door control of bars (SPEC 10)."""

    door_policy: Literal["reject", "skip_bar"] = "reject"
    store: str = Field("", description="folder of the bar store; empty: in the data folder")
    alpaca_url: str = Field("", description="address of Alpaca's data; empty: its own")
    alpaca_requests_per_minute: int = Field(200, ge=1, le=10_000)
    tiingo_url: str = Field("", description="address of Tiingo's data; empty: its own")
    tiingo_requests_per_minute: int = Field(50, ge=1, le=10_000)


class ScannerSettings(Group):
    """The scanner (SPEC 11). Empty host: our own child; else a service that runs elsewhere."""

    host: str = ""
    port: int = Field(0, ge=0, le=65535, description="of the service; 0: 50051")
    ca_file: str = Field("", description="certificate of the service's authority, PEM")
    cert_file: str = Field("", description="the station's certificate for the service, PEM")
    key_file: str = Field("", description="the key of that certificate, PEM")
    max_concurrency: int = Field(50, ge=1, le=10_000)
    kernel: Literal["auto", "scalar"] = "auto"
    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="the child's Prometheus endpoint on loopback; 0: any free"
    )
    pprof: bool = Field(False, description="the child's profiles, beside its metrics")


class UpdateSettings(Group):
    """The question for a newer version: one GET a day, never in LIVE; nothing is installed."""

    check: bool = Field(False, description="look for newer versions")
    address: str = Field("", description="https address of the signed manifest")


class Settings(Group):
    """All groups. Frozen: a change is a new object."""

    strategy: StrategySettings = StrategySettings()
    execution: ExecutionSettings = ExecutionSettings()
    approval: ApprovalSettings = ApprovalSettings()
    risk: RiskSettings = RiskSettings()
    options: OptionsSettings = OptionsSettings()
    events: EventsSettings = EventsSettings()
    commissions: CommissionSettings = CommissionSettings()
    exits: ExitSettings = ExitSettings()
    universe: UniverseSettings = UniverseSettings()
    performance: PerformanceSettings = PerformanceSettings()
    cache: CacheSettings = CacheSettings()
    errors: ErrorSettings = ErrorSettings()
    alerts: AlertSettings = AlertSettings()
    backtest: BacktestSettings = BacktestSettings()
    broker: BrokerSettings = BrokerSettings()
    bars: BarsSettings = BarsSettings()
    scanner: ScannerSettings = ScannerSettings()
    updates: UpdateSettings = UpdateSettings()


def load_settings(
    overrides: Sequence[str] = (),
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Read settings: defaults, then the TOML file, the environment, and ``--set`` overrides.

    Args:
        overrides: ``key=value`` or ``group.key=value`` texts.
        file: TOML file; absent is fine.
        environment: Defaults to the process environment.

    Raises:
        UserError: An unknown or ambiguous key, or a value out of its range; exit code 2.
    """
    values: dict[str, dict[str, Any]] = {}
    if file is not None and file.exists():
        _merge(values, _read_toml(file))
    for group, key, text in _from_environment(os.environ if environment is None else environment):
        values.setdefault(group, {})[key] = text
    for override in overrides:
        group, key, text = _parse_override(override)
        values.setdefault(group, {})[key] = text
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise _readable(error) from None
    _check_pairs(settings)
    return settings


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise UserError(
            f"settings cannot be read: {error}", where=str(file), remedy="mend or remove the file"
        ) from None


def _merge(values: dict[str, dict[str, Any]], read: Mapping[str, Any]) -> None:
    for group, keys in read.items():
        if group not in Settings.model_fields or not isinstance(keys, dict):
            raise UserError(
                f"unknown settings group {group!r}",
                remedy=f"use one of {', '.join(Settings.model_fields)}",
                exit_code=2,
            )
        values.setdefault(group, {}).update(keys)


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, str, str]]:
    found = []
    for name, text in environment.items():
        if not name.startswith(ENV_PREFIX) or "__" not in name:
            continue
        group, _, key = name[len(ENV_PREFIX) :].lower().partition("__")
        _known(group, key, name)
        found.append((group, key, text))
    return found


def _parse_override(text: str) -> tuple[str, str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UserError(f"--set {text!r} is not key=value", exit_code=2)
    group, dot, key = name.strip().partition(".")
    if dot:
        _known(group, key, f"--set {name}")
        return group, key, value.strip()
    key = group
    groups = [g for g in Settings.model_fields if key in _group_model(g).model_fields]
    if not groups:
        raise UserError(
            f"unknown setting {key!r}",
            where=f"--set {text}",
            remedy="see Settings in the README",
            exit_code=2,
        )
    if len(groups) > 1:
        choices = " or ".join(f"{g}.{key}" for g in groups)
        raise UserError(f"setting {key!r} is ambiguous", remedy=f"write {choices}", exit_code=2)
    return groups[0], key, value.strip()


def _group_model(group: str) -> type[BaseModel]:
    model = Settings.model_fields[group].annotation
    assert isinstance(model, type) and issubclass(model, BaseModel)
    return model


def _known(group: str, key: str, where: str) -> None:
    if group not in Settings.model_fields or key not in _group_model(group).model_fields:
        raise UserError(
            f"unknown setting {group}.{key}",
            where=where,
            remedy="see Settings in the README",
            exit_code=2,
        )


def _readable(error: ValidationError) -> UserError:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return UserError(f"unknown setting {name}", remedy="see the README", exit_code=2)
    value = first.get("input")
    own = first.get("ctx", {}).get("error")
    return UserError(
        f"setting {name} = {value!r} is refused: {own or first['msg'].lower()}",
        remedy=None if own else "correct the value",
        exit_code=2,
    )


def _check_pairs(settings: Settings) -> None:
    options = settings.options
    for low, high in (("min_dte", "max_dte"), ("min_delta", "max_delta")):
        if getattr(options, low) > getattr(options, high):
            raise UserError(
                f"options.{low} = {getattr(options, low)} is above "
                f"options.{high} = {getattr(options, high)}",
                remedy=f"make {low} at most {high}",
                exit_code=2,
            )
