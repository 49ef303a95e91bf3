from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Timeframe(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIMEFRAME_UNSPECIFIED: _ClassVar[Timeframe]
    TIMEFRAME_DAILY: _ClassVar[Timeframe]
    TIMEFRAME_MINUTE: _ClassVar[Timeframe]

class Strategy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STRATEGY_UNSPECIFIED: _ClassVar[Strategy]
    STRATEGY_HIGH_BASE: _ClassVar[Strategy]
    STRATEGY_LOW_BASE: _ClassVar[Strategy]
    STRATEGY_BULL_PULLBACK: _ClassVar[Strategy]
    STRATEGY_BEAR_RALLY: _ClassVar[Strategy]

class AtrRatioBase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ATR_RATIO_BASE_UNSPECIFIED: _ClassVar[AtrRatioBase]
    ATR_RATIO_BASE_ZERO: _ClassVar[AtrRatioBase]
    ATR_RATIO_BASE_RANGE_LOW: _ClassVar[AtrRatioBase]

class DoorPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DOOR_POLICY_UNSPECIFIED: _ClassVar[DoorPolicy]
    DOOR_POLICY_REJECT: _ClassVar[DoorPolicy]
    DOOR_POLICY_SKIP_BAR: _ClassVar[DoorPolicy]
TIMEFRAME_UNSPECIFIED: Timeframe
TIMEFRAME_DAILY: Timeframe
TIMEFRAME_MINUTE: Timeframe
STRATEGY_UNSPECIFIED: Strategy
STRATEGY_HIGH_BASE: Strategy
STRATEGY_LOW_BASE: Strategy
STRATEGY_BULL_PULLBACK: Strategy
STRATEGY_BEAR_RALLY: Strategy
ATR_RATIO_BASE_UNSPECIFIED: AtrRatioBase
ATR_RATIO_BASE_ZERO: AtrRatioBase
ATR_RATIO_BASE_RANGE_LOW: AtrRatioBase
DOOR_POLICY_UNSPECIFIED: DoorPolicy
DOOR_POLICY_REJECT: DoorPolicy
DOOR_POLICY_SKIP_BAR: DoorPolicy

class StrategyParameters(_message.Message):
    __slots__ = ("high_base_max_atr_ratio", "high_base_min_rsi", "low_base_min_atr_ratio", "low_base_max_rsi", "bull_pullback_rsi_threshold", "bear_rally_rsi_threshold", "atr_ratio_base", "base_lookback")
    HIGH_BASE_MAX_ATR_RATIO_FIELD_NUMBER: _ClassVar[int]
    HIGH_BASE_MIN_RSI_FIELD_NUMBER: _ClassVar[int]
    LOW_BASE_MIN_ATR_RATIO_FIELD_NUMBER: _ClassVar[int]
    LOW_BASE_MAX_RSI_FIELD_NUMBER: _ClassVar[int]
    BULL_PULLBACK_RSI_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    BEAR_RALLY_RSI_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    ATR_RATIO_BASE_FIELD_NUMBER: _ClassVar[int]
    BASE_LOOKBACK_FIELD_NUMBER: _ClassVar[int]
    high_base_max_atr_ratio: float
    high_base_min_rsi: float
    low_base_min_atr_ratio: float
    low_base_max_rsi: float
    bull_pullback_rsi_threshold: float
    bear_rally_rsi_threshold: float
    atr_ratio_base: AtrRatioBase
    base_lookback: int
    def __init__(self, high_base_max_atr_ratio: _Optional[float] = ..., high_base_min_rsi: _Optional[float] = ..., low_base_min_atr_ratio: _Optional[float] = ..., low_base_max_rsi: _Optional[float] = ..., bull_pullback_rsi_threshold: _Optional[float] = ..., bear_rally_rsi_threshold: _Optional[float] = ..., atr_ratio_base: _Optional[_Union[AtrRatioBase, str]] = ..., base_lookback: _Optional[int] = ...) -> None: ...

class ScanRequest(_message.Message):
    __slots__ = ("symbols", "strategies", "parameters", "start_day", "end_day", "last_bar_only", "timeframe", "values", "resume")
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    STRATEGIES_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    START_DAY_FIELD_NUMBER: _ClassVar[int]
    END_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_BAR_ONLY_FIELD_NUMBER: _ClassVar[int]
    TIMEFRAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    RESUME_FIELD_NUMBER: _ClassVar[int]
    symbols: _containers.RepeatedScalarFieldContainer[str]
    strategies: _containers.RepeatedScalarFieldContainer[Strategy]
    parameters: StrategyParameters
    start_day: int
    end_day: int
    last_bar_only: bool
    timeframe: Timeframe
    values: bool
    resume: bool
    def __init__(self, symbols: _Optional[_Iterable[str]] = ..., strategies: _Optional[_Iterable[_Union[Strategy, str]]] = ..., parameters: _Optional[_Union[StrategyParameters, _Mapping]] = ..., start_day: _Optional[int] = ..., end_day: _Optional[int] = ..., last_bar_only: _Optional[bool] = ..., timeframe: _Optional[_Union[Timeframe, str]] = ..., values: _Optional[bool] = ..., resume: _Optional[bool] = ...) -> None: ...

class SymbolError(_message.Message):
    __slots__ = ("symbol", "error", "day")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    error: str
    day: int
    def __init__(self, symbol: _Optional[str] = ..., error: _Optional[str] = ..., day: _Optional[int] = ...) -> None: ...

class SymbolWarning(_message.Message):
    __slots__ = ("symbol", "warning", "day")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    WARNING_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    warning: str
    day: int
    def __init__(self, symbol: _Optional[str] = ..., warning: _Optional[str] = ..., day: _Optional[int] = ...) -> None: ...

class SignalColumns(_message.Message):
    __slots__ = ("run_symbol", "run_rows", "run_day", "day", "strategies", "close", "atr", "rsi", "sma50", "sma200")
    RUN_SYMBOL_FIELD_NUMBER: _ClassVar[int]
    RUN_ROWS_FIELD_NUMBER: _ClassVar[int]
    RUN_DAY_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    STRATEGIES_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    ATR_FIELD_NUMBER: _ClassVar[int]
    RSI_FIELD_NUMBER: _ClassVar[int]
    SMA50_FIELD_NUMBER: _ClassVar[int]
    SMA200_FIELD_NUMBER: _ClassVar[int]
    run_symbol: bytes
    run_rows: bytes
    run_day: bytes
    day: bytes
    strategies: bytes
    close: bytes
    atr: bytes
    rsi: bytes
    sma50: bytes
    sma200: bytes
    def __init__(self, run_symbol: _Optional[bytes] = ..., run_rows: _Optional[bytes] = ..., run_day: _Optional[bytes] = ..., day: _Optional[bytes] = ..., strategies: _Optional[bytes] = ..., close: _Optional[bytes] = ..., atr: _Optional[bytes] = ..., rsi: _Optional[bytes] = ..., sma50: _Optional[bytes] = ..., sma200: _Optional[bytes] = ...) -> None: ...

class ScanResponse(_message.Message):
    __slots__ = ("signals", "errors", "scanned", "bars", "scan_seconds", "symbols", "instruction_set")
    SIGNALS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    SCANNED_FIELD_NUMBER: _ClassVar[int]
    BARS_FIELD_NUMBER: _ClassVar[int]
    SCAN_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTION_SET_FIELD_NUMBER: _ClassVar[int]
    signals: SignalColumns
    errors: _containers.RepeatedCompositeFieldContainer[SymbolError]
    scanned: int
    bars: int
    scan_seconds: float
    symbols: _containers.RepeatedScalarFieldContainer[str]
    instruction_set: str
    def __init__(self, signals: _Optional[_Union[SignalColumns, _Mapping]] = ..., errors: _Optional[_Iterable[_Union[SymbolError, _Mapping]]] = ..., scanned: _Optional[int] = ..., bars: _Optional[int] = ..., scan_seconds: _Optional[float] = ..., symbols: _Optional[_Iterable[str]] = ..., instruction_set: _Optional[str] = ...) -> None: ...

class ScanProgress(_message.Message):
    __slots__ = ("done", "total")
    DONE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    done: int
    total: int
    def __init__(self, done: _Optional[int] = ..., total: _Optional[int] = ...) -> None: ...

class ScanUpdate(_message.Message):
    __slots__ = ("progress", "signals", "errors", "summary")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    SIGNALS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    progress: ScanProgress
    signals: SignalColumns
    errors: _containers.RepeatedCompositeFieldContainer[SymbolError]
    summary: ScanResponse
    def __init__(self, progress: _Optional[_Union[ScanProgress, _Mapping]] = ..., signals: _Optional[_Union[SignalColumns, _Mapping]] = ..., errors: _Optional[_Iterable[_Union[SymbolError, _Mapping]]] = ..., summary: _Optional[_Union[ScanResponse, _Mapping]] = ...) -> None: ...

class SymbolBars(_message.Message):
    __slots__ = ("symbol", "timeframe", "append", "time", "open", "high", "low", "close", "volume", "door_policy", "keep")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TIMEFRAME_FIELD_NUMBER: _ClassVar[int]
    APPEND_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    DOOR_POLICY_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    timeframe: Timeframe
    append: bool
    time: bytes
    open: bytes
    high: bytes
    low: bytes
    close: bytes
    volume: bytes
    door_policy: DoorPolicy
    keep: bool
    def __init__(self, symbol: _Optional[str] = ..., timeframe: _Optional[_Union[Timeframe, str]] = ..., append: _Optional[bool] = ..., time: _Optional[bytes] = ..., open: _Optional[bytes] = ..., high: _Optional[bytes] = ..., low: _Optional[bytes] = ..., close: _Optional[bytes] = ..., volume: _Optional[bytes] = ..., door_policy: _Optional[_Union[DoorPolicy, str]] = ..., keep: _Optional[bool] = ...) -> None: ...

class LatestBars(_message.Message):
    __slots__ = ("symbols", "day", "open", "high", "low", "close", "volume", "keep")
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    DAY_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    symbols: _containers.RepeatedScalarFieldContainer[str]
    day: bytes
    open: bytes
    high: bytes
    low: bytes
    close: bytes
    volume: bytes
    keep: bool
    def __init__(self, symbols: _Optional[_Iterable[str]] = ..., day: _Optional[bytes] = ..., open: _Optional[bytes] = ..., high: _Optional[bytes] = ..., low: _Optional[bytes] = ..., close: _Optional[bytes] = ..., volume: _Optional[bytes] = ..., keep: _Optional[bool] = ...) -> None: ...

class PutBarsResponse(_message.Message):
    __slots__ = ("symbols", "bars", "errors", "warnings")
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    BARS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    symbols: int
    bars: int
    errors: _containers.RepeatedCompositeFieldContainer[SymbolError]
    warnings: _containers.RepeatedCompositeFieldContainer[SymbolWarning]
    def __init__(self, symbols: _Optional[int] = ..., bars: _Optional[int] = ..., errors: _Optional[_Iterable[_Union[SymbolError, _Mapping]]] = ..., warnings: _Optional[_Iterable[_Union[SymbolWarning, _Mapping]]] = ...) -> None: ...

class ListSeriesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SeriesInfo(_message.Message):
    __slots__ = ("symbol", "timeframe", "bars", "first_day", "last_day", "kept")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TIMEFRAME_FIELD_NUMBER: _ClassVar[int]
    BARS_FIELD_NUMBER: _ClassVar[int]
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    timeframe: Timeframe
    bars: int
    first_day: int
    last_day: int
    kept: bool
    def __init__(self, symbol: _Optional[str] = ..., timeframe: _Optional[_Union[Timeframe, str]] = ..., bars: _Optional[int] = ..., first_day: _Optional[int] = ..., last_day: _Optional[int] = ..., kept: _Optional[bool] = ...) -> None: ...

class ListSeriesResponse(_message.Message):
    __slots__ = ("series", "errors")
    SERIES_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    series: _containers.RepeatedCompositeFieldContainer[SeriesInfo]
    errors: _containers.RepeatedCompositeFieldContainer[SymbolError]
    def __init__(self, series: _Optional[_Iterable[_Union[SeriesInfo, _Mapping]]] = ..., errors: _Optional[_Iterable[_Union[SymbolError, _Mapping]]] = ...) -> None: ...

class DoubtsRequest(_message.Message):
    __slots__ = ("symbols",)
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    symbols: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, symbols: _Optional[_Iterable[str]] = ...) -> None: ...

class DoubtsResponse(_message.Message):
    __slots__ = ("warnings",)
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    warnings: _containers.RepeatedCompositeFieldContainer[SymbolWarning]
    def __init__(self, warnings: _Optional[_Iterable[_Union[SymbolWarning, _Mapping]]] = ...) -> None: ...

class BulkFetchRequest(_message.Message):
    __slots__ = ("symbols", "timeframe", "start", "end", "provider", "keep", "door_policy")
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    TIMEFRAME_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    DOOR_POLICY_FIELD_NUMBER: _ClassVar[int]
    symbols: _containers.RepeatedScalarFieldContainer[str]
    timeframe: Timeframe
    start: int
    end: int
    provider: str
    keep: bool
    door_policy: DoorPolicy
    def __init__(self, symbols: _Optional[_Iterable[str]] = ..., timeframe: _Optional[_Union[Timeframe, str]] = ..., start: _Optional[int] = ..., end: _Optional[int] = ..., provider: _Optional[str] = ..., keep: _Optional[bool] = ..., door_policy: _Optional[_Union[DoorPolicy, str]] = ...) -> None: ...

class BulkFetchResponse(_message.Message):
    __slots__ = ("arrow_ipc", "errors", "fetch_seconds", "warnings")
    ARROW_IPC_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    FETCH_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    arrow_ipc: bytes
    errors: _containers.RepeatedCompositeFieldContainer[SymbolError]
    fetch_seconds: float
    warnings: _containers.RepeatedCompositeFieldContainer[SymbolWarning]
    def __init__(self, arrow_ipc: _Optional[bytes] = ..., errors: _Optional[_Iterable[_Union[SymbolError, _Mapping]]] = ..., fetch_seconds: _Optional[float] = ..., warnings: _Optional[_Iterable[_Union[SymbolWarning, _Mapping]]] = ...) -> None: ...

class BulkFetchChunk(_message.Message):
    __slots__ = ("arrow_ipc", "errors", "fetch_seconds", "warnings", "progress")
    ARROW_IPC_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    FETCH_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    arrow_ipc: bytes
    errors: _containers.RepeatedCompositeFieldContainer[SymbolError]
    fetch_seconds: float
    warnings: _containers.RepeatedCompositeFieldContainer[SymbolWarning]
    progress: ScanProgress
    def __init__(self, arrow_ipc: _Optional[bytes] = ..., errors: _Optional[_Iterable[_Union[SymbolError, _Mapping]]] = ..., fetch_seconds: _Optional[float] = ..., warnings: _Optional[_Iterable[_Union[SymbolWarning, _Mapping]]] = ..., progress: _Optional[_Union[ScanProgress, _Mapping]] = ...) -> None: ...

class MetricsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MetricsResponse(_message.Message):
    __slots__ = ("average_scan_seconds", "symbols_per_second", "total_scans", "memory_mb", "cpu_pct", "stored_symbols", "stored_bars", "instruction_set")
    AVERAGE_SCAN_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SCANS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_MB_FIELD_NUMBER: _ClassVar[int]
    CPU_PCT_FIELD_NUMBER: _ClassVar[int]
    STORED_SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    STORED_BARS_FIELD_NUMBER: _ClassVar[int]
    INSTRUCTION_SET_FIELD_NUMBER: _ClassVar[int]
    average_scan_seconds: float
    symbols_per_second: float
    total_scans: int
    memory_mb: float
    cpu_pct: float
    stored_symbols: int
    stored_bars: int
    instruction_set: str
    def __init__(self, average_scan_seconds: _Optional[float] = ..., symbols_per_second: _Optional[float] = ..., total_scans: _Optional[int] = ..., memory_mb: _Optional[float] = ..., cpu_pct: _Optional[float] = ..., stored_symbols: _Optional[int] = ..., stored_bars: _Optional[int] = ..., instruction_set: _Optional[str] = ...) -> None: ...

class ShutdownRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ShutdownResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
