"""A second engine of rules, by cel-python: pure Python, without types before it evaluates. For comparison alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import celpy
from celpy import celtypes
from celpy.evaluation import CELEvalError

from releasepilot.governance.policy_engine import ASKED_APART, EvaluationFailed, ExpressionWrong
from releasepilot.model.rule_input import ReleaseFacts, RuleInput
from releasepilot.model.value import Value


class SecondEngine:
    """Evaluates CEL the slow way."""

    def __init__(self) -> None:
        self._environment = celpy.Environment()
        self._programs: dict[str, celpy.Runner] = {}

    def check(self, expr: str) -> frozenset[str]:
        """Compile an expression; what it mentions is told by its text."""
        if expr not in self._programs:
            try:
                self._programs[expr] = self._environment.program(self._environment.compile(expr))
            except celpy.CELParseError as error:
                raise ExpressionWrong(str(error)) from error
        return frozenset(name for name in ASKED_APART if f"{name}." in expr or f"({name})" in expr)

    def bind(self, given: RuleInput) -> SecondFacts:
        """Convert the input, absent values too."""
        return SecondFacts(self, {name: _converted(getattr(given, name)) for name in RuleInput.model_fields})

    def evaluate(self, expr: str, given: Mapping[str, object]) -> object:
        """Evaluate an expression."""
        self.check(expr)
        return self._programs[expr].evaluate(dict(given))


class SecondFacts:
    """The input as the types of cel-python."""

    def __init__(self, engine: SecondEngine, given: Mapping[str, object]) -> None:
        self._engine = engine
        self._given = given

    def of(self, release: ReleaseFacts) -> SecondFacts:
        """Return the same with this release."""
        return SecondFacts(self._engine, {**self._given, "release": _converted(release)})

    def judge(self, expr: str) -> bool:
        """Evaluate an expression; anything but a truth is a failure."""
        try:
            found = self._engine.evaluate(expr, self._given)
        except (CELEvalError, ExpressionWrong, ValueError, TypeError, KeyError) as error:
            raise EvaluationFailed(str(error)) from error
        if not isinstance(found, celtypes.BoolType):
            raise EvaluationFailed(f"it gives {type(found).__name__}")
        return bool(found)


def _converted(value: object) -> object:
    if isinstance(value, datetime):
        return celtypes.TimestampType(value)
    if isinstance(value, Value):
        return celpy.json_to_cel(value.model_dump(mode="json"))
    if isinstance(value, tuple):
        return celtypes.ListType([_converted(one) for one in value])
    return celpy.json_to_cel(value)
