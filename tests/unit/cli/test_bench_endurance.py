"""When a day of the window counts as leaving nothing behind."""

from __future__ import annotations

from typing import Any

from vst_desktop.cli.bench.endurance import Sample, judge


def day(**grown: float) -> list[Sample]:
    """Hourly samples; ``grown`` is what has come on top by the last hour."""
    more: Any = {name: (lambda hour, by=by: by * hour / 24) for name, by in grown.items()}
    still: Any = {"rss_mb": 200.0, "tasks": 15, "files": 40, "threads": 4}
    return [
        Sample(hours=hour, **{n: v + more.get(n, lambda _: 0)(hour) for n, v in still.items()})
        for hour in range(25)
    ]


def missed(samples: list[Sample]) -> list[str]:
    return [target["name"] for target in judge(samples)["targets"] if not target["met"]]


def test_a_day_that_holds_what_it_held_meets_every_target() -> None:
    assert missed(day()) == []


def test_what_grows_is_named() -> None:
    assert missed(day(rss_mb=12)) == ["rss_growth_pct"]
    assert missed(day(tasks=24, threads=5)) == ["more_tasks", "more_threads"]
    assert missed(day(files=30)) == ["more_files"]


def test_the_first_hour_may_grow() -> None:
    samples = [Sample(hours=0.0, rss_mb=100.0, tasks=5, files=10, threads=1), *day()[1:]]
    assert missed(samples) == []
