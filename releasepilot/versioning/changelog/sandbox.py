"""Run the catalog's templates: Jinja 2 without what reaches outside, draws lots, or grows without an end.

Templates come with the catalog, whose author may run commands anyway. The sandbox keeps mistakes small and plans equal:
nothing in it reads a clock, a file or an attribute of our objects, and the same values give the same text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any

from releasepilot.errors import PlanError

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment

#: Characters that a template may write of one release.
_MAX_OUTPUT = 2_000_000
#: The longest thing that `*` may make, and rounds of `range` in one template's call.
_MAX_REPEATED = 10_000
_MAX_MESSAGE = 300
_HINT = "docs/how-to/write-changelogs.md tells what a template may use"
#: Those that give the same text every time and make nothing large out of something small.
_FILTERS = (
    "batch",
    "capitalize",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "groupby",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "select",
    "selectattr",
    "slice",
    "sort",
    "string",
    "sum",
    "title",
    "trim",
    "truncate",
    "unique",
    "upper",
    "wordcount",
)
_METHODS = frozenset(
    {
        "capitalize",
        "count",
        "endswith",
        "find",
        "get",
        "isdigit",
        "items",
        "keys",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "title",
        "upper",
        "values",
    }
)


def compiled(text: str) -> None:
    """Raise PlanError, which names the line, where a template cannot be read."""
    _template(text)


def fill(text: str, values: Mapping[str, object]) -> str:
    """Fill a template in. PlanError with the line and the remedy where it fails or writes too much."""
    try:
        return "".join(_bounded(_template(text).generate(values)))
    except PlanError:
        raise
    # A template can end in any error of the values and filters that it uses.
    except Exception as error:
        raise _failure(_line_of(error.__traceback__), str(error) or type(error).__name__) from error


def _bounded(parts: Iterator[str]) -> Iterator[str]:
    size = 0
    for part in parts:
        size += len(part)
        if size > _MAX_OUTPUT:
            raise PlanError(f"the changelog template writes more than {_MAX_OUTPUT} characters", hint=_HINT)
        yield part


@lru_cache(maxsize=32)
def _template(text: str) -> Template:
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 - few catalogs have templates

    try:
        return _environment().from_string(text)
    except TemplateSyntaxError as error:
        raise _failure(error.lineno, error.message or "it cannot be read") from error


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined  # noqa: PLC0415 - few catalogs have templates
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    class Environment(ImmutableSandboxedEnvironment):
        """The sandbox, with fewer methods."""

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
            """Allow few methods of texts, lists and mappings; what is Jinja's own is checked by it."""
            if isinstance(obj, str | list | tuple | dict):
                return attr in _METHODS
            return super().is_safe_attribute(obj, attr, value)

        def wrap_str_format(self, value: Any) -> None:
            """Leave `format` to the rule above: a small text of it may ask for an endless one."""

    environment = Environment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.globals = {name: environment.globals[name] for name in ("range", "dict", "namespace", "joiner")}
    environment.intercepted_binops = frozenset({"*", "**"})
    environment.binop_table = {**environment.binop_table, "*": _times, "**": _power}
    return environment


def _times(left: Any, right: Any) -> Any:
    """Multiply numbers, and repeat a text or a list as long as the result is of a size that somebody would read."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str | list | tuple) and isinstance(other, int) and len(one) * other > _MAX_REPEATED:
            raise ValueError(f"`*` makes at most {_MAX_REPEATED} characters or items")
    return left * right


def _power(base: Any, exponent: Any) -> Any:
    """Refuse it: no changelog needs it, and small numbers give endless ones."""
    raise ValueError(f"`**` is not available: {base} ** {exponent}")


def _line_of(trace: TracebackType | None) -> int:
    """Return the template's line that an error comes from, 0 where it is not known."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _failure(line: int, said: str) -> PlanError:
    where = f"line {line} of the changelog template" if line else "the changelog template"
    return PlanError(f"{where}: {' '.join(said.split())[:_MAX_MESSAGE]}", hint=_HINT)
