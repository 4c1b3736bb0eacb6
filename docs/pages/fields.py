"""Write the keys of a pydantic model as a table: name, type, default and what its comment says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from docs.pages.comments import comments_of
from docs.pages.markdown import anchor, code, table

#: Headings of models that a reader knows by another name.
HEADINGS = {
    "ApprovalGate": "Gate",
    "BranchEntry": "Branch",
    "ChangeModel": "Change model",
    "ChangelogEntry": "Changelog",
    "ComponentEntry": "Component",
    "EmergencyPolicy": "Emergency",
    "DriftPolicy": "Drift",
    "PolicyEntry": "Policy",
    "StepDeclaration": "Step",
}

#: More words than these are told elsewhere.
_MANY = 10

#: A JSON object of a schema.
Schema = Mapping[str, Any]

_TITLES = ("key", "type", "default", "meaning")
_BOUNDS = {"minimum": "at least", "maximum": "at most", "maxLength": "at most", "minItems": "at least"}
_UNITS = {"maxLength": " characters", "minItems": " of them"}


def fields_table(model: type[BaseModel], schema: Schema, *, without: Sequence[str] = ()) -> str:
    """Describe the fields of `model`, whose JSON schema (by alias) is `schema`, definitions included."""
    comments = comments_of(model)
    names = {(info.alias or name): name for name, info in model.model_fields.items()}
    own = schema["$defs"].get(model.__name__, schema) if "$defs" in schema else schema
    required = own.get("required", ())
    return table(
        _TITLES,
        (
            (
                code(key),
                type_words(described, schema.get("$defs", {})),
                "**required**" if key in required else _default(described),
                comments.get(names[key], ""),
            )
            for key, described in own.get("properties", {}).items()
            if key not in without
        ),
    )


def type_words(schema: Schema, definitions: Schema) -> str:
    """Say in words what a JSON schema accepts; what has a section of its own becomes a link to it."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        target = definitions[name]
        if "enum" in target:
            return _choices(target["enum"])
        title = HEADINGS.get(name, name)
        return f"[{title}](#{anchor(title)})" if target else "anything"
    if "anyOf" in schema:
        words = [type_words(one, definitions) for one in schema["anyOf"] if one.get("type") != "null"]
        # What reads times accepts both, and nothing else does.
        return "time" if sorted(words) == ["integer", "text"] else " or ".join(dict.fromkeys(words))
    if "enum" in schema:
        return _choices(schema["enum"])
    if "const" in schema:
        return code(str(schema["const"]))
    return _plain(schema, definitions) + "".join(_bounds(schema))


def _plain(schema: Schema, definitions: Schema) -> str:
    kind = str(schema.get("type", "any"))
    if kind == "array":
        items = schema.get("items", {})
        return f"list of {type_words(items, definitions)}" if items else "list"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {type_words(schema['additionalProperties'], definitions)}"
    return {"string": "text", "boolean": "true or false", "object": "map"}.get(kind, kind)


def _choices(values: Sequence[object]) -> str:
    return ", ".join(code(str(value)) for value in values) if len(values) <= _MANY else "one of the words below"


def _bounds(schema: Schema) -> list[str]:
    return [f", {word} {schema[key]}{_UNITS.get(key, '')}" for key, word in _BOUNDS.items() if key in schema]


def _default(schema: Schema) -> str:
    """Write a default as JSON; none, and those that have a section of their own, stay empty."""
    value = schema.get("default")
    if value is None or isinstance(value, dict) or value == []:
        return ""
    return code(json.dumps(value))
