"""Reading a catalog: what is accepted, what is refused, and where the reader is sent."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from releasepilot.errors import CatalogError
from releasepilot.model.agreements import doubts
from releasepilot.model.catalog import Catalog
from releasepilot.model.document import MAX_DEPTH, resolve
from releasepilot.model.reading import absolute, read_catalog

GOOD = """\
version: 1
train: shop
components:
  - name: money
    repo: ../money
  - name: pay
    repo: git@example.org:pay.git
    needs: [money]
    publish:
      - uses: exec
        timeout: 10m
        apply: [make, upload]
gates:
  - roles: [cab]
roles:
  cab: [ana]
"""


def refused(text: str) -> list[str]:
    """Read a text that must be refused, and return the lines of the error."""
    with pytest.raises(CatalogError) as caught:
        read_catalog(text, "c.yaml")
    return caught.value.message.splitlines()


def doubtful(text: str) -> list[str]:
    """Read a text that is right, and return what is hardly meant in it."""
    located = read_catalog(text, "c.yaml")
    return located.told(doubts(located.catalog))


def test_roles_that_nobody_is_listed_for_are_doubted() -> None:
    """A veto, an escalation or an emergency of nobody holds, and is hardly meant; each is told with its place."""
    gates = "gates:\n  - roles: [cab]\n    veto: [sec, cab]\n    escalate:\n      - {after: 1d, roles: [boss]}\n"
    text = GOOD.replace("gates:\n  - roles: [cab]\n", gates).replace("cab: [ana]", "cab: [ana]\n  boss: []")
    lines = doubtful(text + "emergency: {roles: [cab, fire]}\n")
    places = ["gates[0].veto[0]", "gates[0].escalate[0].roles[0]", "emergency.roles[1]"]
    assert [line.split(": ")[1] for line in lines] == places
    assert [line.split("role ")[1].split(",")[0] for line in lines] == ["'sec'", "'boss'", "'fire'"]
    assert lines[0].startswith("c.yaml:15:12: ")


def test_a_catalog_for_one_person_is_not_doubted() -> None:
    """Without roles each is held by whoever owns the embedded stack; and what somebody holds is meant."""
    one = GOOD.replace("roles:\n  cab: [ana]\n", "").replace("[cab]", "[cab]\n    veto: [sec]")
    assert doubtful(one) == []
    assert doubtful(GOOD.replace("- roles: [cab]", "- roles: [cab]\n    veto: [cab]")) == []


@pytest.mark.parametrize("quorum", ["0", "101", "lots", "101%", "0%", "[1]", "1.5"])
def test_a_wrong_quorum_is_told_once(quorum: str) -> None:
    """What a quorum is, and not why it is neither of two things."""
    (line,) = refused(GOOD.replace("[cab]", f"[cab]\n    quorum: {quorum}", 1))
    assert (
        line
        == "c.yaml:15:5: gates[0].quorum: a quorum is a number of people from 1 to 100, or a part of them such as 60%"
    )


@pytest.mark.parametrize(("quorum", "read"), [("1", 1), ("60%", "60%"), ("100%", "100%")])
def test_a_right_quorum_is_read(quorum: str, read: object) -> None:
    """A number or a part."""
    catalog = read_catalog(GOOD.replace("[cab]", f"[cab]\n    quorum: {quorum}", 1), "c.yaml").catalog
    assert catalog.gates[0].quorum == read


def test_a_good_catalog_is_read_with_its_places() -> None:
    """Every value knows its line, also a step's configuration, which the model keeps one level deeper."""
    located = read_catalog(GOOD, "c.yaml")
    assert located.catalog.components[1].publish[0].timeout == 600
    assert located.catalog.components[1].publish[0].config == {"apply": ["make", "upload"]}
    assert located.where(("components", 0, "repo")) == "c.yaml:5:5"
    assert located.where(("components", 1, "publish", 0, "config", "apply", 1)) == "c.yaml:12:23"
    assert located.where(("components", 0, "branch")) == "c.yaml:4:5"


def test_all_mistakes_are_told_at_once_in_the_order_of_the_text() -> None:
    """One run tells every mistake, each with line, column and path."""
    text = GOOD.replace("train: shop", "train: sh op").replace("repo: ../money", "rep: ../money").replace("10m", "10x")
    lines = refused(text)
    assert [line.split(": ")[0] for line in lines] == ["c.yaml:2:1", "c.yaml:4:5", "c.yaml:5:5", "c.yaml:11:9"]
    assert lines[2].endswith("did you mean 'repo'?")


@pytest.mark.parametrize(
    ("change", "to", "told"),
    [
        ("train: shop", "train: shop\ntrain: other", "3:1: the key 'train' is already on line 2"),
        ("[money]", "[mony]", "8:13: components[1].needs[0]: 'mony' is not in the catalog; did you mean 'money'?"),
        ("[money]", "[pay]", "8:13: components[1].needs[0]: a component cannot need itself"),
        ("name: pay", "name: Money", "6:5: components[1].name: another component is named 'money'"),
        ("[cab]", "[cap]", "14:13: gates[0].roles[0]: the role 'cap' is not under 'roles'"),
        ("[cab]", "[cab]\n    quorum: 2", "15:5: gates[0].quorum: 2 must approve, and only 1 may"),
        ("../money", '"ext::sh -c id"', "5:5: components[0].repo: remote helpers"),
        ("../money", "--upload-pack=id", "5:5: components[0].repo: a repository may not begin with '-'"),
        ("shop", "!!python/object:os.system shop", "2:8: tags (words that begin with '!') are not allowed"),
        ("shop", "12", "2:1: train: must be text: put it in quotes"),
        ("shop", "*nobody", "2:8: the alias *nobody is not defined before this line"),
        ("[money]", "&a [*a]", "8:16: the alias *a contains itself"),
        ("  cab:", "  <<:", "16:3: merge keys"),
        ("10m", "99999999999999999999", "11:18: this number has more than 53 bits"),
        ("upload]", '"\\ud800"]', "12:23: this text has an escape for half a character"),
        ("10m", ".inf", "11:18: infinity and not-a-number"),
        ("shop", "shop\n---\nversion: 1", "3:1: a catalog is one document"),
        ("version: 1", "%YAML 1.1\n---\nversion: 1", "directives other than %YAML 1.2"),
        ("train: shop", "train: [", "not YAML: "),
    ],
)
def test_what_is_refused_says_where_and_why(change: str, to: str, told: str) -> None:
    """Each kind of mistake is told at its own place."""
    lines = refused(GOOD.replace(change, to, 1))
    assert any(told in line for line in lines), lines


CONTRADICTIONS = """\
version: 1
train: t
components:
  - {name: a, repo: /m.git, needs: [b]}
  - {name: b, repo: /n.git, needs: [a]}
  - name: c
    repo: /m.git
    path: c
  - name: d
    repo: /n.git
  - name: e
    repo: /m.git
    path: e
    tag: "{name}-v{version}"
"""


def test_what_cannot_hold_together_is_told_where_it_stands() -> None:
    """A circle of needs by its path, and components of one repository that could not be told apart."""
    with pytest.raises(CatalogError) as raised:
        read_catalog(CONTRADICTIONS, "c.yaml")
    told = raised.value.message.splitlines()
    assert told[0].startswith("c.yaml:4:")
    assert "a needs b, b needs a" in told[0]
    assert told[1].startswith("c.yaml:6:")
    assert "'a' has the same tags" in told[1]
    assert "{name}" in told[1]
    assert told[2].startswith("c.yaml:9:")
    assert "'b' lives in the same folder" in told[2]
    assert len(told) == 3


@pytest.mark.parametrize("repo", ["https://bob:secret@x.org/a.git", "https://token@x.org/a.git", "ssh://u:p@x/a.git"])
def test_credentials_in_an_address_are_refused_and_not_repeated(repo: str) -> None:
    """They would be in every plan; the error does not print them either."""
    text = f"version: 1\ntrain: t\ncomponents: [{{name: a, repo: '{repo}'}}]\n"
    with pytest.raises(CatalogError, match="credential helper") as raised:
        read_catalog(text, "c.yaml")
    assert "secret" not in raised.value.message
    assert "token@" not in raised.value.message


def test_words_of_yaml_1_1_are_texts() -> None:
    """`no`, `on` and sexagesimals are texts, as YAML 1.2 says; `0o17` is a number and a version wants quotes."""
    assert [resolve(word) for word in ("no", "on", "1:30", "0o17", "1.10", "~", "0x1F")] == [
        "no",
        "on",
        "1:30",
        15,
        1.1,
        None,
        31,
    ]


def test_a_small_text_cannot_become_a_large_value() -> None:
    """Aliases of aliases are counted as what they expand to, before anything is expanded."""
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    assert "values, aliases followed" in refused("l0: &l0 [x]\n" + levels)[0]


def test_depth_is_bounded() -> None:
    """Nesting is refused by depth, whether it is open, closed or made of aliases."""
    chain = "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, MAX_DEPTH + 2))
    for text in ("[" * 100_000, "a: " + "[" * 40 + "]" * 40, "a0: &a0 []\n" + chain):
        assert "nest deeper than" in refused(text)[0]


def test_relative_repositories_begin_at_the_catalog() -> None:
    """Paths are joined to the folder; URLs and scp-like addresses are not paths."""
    catalog = read_catalog(GOOD.replace("[money]", "[]"), "c.yaml").catalog
    assert [entry.repo for entry in absolute(catalog, "/srv/cat").components] == [
        "/srv/money",
        "git@example.org:pay.git",
    ]


@settings(max_examples=300, deadline=None)
@given(st.text() | st.text(alphabet="-:[]{}&*!|>%\"'\\ \n\tabn0u1?#,"))
def test_any_text_is_a_catalog_or_an_error(text: str) -> None:
    """No text raises anything but CatalogError."""
    with suppress(CatalogError):
        assert isinstance(read_catalog(text, "c").catalog, Catalog)


_KEYS = st.sampled_from(
    [
        "version",
        "train",
        "components",
        "name",
        "repo",
        "needs",
        "path",
        "hooks",
        "verify",
        "publish",
        "uses",
        "config",
        "class",
        "gates",
        "roles",
        "quorum",
        "defaults",
        "versioning",
        "initial",
        "author",
        "email",
        "health",
        "timeout",
    ]
)
_LEAVES = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=20)
_DOCUMENTS = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.text(max_size=5), inner, max_size=6),
    max_leaves=30,
)


@settings(max_examples=300, deadline=None)
@given(_DOCUMENTS)
def test_any_document_is_a_catalog_or_an_error(document: object) -> None:
    """No document raises anything but CatalogError, wherever its values stand; a catalog has a canonical form."""
    whole = {"version": 1, "train": "t", "components": [{"name": "a", "repo": "b"}]}
    for candidate in (document, {**whole, **(document if isinstance(document, dict) else {})}):
        with suppress(CatalogError):
            assert read_catalog(json.dumps(candidate), "c").catalog.canonical()


def test_json_is_yaml() -> None:
    """A catalog written as JSON reads the same."""
    data = YAML(typ="safe", pure=True).load(GOOD)
    assert read_catalog(json.dumps(data), "c.json").catalog == read_catalog(GOOD, "c.yaml").catalog


def test_a_mistake_within_a_policy_is_told_at_its_key() -> None:
    """Where a name or a mapping may stand, only what is wrong with the one that stands there is told."""
    text = GOOD + "defaults:\n  versioning:\n    policy:\n      types: {docs: huge}\n      extend: knope\n"
    lines = refused(text)
    assert [line.split(": ")[:2] for line in lines] == [
        ["c.yaml:20:15", "defaults.versioning.policy.types.docs"],
        ["c.yaml:21:7", "defaults.versioning.policy.extend"],
    ]
    assert "did you mean 'extends'?" in lines[1]
