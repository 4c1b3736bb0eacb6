"""One measured figure and its bound."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Result:
    """A figure, how it came about, and what it may be."""

    name: str
    value: float
    unit: str = "x"
    #: The most that `value` may be; None for figures without a bound.
    at_most: float | None = None
    at_least: float | None = None
    how: str = ""

    @property
    def kept(self) -> bool:
        """Whether the bound holds."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )


def table(results: list[Result]) -> str:
    """Render results as lines of text."""
    lines = []
    for one in results:
        bound = f"<= {one.at_most:g}" if one.at_most is not None else ""
        bound = f">= {one.at_least:g}" if one.at_least is not None else bound
        verdict = "" if not bound else ("ok" if one.kept else "MISSED")
        lines.append(f"{one.name:<46} {one.value:>9.2f} {one.unit:<8} {bound:<8} {verdict:<7} {one.how}")
    return "\n".join(lines)


def interleaved(*works: Callable[[], object], rounds: int) -> list[float]:
    """Time several works in turn, so that a noisy moment hits each alike; return the median seconds of each."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, taken in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]
