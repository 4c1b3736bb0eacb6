"""Where strings stand in JSON and TOML."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.model.plan import FileEdit
from releasepilot.versioning.ecosystems import json_spans, toml_spans

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(max_size=5), json_values, max_size=4), st.sampled_from([None, 0, 2, "\t"]), st.booleans()
)
def test_every_json_string_is_found_where_it_stands(
    document: dict[str, object], indent: int | str | None, escaped: bool
) -> None:
    """Each span holds the string that its path leads to, and replacing it changes that value alone."""
    text = json.dumps(document, indent=indent, ensure_ascii=escaped)
    for path, (start, end) in json_spans.spans(text).items():
        value: object = document
        for key in path:
            value = value[key]  # type: ignore[index] # the path leads through lists and objects
        assert json.loads(text[start:end]) == value


@pytest.mark.parametrize(
    "text",
    [
        'a = "x"\nb.c.d = \'y\'\n[t]\n"q.k" = """m\n"x" \\" """\n[[s]]\nv = "1"\n[[s]]\nv = "2"\n[s.sub]\nw = "3"\n',
        "a = [ 'x', # c ]\n  [\"y\", \"\"], {b = 'z', c.d = \"w\"}, ]\nn = 1979-05-27 07:32:00 # 'no'\ne = ''''q''''\n",
        "[ a . 'b.c' ]\nx = 1\ny = '#'\n[[a.list]]\n[a.list.t]\nz = \"\"\"\"\"\"\n[a.d]\nv = ''\nw = inf\nu = 'k'",
    ],
)
def test_every_toml_string_is_found_where_it_stands(text: str) -> None:
    """Dotted and quoted keys, arrays of tables, inline tables and all four kinds of strings."""
    document = tomllib.loads(text)
    spans = toml_spans.spans(text)
    found = {path: tomllib.loads(f"v = {text[start:end]}")["v"] for path, (start, end) in spans.items()}
    assert found == dict(leaves(document, ()))
    for path, span in spans.items():
        splice = toml_spans.replacement(text, span, 'it\'s "new"')
        changed = tomllib.loads(FileEdit(path="x", before="x", splices=(splice,)).apply(text))
        assert dict(leaves(changed, ())) == {**found, path: 'it\'s "new"'}


def leaves(value: object, path: toml_spans.Path) -> list[tuple[toml_spans.Path, str]]:
    """Return every string of a document with its path."""
    if isinstance(value, str):
        return [(path, value)]
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*path, index))]
    return []
