"""The actuators that are installed: found through entry points, told apart by name, checked before they are trusted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Self

from pydantic import BaseModel, JsonValue, ValidationError

from releasepilot.errors import CatalogError, ReleasePilotError
from releasepilot.model.catalog import Catalog, OnFailure, StepDeclaration
from releasepilot.model.step import ActuatorTraits, Queue, SagaClass, Step, Undo
from releasepilot.plugins.spec import Actuator, Tools

#: The entry point group that plugins use.
GROUP = "releasepilot.actuators"

#: Where a finding stands in the catalog, such as `("components", 3, "publish", 0, "url")`.
Path = tuple[str | int, ...]

_VERBS = ("observe", "apply", "revert")
_TRAITS = {"saga_class": SagaClass, "undo": Undo, "queue": Queue, "declarable": bool, "effect": bool, "name": str}


class Registry:
    """Actuator classes by name. It makes an actuator when one is first asked for."""

    def __init__(self, classes: Iterable[type[Actuator[Any]]], tools: Tools | None = None) -> None:
        """Take the classes; without `tools` everything but `actuator` works."""
        self._tools = tools
        self._classes: dict[str, type[Actuator[Any]]] = {}
        self._made: dict[str, Actuator[Any]] = {}
        for one in classes:
            _check_class(one)
            if one.name in self._classes:
                raise ReleasePilotError(
                    f"two actuators are named {one.name!r}: {_origin(self._classes[one.name])} and {_origin(one)}",
                    hint="uninstall one of the two packages",
                )
            self._classes[one.name] = one

    @classmethod
    def load(cls, tools: Tools | None = None, extra: Iterable[type[Any]] = ()) -> Self:
        """Find all installed actuators, and add `extra` ones.

        Raises `ReleasePilotError`, naming the distribution, where a plugin cannot be imported or is no actuator.
        """
        points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
        return cls([*(_import(point) for point in points), *extra], tools)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that a catalog may use, sorted."""
        return tuple(sorted(self._classes))

    def recast(self, make: Callable[[type[Actuator[Any]]], type[Actuator[Any]]]) -> Registry:
        """Return a registry with the same tools and names, of what `make` makes of each class."""
        return Registry([make(one) for one in self._classes.values()], self._tools)

    def actuator(self, name: str) -> Actuator[Any]:
        """Return the actuator of that name; the same one each time."""
        if name not in self._made:
            if self._tools is None:
                raise ReleasePilotError("this registry was loaded to look at actuators, not to use them")
            self._made[name] = self._class(name)(self._tools)
        return self._made[name]

    def traits(self) -> tuple[ActuatorTraits, ...]:
        """Return what the planner must know of each actuator, ordered by name."""
        return tuple(
            ActuatorTraits(
                name=name,
                saga_class=one.saga_class,
                undo=one.undo,
                queue=one.queue,
                declarable=one.declarable,
                effect=one.effect,
                prior=getattr(one, "prior", False),
                patient=getattr(one, "patient", False),
                escalates=getattr(one, "escalates", False),
            )
            for name, one in sorted(self._classes.items())
        )

    def schemas(self) -> dict[str, dict[str, JsonValue]]:
        """Return the JSON schema of each actuator's configuration by name, as a catalog writes it."""
        # What a plugin forgets to forbid is refused all the same.
        return {
            name: {**one.Config.model_json_schema(by_alias=True), "additionalProperties": False}
            for name, one in sorted(self._classes.items())
        }

    def parse(self, step: Step | StepDeclaration) -> BaseModel:
        """Return the validated configuration of a step; `CatalogError` where it does not fit."""
        try:
            return self._validated(step)
        except ValidationError as error:
            said = "; ".join(f"{'.'.join(map(str, path))}: {message}" for path, message in _findings(error))
            raise CatalogError(
                f"the configuration of {step.uses!r} is not valid: {said}",
                hint=f"its keys are {', '.join(self._keys(step.uses)) or 'none'}",
            ) from error

    def check(self, catalog: Catalog) -> list[tuple[Path, str]]:
        """Return every fault of the catalog's steps, each with its place; empty where there is none."""
        return [
            ((*place, *path), message) for place, step in _declarations(catalog) for path, message in self._faults(step)
        ]

    def doubts(self, catalog: Catalog) -> Iterator[tuple[Path, str]]:
        """Yield what can hold, and is hardly meant: one change for components that may fail one by one."""
        if catalog.on_failure is not OnFailure.ROLLBACK_DEPENDENTS:
            return
        asking = [one.name for one in self.traits() if one.escalates]
        having = [
            entry.name
            for entry in catalog.components
            if any(step.uses in asking for step in (*entry.publish, *entry.health))
        ]
        if having and len(having) < len(catalog.components):
            what = f"a component without a change of its own may be taken back while that of {having[0]!r} is closed"
            yield ("on_failure",), f"{what} as successful: give each its own, or say rollback_all"

    def _faults(self, step: StepDeclaration) -> Iterator[tuple[Path, str]]:
        """Check one declaration."""
        known = self._classes.get(step.uses)
        if known is None:
            yield ("uses",), self._unknown(step.uses)
            return
        if not known.declarable:
            for key, stated in (("class", step.saga_class), ("undo", step.undo)):
                if stated is not None:
                    yield (key,), f"{step.uses} knows its own class and undo: leave `{key}` out"
        try:
            config = self._validated(step)
        except ValidationError as error:
            yield from _findings(error)
            return
        if objection := _objection(known, step, config):
            yield (), objection

    def _validated(self, step: Step | StepDeclaration) -> BaseModel:
        """Read the configuration as strictly as JSON allows: no text for a number, no unknown key."""
        return self._class(step.uses).Config.model_validate_json(json.dumps(step.config), strict=True, extra="forbid")

    def _class(self, name: str) -> type[Actuator[Any]]:
        try:
            return self._classes[name]
        except KeyError:
            raise CatalogError(
                self._unknown(name), hint="correct `uses`, or install the plugin on every worker"
            ) from None

    def _unknown(self, name: str) -> str:
        return f"there is no actuator {name!r}: installed are {', '.join(self.names)}"

    def _keys(self, name: str) -> list[str]:
        return [info.alias or key for key, info in self._class(name).Config.model_fields.items()]


def _objection(known: type[Actuator[Any]], step: StepDeclaration, config: BaseModel) -> str:
    """Ask the actuator, which need not have anything to say."""
    return known.objection(step, config) if hasattr(known, "objection") else ""


def _declarations(catalog: Catalog) -> Iterator[tuple[Path, StepDeclaration]]:
    """Give every declared step with its place."""
    for number, component in enumerate(catalog.components):
        for key, steps in (("publish", component.publish), ("health", component.health)):
            for index, step in enumerate(steps):
                yield ("components", number, key, index), step


def _findings(error: ValidationError) -> Iterator[tuple[Path, str]]:
    """Say what pydantic found in words for the author of a catalog."""
    for finding in error.errors(include_url=False):
        message = finding["msg"].removeprefix("Value error, ")
        if finding["type"] == "extra_forbidden":
            message = "there is no such key"
        elif finding["type"] == "missing":
            message = "this key is missing"
        elif finding["type"] == "string_type" and isinstance(finding["input"], int | float):
            # YAML reads 80 and false as no texts; in a list they are the words of a command.
            what = "each word" if isinstance(finding["loc"][-1], int) else "this"
            message = f"{what} must be a text: put it in quotes"
        yield finding["loc"], message


def _import(point: EntryPoint) -> type[Actuator[Any]]:
    """Import a plugin, or name the distribution that is at fault."""
    owner = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"
    hint = f"update or uninstall {owner}"
    try:
        found: type[Actuator[Any]] = point.load()
    except Exception as error:
        raise ReleasePilotError(
            f"the actuator {point.name!r} of {owner} cannot be imported: {type(error).__name__}: {error}", hint=hint
        ) from error
    try:
        _check_class(found)
    except ReleasePilotError as error:
        raise ReleasePilotError(
            f"the actuator {point.name!r} of {owner} is broken: {error.message}", hint=hint
        ) from error
    if found.name != point.name:
        raise ReleasePilotError(
            f"the entry point {point.name!r} of {owner} holds an actuator that calls itself {found.name!r}", hint=hint
        )
    return found


def _check_class(one: type[Any]) -> None:
    """Refuse what is not an actuator, before a train depends on it."""
    if not isinstance(one, type):
        raise ReleasePilotError(f"{one!r} is not a class")
    config = getattr(one, "Config", None)
    if not (isinstance(config, type) and issubclass(config, BaseModel)):
        raise ReleasePilotError(f"{_origin(one)} has no `Config` that is a pydantic model")
    for trait, kind in _TRAITS.items():
        if not isinstance(getattr(one, trait, None), kind):
            raise ReleasePilotError(f"{_origin(one)} does not state its `{trait}`")
    missing = [verb for verb in _VERBS if not callable(getattr(one, verb, None))]
    if missing:
        raise ReleasePilotError(f"{_origin(one)} has no {', '.join(missing)}")


def _origin(one: type[Any]) -> str:
    return f"{one.__module__}.{one.__qualname__}"
