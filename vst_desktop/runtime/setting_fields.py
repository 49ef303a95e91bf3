"""The settings model as a list of fields, for a dialog that knows none of them by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from vst_desktop.domain.errors import UserError
from vst_desktop.runtime.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingField:
    """One key. ``choices`` empty: any value in ``range``, which is empty where all are good."""

    group: str
    key: str
    description: str
    default: Any
    choices: tuple[str, ...]
    range: str


@cache
def setting_fields() -> tuple[SettingField, ...]:
    """All keys in the order of the model."""
    return tuple(_fields())


def checked(field: SettingField, text: str) -> Any:
    """The value that a text stands for, as TOML has it.

    Raises:
        UserError: The field refuses it.
    """
    model = _model(field.group)
    try:
        value = getattr(model.model_validate({field.key: text}), field.key)
    except ValidationError as error:
        first = error.errors()[0]
        own = first.get("ctx", {}).get("error")
        raise UserError(str(own or first["msg"]), where=f"{field.group}.{field.key}") from None
    return _plain(value)


def _plain(value: Any) -> Any:
    """As TOML has it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(part) for key, part in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _fields() -> Iterator[SettingField]:
    for group in Settings.model_fields:
        for key, info in _model(group).model_fields.items():
            yield SettingField(
                group=group,
                key=key,
                description=info.description or "",
                default=info.get_default(call_default_factory=True),
                choices=_choices(info.annotation),
                range=_range(info),
            )


def _model(group: str) -> type[BaseModel]:
    model = Settings.model_fields[group].annotation
    assert isinstance(model, type) and issubclass(model, BaseModel)
    return model


def _choices(kind: Any) -> tuple[str, ...]:
    if get_origin(kind) is Literal:
        return tuple(str(choice) for choice in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(member.value) for member in kind)
    return ()


def _range(info: FieldInfo) -> str:
    parts = []
    for limit in info.metadata:
        if isinstance(limit, Ge):
            parts.append(f"from {limit.ge}")
        elif isinstance(limit, Gt):
            parts.append(f"above {limit.gt}")
        elif isinstance(limit, Le):
            parts.append(f"to {limit.le}")
        elif isinstance(limit, Lt):
            parts.append(f"below {limit.lt}")
    kind: Any = info.annotation
    if isinstance(kind, UnionType) and type(None) in get_args(kind):
        parts.append("or empty")
    return " ".join(parts)
