"""Users' own strategies in a real installed distribution, made for one test."""

from __future__ import annotations

import sys
from pathlib import Path

from vst_desktop.strategy.registry import own_strategies

SLOW_RISE = "return data.rsi > 50"

_MODULE = """\
from vst_desktop.domain.signals import Condition, Direction


class Rule:
    name = "{name}"
    direction = Direction.LONG

    def mask(self, data, parameters):
        {body}

    def explain(self, data, parameters, bar):
        rsi = float(data.rsi[bar])
        return (Condition(text="RSI > 50", value=rsi, threshold=50.0, passed=rsi > 50),)


RULE = Rule()
"""


class Own:
    """Installs distributions below a folder of ``sys.path``; the registry looks again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def declare(self, distribution: str = "my-rules", /, **bodies: str) -> None:
        """A distribution whose rules have these bodies of ``mask``."""
        modules = {
            f"{distribution.replace('-', '_')}_{name.lower()}": (name, body)
            for name, body in bodies.items()
        }
        for module, (name, body) in modules.items():
            text = _MODULE.format(name=name, body=body)
            (self.folder / f"{module}.py").write_text(text)
        self.install(distribution, {name: f"{m}:RULE" for m, (name, _) in modules.items()})

    def install(self, distribution: str, points: dict[str, str]) -> None:
        """A distribution with these entry points: name to ``module:object``."""
        info = self.folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n"
        )
        lines = "".join(f"{name} = {value}\n" for name, value in points.items())
        (info / "entry_points.txt").write_text(f"[vst.strategies]\n{lines}")
        own_strategies.cache_clear()

    def module(self, name: str, text: str) -> None:
        """A module beside the distributions."""
        (self.folder / f"{name}.py").write_text(text)

    def uninstall(self) -> None:
        """Forget what was declared."""
        for path in self.folder.glob("*.py"):
            sys.modules.pop(path.stem, None)
        own_strategies.cache_clear()
