"""`catalog.md`: every key of `releasepilot.yaml`, from the model, and the versioning policies."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pydantic import BaseModel

from docs.pages.comments import comments_of, sentence, told
from docs.pages.fields import HEADINGS, fields_table
from docs.pages.markdown import code, document, prose, table
from releasepilot.model.catalog import (
    Author,
    Catalog,
    ComponentEntry,
    Defaults,
    Hooks,
    Lock,
    OnFailure,
    StepDeclaration,
)
from releasepilot.model.dependency import ConstraintKind, DependencyKind, Need, Place
from releasepilot.model.emergency import EmergencyPolicy
from releasepilot.model.gate import ApprovalGate, Escalation, Excluded, Reapprove
from releasepilot.model.notes import ChangelogEntry, ChangelogStyle, Forge
from releasepilot.model.people import Delegation, Person
from releasepilot.model.risk import RiskPolicy
from releasepilot.model.rule import Rule, RuleEffect, RuleOutcome, RuleTest
from releasepilot.model.step import SagaClass, Undo
from releasepilot.model.versioning import BranchEntry, Group, PolicyEntry, Propagation, Versioning
from releasepilot.model.window import Crossing, Window, WindowEffect
from releasepilot.versioning import POLICIES, BumpPolicy

_MODELS: tuple[type[BaseModel], ...] = (
    Catalog,
    ComponentEntry,
    Defaults,
    Versioning,
    PolicyEntry,
    BranchEntry,
    Group,
    ChangelogEntry,
    Need,
    Place,
    Author,
    Hooks,
    Lock,
    StepDeclaration,
    ApprovalGate,
    Escalation,
    Person,
    Delegation,
    EmergencyPolicy,
    Window,
    Rule,
    RuleTest,
    RiskPolicy,
)


_INTRODUCTION = """
A catalog is a YAML 1.2 file, `releasepilot.yaml` where no other is named with `-C`. Of its keys only `version`,
`train` and the `name` and `repo` of each component are required; unknown keys are mistakes. Relative repository paths
begin at the catalog's folder. A time is a number of seconds or a text such as `30s`, `10m`, `72h`, `7d`. A command is
a list of words, or one text that is split as a POSIX shell would, without running one.

The same as a JSON Schema, for editors: [releasepilot.schema.json](releasepilot.schema.json). `releasepilot schema`
prints it with the actuators that are installed on your machine.
"""

_STEP_KEYS = """
The other keys of a step are those of the actuator that `uses` names: see [actuators](actuators.md). `class` and `undo`
may be given where the actuator is declarable.
"""

_POLICIES = """
Each is named after the tool whose rules it follows. What counts as a breaking change, which raises the major version,
and whether the case of a type matters, is that tool's own reading: `semantic-release` for instance knows
`BREAKING CHANGE` footers and no `!`. Commits of other types release nothing by themselves.
[Choose a policy](../how-to/choose-a-policy.md) tells how to spell one out.
"""


def page() -> str:
    """Write the page."""
    schema = Catalog.model_json_schema(by_alias=True)
    parts = [_INTRODUCTION]
    for model in _MODELS:
        title = HEADINGS.get(model.__name__, model.__name__)
        parts += [f"## {title}", prose(sentence(model)), fields_table(model, schema, without=("config",))]
        if model is StepDeclaration:
            parts.append(_STEP_KEYS)
    parts += _words(OnFailure, "on_failure")
    parts += _words(Propagation, "propagate")
    parts += _words(DependencyKind, "kind")
    parts += _words(ConstraintKind, "constraint")
    parts += _words(ChangelogStyle, "style")
    parts += _words(Forge, "forge")
    parts += _words(SagaClass, "class")
    parts += _words(Undo, "undo")
    parts += _words(Excluded, "exclude")
    parts += _words(Reapprove, "reapprove")
    parts += _words(WindowEffect, "effect")
    parts += _words(RuleEffect, "effect of a rule")
    parts += _words(RuleOutcome, "expect")
    parts += _words(Crossing, "crossing")
    parts += ["## Versioning policies", *_policies()]
    return document("The catalog", "`releasepilot/model/catalog.py`", parts)


def _words(kind: type[StrEnum], key: str) -> list[str]:
    """Describe the words that a key may have."""
    comments = comments_of(kind)
    rows = ((code(member.value), comments.get(member.name, "")) for member in kind)
    return [f"## The words of {code(key)}", prose(told(kind)), table(("word", "meaning"), rows)]


def _policies() -> list[str]:
    """Describe the policies by their values: what each releases on, and what it does below 1.0.0."""
    rows = (
        (
            code(policy.name),
            ", ".join(_types(policy)),
            policy.revert.value,
            policy.below_one,
            code(policy.initial) if policy.initial else "by the date",
        )
        for policy in POLICIES.values()
    )
    return [
        _POLICIES,
        table(("policy", "types that release", "a revert alone", "below 1.0.0", "first version"), rows),
    ]


def _types(policy: BumpPolicy) -> Iterator[str]:
    """Give the types that release, those that are only listed last."""
    yield from (f"{kind}: {bump.value}" for kind, bump in policy.types.items())
    yield from (f"{kind}: patch" for kind in sorted(policy.listed - set(policy.types)))
