"""Run the catalog's templates: Jinja 2 without what reaches outside, draws lots, or grows without an end.

Templates come with the catalog, whose author may run commands anyway. The sandbox keeps mistakes small and plans equal:
nothing in it reads a clock, a file or an attribute of our objects, only plain values become text, and the same values
give the same text. How much it makes is bounded; how long it takes is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any

from releasepilot.errors import PlanError
from releasepilot.versioning.changelog.bounds import (
    MAX_OUTPUT,
    Budget,
    joined,
    plus,
    power,
    remainder,
    replaced,
    rounds,
    text_of,
    times,
    total,
)

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from jinja2.runtime import Context
    from jinja2.sandbox import SandboxedEnvironment

_MAX_MESSAGE = 300
_HINT = "docs/how-to/write-changelogs.md tells what a template may use"
#: The variable that holds the budget: no template can name it.
_BUDGET = ""
#: Those that give the same every time and make nothing large out of something small.
_FILTERS = (
    "count",
    "d",
    "default",
    "dictsort",
    "first",
    "groupby",
    "int",
    "items",
    "last",
    "length",
    "list",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "reverse",
    "select",
    "selectattr",
    "sort",
    "unique",
)
#: Those that make text of whatever they are given.
_TEXT_FILTERS = (
    "capitalize",
    "e",
    "escape",
    "lower",
    "replace",
    "string",
    "title",
    "trim",
    "truncate",
    "upper",
    "wordcount",
)
#: All but those that make text of a value, ask where in memory it is, or what the sandbox has.
_TESTS = (
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "boolean",
    "defined",
    "divisibleby",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "string",
    "true",
    "undefined",
)
_LOOP = frozenset(
    {
        "changed",
        "cycle",
        "depth",
        "depth0",
        "first",
        "index",
        "index0",
        "last",
        "length",
        "nextitem",
        "previtem",
        "revindex",
        "revindex0",
    }
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
        return "".join(_bounded(_template(text).generate({**values, _BUDGET: Budget()})))
    except PlanError:
        raise
    # A template can end in any error of the values and filters that it uses.
    except Exception as error:
        raise _failure(_line_of(error.__traceback__), str(error) or type(error).__name__) from error


def _bounded(parts: Iterator[str]) -> Iterator[str]:
    size = 0
    for part in parts:
        size += len(part)
        if size > MAX_OUTPUT:
            raise PlanError(f"the changelog template writes more than {MAX_OUTPUT} characters", hint=_HINT)
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
    from jinja2 import StrictUndefined, nodes  # noqa: PLC0415 - few catalogs have templates
    from jinja2.runtime import LoopContext  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415
    from jinja2.visitor import NodeTransformer  # noqa: PLC0415

    class Counted(NodeTransformer):
        """Leads past the bounds what Jinja would put together by itself."""

        def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's name
            """Let `~` be the filter `join`."""
            self.generic_visit(node)
            texts = nodes.List(node.nodes, lineno=node.lineno)
            return nodes.Filter(texts, "join", [], [], None, None, lineno=node.lineno)

        def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Node:  # noqa: N802 - Jinja's name
            """Count what the template itself says as what it fills in: a macro may say it in a loop."""
            return nodes.Const(node.data, lineno=node.lineno)

    class Environment(ImmutableSandboxedEnvironment):
        """The sandbox, with few attributes, and a count of what is made."""

        def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
            tree: nodes.Template = Counted().visit(super()._parse(source, name, filename))
            return tree.set_environment(self)  # type: ignore[return-value]

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002 - Jinja's names
            """Allow few methods of texts, lists and mappings, and what a loop tells of itself; nothing else."""
            if isinstance(obj, str | list | tuple | dict):
                return attr in _METHODS
            return isinstance(obj, LoopContext) and attr in _LOOP

        def wrap_str_format(self, value: Any) -> None:
            """Leave `format` to the rule above: a small text of it may ask for an endless one."""

        def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
            """Count what an operator makes."""
            return _budget(context).take(super().call_binop(context, operator, left, right))

        def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
            """Count what a method, a macro or a function makes."""
            return _budget(context).take(super().call(context, obj, *args, **kwargs))

    # Without the optimizer nothing is made while a template is read.
    environment = Environment(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        optimized=False,
        finalize=_finalizer(),
    )
    environment.filters = _filters(environment.filters)
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    environment.globals = {"range": rounds, "dict": dict}
    bounded = {"*": times, "**": power, "+": plus, "%": remainder}
    environment.intercepted_binops = frozenset(bounded)
    environment.binop_table = {**environment.binop_table, **bounded}
    return environment


def _budget(context: Context) -> Budget:
    found: Budget = context[_BUDGET]
    return found


def _finalizer() -> Callable[..., str]:
    """Return what makes text of a value that is written."""
    from jinja2 import Undefined, pass_context  # noqa: PLC0415

    @pass_context
    def finalize(context: Context, value: Any) -> str:
        # Jinja's own error names what is not defined.
        text: str = _budget(context).take(str(value) if isinstance(value, Undefined) else text_of(value))
        return text

    return finalize


def _filters(known: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Return the filters: those of Jinja that may be used, those that are bounded, and all of them counted."""
    from jinja2 import pass_environment  # noqa: PLC0415
    from jinja2.filters import make_attrgetter  # noqa: PLC0415

    @pass_environment
    def join(environment: Environment, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> str:
        items = value if attribute is None else map(make_attrgetter(environment, attribute), value)
        return joined(items, text_of(d))

    @pass_environment
    def add(environment: Environment, value: Iterable[Any], attribute: str | int | None = None) -> int | float:
        return total(value if attribute is None else map(make_attrgetter(environment, attribute), value))

    def replace(text: str, old: Any, new: Any, count: int | None = None) -> str:
        return replaced(text, text_of(old), text_of(new), count)

    chosen = {name: known[name] for name in (*_FILTERS, *_TEXT_FILTERS)} | {"join": join, "sum": add}
    return {name: _counted(one, of_text=name in _TEXT_FILTERS) for name, one in (chosen | {"replace": replace}).items()}


def _counted(called: Callable[..., Any], *, of_text: bool) -> Callable[..., Any]:
    """Count what a filter makes; one that makes text of its value by itself gets it as text."""
    from jinja2 import Undefined, pass_context  # noqa: PLC0415
    from jinja2.utils import _PassArg  # noqa: PLC0415

    passed: Any = _PassArg.from_obj(called)

    @pass_context
    def counted(context: Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        if of_text and not isinstance(value, Undefined):
            value = text_of(value)
        own = {_PassArg.context: context, _PassArg.eval_context: context.eval_ctx}.get(passed, context.environment)
        before = () if passed is None else (own,)
        return _budget(context).take(called(*before, value, *args, **kwargs))

    return counted


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
