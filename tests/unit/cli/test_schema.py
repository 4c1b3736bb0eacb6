"""The JSON Schema of the catalog: it agrees with the reader, and the copy in the documentation is current."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from releasepilot.cli.schema import catalog_schema, schema_text
from releasepilot.errors import CatalogError
from releasepilot.model.reading import read_catalog
from releasepilot.plugins.registry import Registry

COPY = Path(__file__).parents[3] / "docs" / "reference" / "releasepilot.schema.json"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """Build the schema with the actuators that ship with ReleasePilot."""
    schema = catalog_schema(Registry.load().schemas())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def catalog(**changes: Any) -> dict[str, Any]:
    """Write a catalog with one component, changed."""
    component = {
        "name": "a",
        "repo": "../a",
        "publish": [{"uses": "exec", "apply": ["make", "it"], "class": "pivot", "timeout": "10m"}],
        "health": [{"uses": "http", "url": "http://localhost/"}],
    }
    return {"version": 1, "train": "t", "components": [{**component, **changes}]}


def test_the_copy_in_the_documentation_is_current() -> None:
    """`releasepilot schema > docs/reference/releasepilot.schema.json` has been run since the last change."""
    assert COPY.read_text(encoding="utf-8") == schema_text(Registry.load().schemas())


def test_a_good_catalog_is_good_for_both(validator: Draft202012Validator) -> None:
    """What the reader accepts, the schema accepts."""
    assert list(validator.iter_errors(catalog())) == []
    assert read_catalog(json.dumps(catalog()), "c").catalog.train == "t"


@pytest.mark.parametrize(
    "changes",
    [
        {"nmae": "b"},
        {"hooks": {"verfy": "x"}},
        {"versioning": {"propagate": "sometimes"}},
        {"publish": [{"name": "x"}]},
    ],
)
def test_a_mistake_is_one_for_both(validator: Draft202012Validator, changes: dict[str, Any]) -> None:
    """Unknown keys, wrong words and missing keys are refused by the schema and by the reader."""
    assert list(validator.iter_errors(catalog(**changes)))
    with pytest.raises(CatalogError):
        read_catalog(json.dumps(catalog(**changes)), "c")


@pytest.mark.parametrize(
    "step",
    [
        {"uses": "exec"},
        {"uses": "exec", "apply": ["x"], "url": "http://localhost"},
        {"uses": "nothing.known"},
        {"uses": "http", "url": "http://localhost", "expct": 200},
    ],
)
def test_the_keys_of_a_step_depend_on_its_actuator(validator: Draft202012Validator, step: dict[str, Any]) -> None:
    """A step holds the keys of its actuator, all that it requires, and no others."""
    assert list(validator.iter_errors(catalog(publish=[step])))
