"""How much of a queue is worked on at once, and how fast: what a worker is told, read from words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from pydantic import Field

from releasepilot.model.step import Queue
from releasepilot.model.value import Value

#: Steps side by side on a queue that nobody has set a number for.
SLOTS: Final = 64
_MOST_SLOTS: Final = 1000
_RATES: Final = (0.001, 10_000.0)

NumberT = TypeVar("NumberT", int, float)


class Limits(Value):
    """The limits of the queues of one worker."""

    #: How many steps this worker runs side by side, by queue.
    slots: dict[Queue, int] = Field(default_factory=dict)
    #: How many steps of a queue are begun in a second, by all of its workers; without an entry there is no limit.
    rates: dict[Queue, float] = Field(default_factory=dict)

    def slots_of(self, queue: Queue) -> int:
        """Return how many steps of a queue run side by side in this worker."""
        return self.slots.get(queue, SLOTS)


def read_slots(words: Iterable[str]) -> dict[Queue, int]:
    """Read `16`, for all queues, and `publish=4`, which wins for its queue; ValueError where a word is neither."""
    return _read(words, _slots)


def read_rates(words: Iterable[str]) -> dict[Queue, float]:
    """Read `publish=2` or `publish=0.5`, in steps a second, as `read_slots` does."""
    return _read(words, _rate)


def _read(words: Iterable[str], number_of: Callable[[str], NumberT]) -> dict[Queue, NumberT]:
    given: dict[str, NumberT] = {}
    for word in words:
        name, equals, number = word.rpartition("=")
        if equals and name not in set(Queue):
            raise ValueError(f"{word!r} names no queue: there are {', '.join(Queue)}")
        if name in given:
            raise ValueError(f"{word!r} is one number too many: there is one for {name or 'all queues'} already")
        given[name] = number_of(number)
    for_all = dict.fromkeys(Queue, given[""]) if "" in given else {}
    return for_all | {Queue(name): number for name, number in given.items() if name}


def _slots(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _MOST_SLOTS):
        raise ValueError(f"{text!r} is no number of steps side by side: write one from 1 to {_MOST_SLOTS}")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    lowest, highest = _RATES
    if not lowest <= rate <= highest:
        raise ValueError(
            f"{text!r} is no number of steps a second: write one from {lowest} to {highest:.0f}, such as 2 or 0.5"
        )
    return rate
