"""`releasepilot schema`: the JSON Schema of the catalog, made from the model and the installed actuators."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

import click
from pydantic import JsonValue
from pydantic.json_schema import GenerateJsonSchema

from releasepilot.cli.exits import Exit
from releasepilot.model.catalog import Catalog, StepDeclaration
from releasepilot.plugins.registry import Registry

#: A JSON object.
Schema = dict[str, JsonValue]


@click.command()
def schema() -> int:
    """Print the JSON Schema of the catalog, with the actuators that are installed here.

    Editors read it from the first line of a catalog: # yaml-language-server: $schema=FILE
    """
    sys.stdout.write(schema_text(Registry.load().schemas()))
    return Exit.OK


def schema_text(actuators: Mapping[str, Schema]) -> str:
    """Write the schema; `actuators` maps each name to the schema of its configuration."""
    return json.dumps(catalog_schema(actuators), indent=2, sort_keys=True) + "\n"


def catalog_schema(actuators: Mapping[str, Schema]) -> Schema:
    """Build the schema. Unknown keys are refused, in steps too: their keys depend on `uses`."""
    whole: Schema = {"$schema": GenerateJsonSchema.schema_dialect, **Catalog.model_json_schema(by_alias=True)}
    definitions = _object(whole, "$defs")
    own = _object(definitions, StepDeclaration.__name__)
    variants: list[JsonValue] = []
    for name in sorted(actuators):
        definitions.update(_object(actuators[name], "$defs"))
        variants.append(_variant(name, own, actuators[name]))
    definitions[StepDeclaration.__name__] = {"anyOf": variants, "description": own.get("description", "")}
    for part in (whole, *definitions.values()):
        if isinstance(part, dict) and "properties" in part:
            part["additionalProperties"] = False
    return whole


def _variant(name: str, own: Schema, config: Schema) -> Schema:
    """Join the keys of every step with those of one actuator."""
    properties = {key: value for key, value in _object(own, "properties").items() if key != "config"}
    required = config.get("required")
    return {
        "type": "object",
        "title": name,
        "description": config.get("description", ""),
        "properties": {**_object(config, "properties"), **properties, "uses": {"const": name}},
        "required": ["uses", *(required if isinstance(required, list) else [])],
        "additionalProperties": False,
    }


def _object(schema: Schema, key: str) -> Schema:
    """Return the object under a key, an empty one where there is none."""
    found = schema.get(key)
    return found if isinstance(found, dict) else {}
