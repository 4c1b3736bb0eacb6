"""CEL by `cel-expr-python`: types from our models, and an end to every expression. The only importer of the library.

The input is declared as protobuf messages that are made of the models, because only these let the compiler refuse a
field that there is not; with maps a misspelt field would be found by whoever meets it first, or never.

The library cannot be interrupted. It bounds the steps of macros, the depth of an expression, and its regular
expressions by RE2; what it does not bound is how large a value grows that macros build of itself. `_LIMITS` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, get_args, get_origin

from cel_expr_python import cel  # type: ignore[import-untyped]
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from releasepilot.governance.policy_engine import ASKED_APART, EvaluationFailed, ExpressionWrong
from releasepilot.model.rule_input import ReleaseFacts, RuleInput
from releasepilot.model.value import Value, bounded

_PACKAGE = "releasepilot.rules"
_RELEASE = "release"

#: What a text may hold how often. The worst that fits takes seconds over a plan of 4,000 releases; each further macro
#: would multiply that by ten.
_LIMITS = (
    (re.compile(r"\b(?:all|exists|exists_one|map|filter)\b"), 4, "macros"),
    (re.compile(r","), 32, "commas"),
    (re.compile(r"\+"), 8, "plus signs"),
)
#: Bytes of what the library says.
_LONGEST = 300

# What the library raises: RuntimeError from its own checks, the others where a value is not one of its types.
_RAISED = (RuntimeError, TypeError, ValueError, OverflowError, MemoryError)

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {str: _Field.TYPE_STRING, bool: _Field.TYPE_BOOL, int: _Field.TYPE_INT64}


class CelEngine:
    """Evaluates CEL. An expression is compiled once for all who use it."""

    def check(self, expr: str) -> frozenset[str]:
        """Return which of `ASKED_APART` an expression mentions. ExpressionWrong where it cannot be evaluated."""
        return _program(expr).mentions

    def bind(self, given: RuleInput) -> CelFacts:
        """Take over what expressions are asked about."""
        return CelFacts({name: _plain(getattr(given, name)) for name in RuleInput.model_fields})


class CelFacts:
    """What expressions are asked about, as messages."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = given

    def of(self, release: ReleaseFacts) -> CelFacts:
        """Return the same with this release. All else is not converted again."""
        return CelFacts({**self._given, _RELEASE: _plain(release)})

    def judge(self, expr: str) -> bool:
        """Evaluate an expression. EvaluationFailed where it gives no truth."""
        try:
            found = _program(expr).compiled.eval(self._activation)
            value = found.value()
        except ExpressionWrong as error:
            raise EvaluationFailed(str(error)) from error
        except _RAISED as error:
            raise EvaluationFailed(_told(error)) from error
        if found.type() == cel.Type.ERROR:
            raise EvaluationFailed(_told(value))
        if not isinstance(value, bool):
            raise EvaluationFailed(f"it gives {found.type().name()}, and not true or false")
        return value

    @cached_property
    def _activation(self) -> cel.Activation:
        return _types().whole.Activation(self._given)


class _Program(NamedTuple):
    """An expression that can be evaluated."""

    compiled: cel.Expression
    #: Of what is asked apart, what it mentions: without that it would not compile.
    mentions: frozenset[str]


@lru_cache(maxsize=4096)
def _program(expr: str) -> _Program:
    """Compile an expression; ExpressionWrong where it is too large, wrong, or no condition."""
    for pattern, most, what in _LIMITS:
        if len(pattern.findall(expr)) > most:
            raise ExpressionWrong(f"it has more than {most} {what}: make several rules of it")
    compiled = _compiled(_types().whole, expr)
    kind = compiled.return_type().name()
    if kind not in ("BOOL", "DYN"):
        raise ExpressionWrong(f"it gives {kind.replace(f'{_PACKAGE}.', '')}, and not true or false")
    mentions = frozenset(name for name, without in _types().without.items() if not _compiles(without, expr))
    return _Program(compiled, mentions)


def _compiles(env: cel.Env, expr: str) -> bool:
    try:
        env.compile(expr)
    except RuntimeError:
        return False
    return True


def _compiled(env: cel.Env, expr: str) -> cel.Expression:
    """Compile an expression; ExpressionWrong with the first thing that is wrong, and where."""
    try:
        return env.compile(expr)
    except TypeError as error:
        raise ExpressionWrong("it holds characters that no text has") from error
    except _RAISED as error:
        said = re.search(r"ERROR: <input>:(-?\d+):(-?\d+): (.+)", str(error))
        if said is None:
            raise ExpressionWrong(_told(error)) from error
        line, character, what = said.groups()
        where = f"line {line}, " if "\n" in expr.strip() else ""
        place = f"{where}character {character}: " if int(character) > 0 else ""
        raise ExpressionWrong(place + bounded(_meant(what.replace(f"{_PACKAGE}.", "")), _LONGEST)) from error


def _meant(what: str) -> str:
    """Add what an unknown name may mean."""
    field = re.search(r"undefined field '(\w+)' not found in struct '(\w+)'", what)
    if field and field[2] in _models():
        known = tuple(_models()[field[2]].model_fields)
        return f"there is no {field[1]!r}; {_close(field[1], known) or 'known are ' + ', '.join(known)}"
    name = re.search(r"undeclared reference to '([^'.]+)", what)
    if name:
        return f"there is nothing called {name[1]!r}; {_close(name[1], tuple(RuleInput.model_fields))}".rstrip("; ")
    return what


def _close(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def _told(error: object) -> str:
    """Return what the library says on one line, without its own code at the end."""
    said = " ".join(str(error).split())
    return bounded(re.sub(r"^[A-Z_]+: | \[[A-Z_]+\]$", "", said), _LONGEST) or "it failed without a word"


class _Types:
    """The environments that expressions are compiled in."""

    def __init__(self) -> None:
        # A pool of our own would lack the well-known types; the package's name keeps ours apart.
        self.pool = descriptor_pool.Default()
        self.pool.AddSerializedFile(_file().SerializeToString())
        variables = {name: _type(info.annotation) for name, info in RuleInput.model_fields.items()}
        self.whole = cel.NewEnv(self.pool, variables=variables)
        self.without = {
            left_out: cel.NewEnv(
                self.pool, variables={name: kind for name, kind in variables.items() if name != left_out}
            )
            for left_out in ASKED_APART
        }

    def message(self, value: Value) -> Message:
        """Convert a value."""
        name = f"{_PACKAGE}.{type(value).__name__}"
        made: Message = message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))(
            **value.model_dump(mode="python")
        )
        return made


@lru_cache(maxsize=1)
def _types() -> _Types:
    return _Types()


def _plain(value: Any) -> object:
    """Convert one of the variables."""
    if isinstance(value, Value):
        return _types().message(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _type(annotation: Any) -> cel.Type:
    """Return the type of a variable."""
    if isinstance(annotation, type) and issubclass(annotation, Value):
        return cel.Type(f"{_PACKAGE}.{annotation.__name__}")
    if get_origin(annotation) is tuple:
        return cel.Type.List(_type(get_args(annotation)[0]))
    if get_origin(annotation) is dict:
        return cel.Type.Map(cel.Type.STRING, cel.Type.STRING)
    return cel.Type.TIMESTAMP


def _models() -> dict[str, type[Value]]:
    """Return the models below the input, by name."""
    return {model.__name__: model for model in _below(RuleInput)}


def _below(model: type[Value]) -> Iterator[type[Value]]:
    for info in model.model_fields.values():
        found = get_args(info.annotation)[0] if get_origin(info.annotation) is tuple else info.annotation
        if isinstance(found, type) and issubclass(found, Value):
            yield from _below(found)
            yield found


def _file() -> descriptor_pb2.FileDescriptorProto:
    """Describe the models as protobuf messages."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto3")
    for name, model in _models().items():
        message = file.message_type.add(name=name)
        for number, (field, info) in enumerate(model.model_fields.items(), 1):
            annotation, label = info.annotation, _Field.LABEL_OPTIONAL
            if get_origin(annotation) is dict:
                _add_texts(message, field, number)
                continue
            if get_origin(annotation) is tuple:
                annotation, label = get_args(annotation)[0], _Field.LABEL_REPEATED
            described = message.field.add(name=field, number=number, label=label)
            scalar = next((kind for type_, kind in _SCALARS.items() if annotation is type_), None)
            described.type = scalar or _Field.TYPE_MESSAGE
            if scalar is None:
                described.type_name = f".{_PACKAGE}.{getattr(annotation, '__name__', '')}"
    return file


def _add_texts(message: descriptor_pb2.DescriptorProto, field: str, number: int) -> None:
    """Describe a map from text to text: to protobuf that is a list of entries of a type of its own."""
    entry = message.nested_type.add(name=f"{field.title().replace('_', '')}Entry")
    entry.options.map_entry = True
    for place, part in enumerate(("key", "value"), 1):
        entry.field.add(name=part, number=place, label=_Field.LABEL_OPTIONAL, type=_Field.TYPE_STRING)
    described = message.field.add(name=field, number=number, label=_Field.LABEL_REPEATED, type=_Field.TYPE_MESSAGE)
    described.type_name = f".{_PACKAGE}.{message.name}.{entry.name}"
