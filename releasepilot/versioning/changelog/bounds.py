"""What a template may make of its values: plain ones, none that is endless, and not too many.

An operation whose result may be much larger than what it is made of is checked before it is done, every other one by
its result. So a small template takes little memory, whatever is in the messages that it fills in.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, ValuesView
from itertools import islice
from typing import Any

#: Characters of one text, items of one list, and what a template may write of one release.
MAX_OUTPUT = 2_000_000
#: Characters and items that a template may make for one release, whether it writes them or not.
MAX_MADE = 10 * MAX_OUTPUT
#: What a value counts beside its characters or items: many small ones take room too.
_EACH = 10
#: What is written between two items of a list.
_BETWEEN = 2
#: The longest thing that `*` may make, and rounds of one `range`.
MAX_REPEATED = 10_000
#: Bits of a whole number, without its sign.
MAX_BITS = 64


class Budget:
    """What a template may still make for one release."""

    def __init__(self) -> None:
        """Begin with nothing made."""
        self._made = 0

    def take(self, value: Any) -> Any:
        """Count a value that was made and return it; what can be read only once or only lives on becomes a list."""
        if isinstance(value, Iterator | ItemsView | KeysView | ValuesView):
            value = list(islice(value, MAX_OUTPUT + 1))
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise ValueError(f"a whole number of more than {MAX_BITS} bits")
        self._made += _EACH + (_bounded(len(value)) if isinstance(value, str | list | tuple | dict) else 0)
        if self._made > MAX_MADE:
            raise ValueError(f"more than {MAX_MADE} characters and items are made")
        return value


def text_of(value: Any) -> str:
    """Return a plain value as text: a text, a number, a truth value, none, or a list or mapping of these.

    ValueError for anything else, which would show where in memory it is, and for what is too long.
    """
    if not isinstance(value, str):
        _measure(value)
    return str(value)


def _measure(value: Any) -> None:
    """Look at a value and all that is in it. A list may be in another one many times: each of them is written."""
    waiting, size = [value], 0
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            size += len(one)
        elif isinstance(one, list | tuple | dict):
            size += len(one) * _BETWEEN
            _bounded(size)
            waiting.extend(one)
            waiting.extend(one.values() if isinstance(one, dict) else ())
        elif one is not None and not isinstance(one, int | float):
            raise ValueError(f"a {type(one).__name__} is not a text, a number, a list or a mapping: is a `()` missing?")
        _bounded(size)


def _bounded(size: int) -> int:
    if size > MAX_OUTPUT:
        raise ValueError(f"a text or list is longer than {MAX_OUTPUT}")
    return size


def joined(values: Iterable[Any], between: str) -> str:
    """Join the texts of values."""
    parts: list[str] = []
    size = 0
    for value in values:
        parts.append(text_of(value))
        size = _bounded(size + len(parts[-1]) + len(between))
    return between.join(parts)


def replaced(text: str, old: str, new: str, count: int | None) -> str:
    """Replace in a text, everywhere or so many times."""
    found = text.count(old)
    times = found if count is None or count < 0 else min(found, count)
    _bounded(len(text) + times * (len(new) - len(old)))
    return text.replace(old, new, times)


def rounds(*bounds: int) -> list[int]:
    """Count as Python's `range` does."""
    found = range(*bounds)
    if len(found) > MAX_REPEATED:
        raise ValueError(f"`range` gives at most {MAX_REPEATED} numbers")
    return list(found)


def total(values: Iterable[Any]) -> int | float:
    """Add numbers up; lists and texts are for `join`."""
    return sum(value if isinstance(value, int | float) else _no_number(value) for value in values)


def _no_number(value: Any) -> int:
    raise ValueError(f"a {type(value).__name__} is not a number")


def times(left: Any, right: Any) -> Any:
    """Multiply numbers, and repeat a text or a list as long as the result is of a size that somebody would read."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str | list | tuple) and isinstance(other, int) and len(one) * other > MAX_REPEATED:
            raise ValueError(f"`*` makes at most {MAX_REPEATED} characters or items")
    return left * right


def plus(left: Any, right: Any) -> Any:
    """Add numbers, and put two texts or lists together."""
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        _bounded(len(left) + len(right))
    return left + right


def remainder(left: Any, right: Any) -> Any:
    """Divide numbers; a text would be a format, and a small one of it may ask for an endless text."""
    if isinstance(left, str):
        raise TypeError("`%` is for numbers: use `~` to put texts together")
    return left % right


def power(_base: Any, _exponent: Any) -> Any:
    """Refuse it: no changelog needs it, and small numbers give endless ones."""
    raise ValueError("`**` is not available")
