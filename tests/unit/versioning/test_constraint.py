"""Constraints: what they accept, and what they become."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.errors import PlanError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.constraint import admits, move

NPM, PYTHON, CARGO = Ecosystem.NPM, Ecosystem.PYTHON, Ecosystem.CARGO
GO, HELM, GENERIC = Ecosystem.GO, Ecosystem.HELM, Ecosystem.GENERIC


@pytest.mark.parametrize(
    ("ecosystem", "constraint", "version", "accepted"),
    [
        (NPM, "^5.0.0", "5.1.0", True),
        (NPM, "^5.0.0", "5.1.0-next.0", False),
        (NPM, "^5.1.0-next.0", "5.1.0-next.1", True),
        (NPM, "^0.2.0", "0.3.0", False),
        (NPM, ">= 20.1.0", "25.0.0", True),
        (NPM, "1.x || ^3", "2.0.0", False),
        (NPM, "", "1.0.0", True),
        (NPM, "x", "1.0.0", True),
        (NPM, "v1.2.3", "1.2.4", False),
        (NPM, "workspace:*", "9.0.0", True),
        (NPM, "workspace:^1.0.0", "2.0.0", False),
        (NPM, "npm:@scope/name@^1.0.0", "2.0.0", False),
        (NPM, "latest", "9.0.0", True),
        (NPM, "git+https://git.example/a.git#v1", "9.0.0", True),
        (NPM, "file:../a", "9.0.0", True),
        (PYTHON, "~=1.4", "1.9", True),
        (PYTHON, "~=1.4", "2.0", False),
        (PYTHON, ">=1,<2", "2.0rc1", False),
        (PYTHON, ">=1", "2.0rc1", False),
        (PYTHON, ">=2.0rc1", "2.0rc2", True),
        (PYTHON, "", "2.0", True),
        (PYTHON, "^1.2", "1.9.0", True),
        (PYTHON, "^1.2", "2.0.0", False),
        (PYTHON, "@ https://a.example/b.whl", "2.0.0", True),
        (CARGO, "1.2", "1.9.0", True),
        (CARGO, "1.2", "2.0.0", False),
        (CARGO, "0.3", "0.4.0", False),
        (CARGO, "=1.2.3", "1.2.4", False),
        (CARGO, "1.*", "1.9.0", True),
        (CARGO, ">=1.2, <1.5", "1.5.0", False),
        (GO, "v1.2.3", "1.9.0", True),
        (GO, "v1.2.3", "1.2.2", False),
        (GO, "v1.2.3", "2.0.0", False),
        (GO, "v0.9.0", "1.0.0", True),
        (GO, "v0.0.0-20180709165350-ff2cf002a8dd", "0.11.0", True),
        (GO, "v2.0.0+incompatible", "3.0.0", True),
        (HELM, ">=1.0.0, <2.0.0", "1.5.0", True),
        (HELM, "~1.2.0", "1.3.0", False),
        (GENERIC, "1.2.3", "1.2.4", False),
        (GENERIC, "^1.2.3", "1.2.4", True),
    ],
)
def test_admits(ecosystem: Ecosystem, constraint: str, version: str, accepted: bool) -> None:
    """Each ecosystem reads a constraint by its own rules."""
    assert admits(ecosystem, constraint, version) is accepted


@pytest.mark.parametrize(
    ("ecosystem", "constraint", "version", "moved"),
    [
        (NPM, "^1.2.0", "2.0.0", "^2.0.0"),
        (NPM, "^1.2.0", "1.3.0", "^1.2.0"),
        (NPM, "~1.2", "2.3.1", "~2.3"),
        (NPM, "1.x", "2.0.0", "2.x"),
        (NPM, "25.0.5", "25.1.0", "25.1.0"),
        (NPM, ">=1.2 <2", "2.0.0", ">=2.0.0 <3"),
        (NPM, ">= 1.2 < 2.0", "2.1.0", ">= 2.1.0 < 3.0"),
        (NPM, "^1 || ^2", "3.1.0", "^1 || ^2 || ^3"),
        (NPM, "1.2 - 2", "3.0.0", "1.2 - 3.0.0"),
        (NPM, "workspace:^", "3.0.0", "workspace:^"),
        (NPM, "workspace:~1.0.0", "3.0.0", "workspace:~3.0.0"),
        (NPM, "npm:@a/b@^1.0.0", "3.0.0", "npm:@a/b@^3.0.0"),
        (NPM, "^5.0.0", "5.1.0-next.0", "^5.1.0-next.0"),
        (NPM, "*", "3.0.0-rc.1", "^3.0.0-rc.1"),
        (PYTHON, "~=1.4", "2.0.0", "~=2.0"),
        (PYTHON, "~=1.4.2", "2.3.1", "~=2.3.1"),
        (PYTHON, ">=1.2,<2", "2.0.0", ">=2.0.0,<3"),
        (PYTHON, "<2.0, >= 1.5", "2.1.0", "<3.0, >= 2.1.0"),
        (PYTHON, ">=1.2,<1.5", "1.5.2", ">=1.5.2,<1.6"),
        (PYTHON, "==1.2.3", "1.3.0", "==1.3.0"),
        (PYTHON, "==1.*", "2.1.0", "==2.*"),
        (PYTHON, ">=1,!=2.0.1", "2.0.1", ">=2.0.1"),
        (PYTHON, "", "2.0rc1", ">=2.0rc1"),
        (PYTHON, "^1.2", "2.0.1", "^2.0"),
        (CARGO, "1.2", "2.3.0", "2.3"),
        (CARGO, "1.2.3", "2.0.0", "2.0.0"),
        (CARGO, "=1.2.3", "2.3.0", "=2.3.0"),
        (CARGO, ">=1, <2", "2.0.0", ">=2.0.0, <3"),
        (GO, "v1.2.3", "2.0.0", "v2.0.0"),
        (HELM, ">=1.0.0, <2.0.0", "2.0.0", ">=2.0.0, <3.0.0"),
        (GENERIC, "1.2.3", "1.2.4", "1.2.4"),
    ],
)
def test_move(ecosystem: Ecosystem, constraint: str, version: str, moved: str) -> None:
    """A range moves in its own style and precision, and stays where it accepts the version already."""
    assert move(ecosystem, constraint, version) == moved


numbers = st.integers(min_value=0, max_value=12)
triples = st.tuples(numbers, numbers, numbers).map(lambda parts: ".".join(map(str, parts)))
semver = st.tuples(triples, st.sampled_from(["", "-rc.1", "-alpha", "-0.a"])).map("".join)
pep440 = st.tuples(triples, st.sampled_from(["", "rc1", "a0", ".dev3", ".post1"])).map("".join)
bases = st.one_of(triples, st.tuples(numbers, numbers).map(lambda parts: f"{parts[0]}.{parts[1]}"), numbers.map(str))
npm_comparators = st.tuples(st.sampled_from(["^", "~", ">=", "<", "<=", "=", ""]), bases).map("".join)
pep440_clauses = st.tuples(st.sampled_from([">=", "<", "<=", "==", "!=", ">", "~="]), triples).map("".join)


@given(st.sampled_from([NPM, HELM, GENERIC]), st.lists(npm_comparators, min_size=1, max_size=3), semver)
def test_a_moved_npm_range_accepts_the_version(ecosystem: Ecosystem, comparators: list[str], version: str) -> None:
    """Whatever the range and the version, prereleases included."""
    for constraint in (" ".join(comparators), " || ".join(comparators)):
        assert admits(ecosystem, move(ecosystem, constraint, version), version)


@given(st.lists(npm_comparators, min_size=1, max_size=2), semver)
def test_a_moved_cargo_requirement_accepts_the_version(comparators: list[str], version: str) -> None:
    """A bare requirement is a caret one, before and after."""
    constraint = ", ".join(comparators)
    assert admits(CARGO, move(CARGO, constraint, version), version)


@given(st.lists(pep440_clauses, max_size=3), pep440)
def test_a_moved_specifier_accepts_the_version(clauses: list[str], version: str) -> None:
    """Also development, pre- and post-releases."""
    constraint = ",".join(clauses)
    assert admits(PYTHON, move(PYTHON, constraint, version), version)


@given(st.tuples(st.sampled_from(["^", "~", ""]), bases).map("".join), pep440)
def test_a_moved_poetry_range_accepts_the_version(constraint: str, version: str) -> None:
    """Poetry's carets and tildes too."""
    assert admits(PYTHON, move(PYTHON, constraint, version), version)


@given(semver, semver)
def test_a_moved_go_version_accepts_the_version(constraint: str, version: str) -> None:
    """Across major versions too."""
    assert admits(GO, move(GO, f"v{constraint}", version), version)


@pytest.mark.parametrize(("ecosystem", "text"), [(NPM, ">=>1"), (PYTHON, ">>1"), (GO, "one"), (CARGO, "^^1")])
def test_a_range_that_cannot_be_read_is_named(ecosystem: Ecosystem, text: str) -> None:
    """The error names the range and how to write one."""
    with pytest.raises(PlanError, match=re.escape(text)) as refused:
        admits(ecosystem, text, "1.0.0")
    assert refused.value.hint


def test_a_version_that_is_none_is_named() -> None:
    """The error names it."""
    with pytest.raises(PlanError, match="'soon' is not a version"):
        move(NPM, "^1.0.0", "soon")
