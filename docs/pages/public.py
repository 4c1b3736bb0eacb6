"""`public.md`: the names that other packages may import, with signatures and docstrings."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from enum import Enum
from types import FunctionType, ModuleType

import releasepilot.versioning
from docs.pages.comments import comments_of, told
from docs.pages.markdown import code, document, prose, table
from releasepilot.plugins import contract, spec

#: Characters of a signature on one line.
_WIDTH = 100

_MODULES: tuple[ModuleType, ...] = (releasepilot.versioning, spec, contract)


def public_names(module: ModuleType) -> dict[str, object]:
    """Return the public names of a module: those of `__all__`, else the classes and functions that it defines."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return {name: getattr(module, name) for name in listed}
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__ and callable(value)
    }


def page() -> str:
    """Write the page."""
    parts = ["Every other name is ReleasePilot's own and may change in any release."]
    for module in _MODULES:
        parts += [f"## {module.__name__}", prose(told(module))]
        for name, value in public_names(module).items():
            parts += _described(name, value)
    return document("Public names", "the docstrings of the modules named below", parts)


def _described(name: str, value: object) -> list[str]:
    if isinstance(value, FunctionType):
        return [f"### {name}", f"```python\n{_signature(value)}\n```", prose(told(value))]
    if isinstance(value, Mapping):
        return [f"### {name}", f"A mapping by name: {', '.join(code(str(key)) for key in value)}."]
    if not isinstance(value, type):
        return [f"### {name}"]
    return [f"### {name}", prose(told(value)), *_members(value)]


def _members(owner: type) -> list[str]:
    """Describe the fields of a class, then its methods."""
    fields = table(("field", "type", "meaning"), _fields(owner))
    methods = [
        f"```python\n{_signature(method)}\n```\n\n{prose(told(method))}"
        for method in vars(owner).values()
        if isinstance(method, FunctionType) and not method.__name__.startswith("_") and method.__doc__
    ]
    return [fields, *methods]


def _fields(owner: type) -> list[tuple[str, str, str]]:
    comments = comments_of(owner)
    if issubclass(owner, Enum):
        return [(code(member.name), code(str(member.value)), comments.get(member.name, "")) for member in owner]
    if dataclasses.is_dataclass(owner):
        return [(code(one.name), code(str(one.type)), comments.get(one.name, "")) for one in dataclasses.fields(owner)]
    declared = inspect.get_annotations(owner)
    # A named tuple keeps its annotations as references, which show as they were written by this.
    written = {name: getattr(kind, "__forward_arg__", kind) for name, kind in declared.items() if name[0] != "_"}
    return [(code(name), code(str(kind)), comments.get(name, "")) for name, kind in written.items()]


def _signature(function: FunctionType) -> str:
    """Write a signature with the annotations as they stand in the code, on several lines where it is long."""
    parameters: list[str] = []
    for one in inspect.signature(function).parameters.values():
        if one.kind is one.KEYWORD_ONLY and "*" not in parameters and not any(p.startswith("*") for p in parameters):
            parameters.append("*")
        annotation = "" if one.annotation is one.empty else f": {one.annotation}"
        default = "" if one.default is one.empty else f" = {one.default!r}"
        parameters.append(f"{one.name}{annotation}{default if annotation else default.replace(' ', '')}")
    prefix = "async def" if inspect.iscoroutinefunction(function) else "def"
    head = f"{prefix} {function.__name__}"
    gives = f" -> {inspect.get_annotations(function).get('return', 'None')}"
    line = f"{head}({', '.join(parameters)}){gives}"
    if len(line) <= _WIDTH:
        return line
    return f"{head}(\n    " + ",\n    ".join(parameters) + f",\n){gives}"
