"""Constraints: what they accept, and what they become."""

from __future__ import annotations

import re
from contextlib import suppress
from time import process_time

import pytest
import semantic_version
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from semantic_version import NpmSpec

from releasepilot.errors import PlanError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.constraint import admits, compatible, lies_above, move
from releasepilot.versioning.semver_range import Dialect, intervals

NPM, PYTHON, CARGO = Ecosystem.NPM, Ecosystem.PYTHON, Ecosystem.CARGO
GO, HELM, GENERIC = Ecosystem.GO, Ecosystem.HELM, Ecosystem.GENERIC
MAVEN, RUBY, REGEX = Ecosystem.MAVEN, Ecosystem.RUBY, Ecosystem.REGEX


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
        (NPM, "workspace:name@^1", "1.2.0", True),
        (NPM, "workspace:@scope/name@^1", "2.0.0", False),
        (NPM, "workspace:name@~", "2.0.0", True),
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
        (NPM, "workspace:name@^1", "3.0.0", "workspace:name@^3"),
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
        (CARGO, "0.3", "0.4.0", "0.4"),
        (CARGO, "*", "2.0.0-rc.1", "^2.0.0-rc.1"),
        (GO, "v2.0.0+incompatible", "1.9.0", "v1.9.0"),
        (GO, "v3.1.0+incompatible", "3.0.0", "v3.0.0+incompatible"),
        (HELM, ">=1.0.0 <2.0.0, !=2.1.0", "2.1.0", "^2.1.0"),
        (HELM, "~1.2.0-0", "1.3.0", "~1.3.0"),
        (HELM, "=> 1.2", "1.0.0", ">= 1.0.0"),
        (PYTHON, "^1.2", "2.0rc1", "^2.0rc1"),
        (PYTHON, "1.2", "1.2.1", "1.2.1"),
        (MAVEN, "1.0", "1.1.0.Final", "1.1.0.Final"),
        (MAVEN, "[1.0]", "1.1", "[1.1]"),
        (MAVEN, "[1.0,2.0)", "2.0.1", "[2.0.1,3.0)"),
        (MAVEN, "[1.0,2.0]", "2.1", "[2.1,2.1]"),
        (MAVEN, "(,1.0],[1.2,1.5)", "2.0", "(,1.0],[2.0,2.1)"),
        (MAVEN, "(,1.0],[1.2,)", "1.1", "(,1.0],[1.1,)"),
        (MAVEN, "(1.0,2.0)", "1.0", "[1.0,2.0)"),
        (MAVEN, "LATEST", "2.0", "LATEST"),
        (RUBY, "~> 1.2", "2.3.1", "~> 2.3"),
        (RUBY, "~> 1.2.3", "2.3.1", "~> 2.3.1"),
        (RUBY, ">= 1.2, < 2", "2.0.0", ">= 2.0.0, < 3"),
        (RUBY, "~> 1.2, != 2.3.0", "2.3.0", "~> 2.3"),
        (RUBY, "1.2.3", "1.2.4", "1.2.4"),
        (RUBY, "~> 1.2", "2.0.0.rc1", "~> 2.0.0.rc1"),
        (RUBY, "", "2.0.0.rc1", ">= 2.0.0.rc1"),
        (REGEX, "1.2.3", "2.0.0", "2.0.0"),
        (REGEX, "", "2.0.0", ""),
    ],
)
def test_move(ecosystem: Ecosystem, constraint: str, version: str, moved: str) -> None:
    """A range moves in its own style and precision, and stays where it accepts the version already."""
    assert move(ecosystem, constraint, version) == moved


@pytest.mark.parametrize(
    ("ecosystem", "constraint", "version", "above"),
    [
        (NPM, "^2.0.0", "1.9.0", True),
        (NPM, ">1.2", "1.2.9", True),
        (NPM, "^1.0.0 || ^3.0.0", "2.0.0", False),
        (NPM, "<1.0.0", "2.0.0", False),
        (NPM, ">2 <1", "1.5.0", False),
        (NPM, "^2.0.0-rc.1", "2.0.0-rc.0", True),
        (NPM, "workspace:^", "1.0.0", False),
        (PYTHON, ">=2,<3", "1.9", True),
        (PYTHON, "!=1.9", "1.9", False),
        (PYTHON, "", "1.0rc1", False),
        (CARGO, "1.2", "1.1.9", True),
        (GO, "v1.2.3", "1.2.2", True),
        (GO, "v2.0.0", "1.9.0", True),
        (GO, "v1.2.3", "2.0.0", False),
        (HELM, ">1.2.3-alpha.1", "1.2.3-alpha.1", True),
        (MAVEN, "1.5", "1.4", True),
        (MAVEN, "(1.5,2)", "1.5", True),
        (MAVEN, "(,1.0],[1.2,)", "1.1", False),
        (RUBY, "~> 1.5, != 1.5.0", "1.5.0", True),
        (REGEX, "2.0.0", "1.0.0", True),
    ],
)
def test_lies_above(ecosystem: Ecosystem, constraint: str, version: str, above: bool) -> None:
    """A range lies above a version if it accepts newer ones alone."""
    assert lies_above(ecosystem, constraint, version) is above


@pytest.mark.parametrize(
    ("ecosystem", "first", "second", "candidates", "found"),
    [
        (NPM, "^1.2.0", "^1.5.0", ["1.4.0", "1.6.0", "1.5.1", "2.0.0"], "1.6.0"),
        (NPM, "^1.2.0", "<1.4", [], "1.3.0"),
        (NPM, "^1.2.0", "^2.0.0", ["1.2.0", "2.0.0"], None),
        (NPM, "^1.2.3-beta.1", "<1.2.3", ["1.2.3-beta.2"], None),
        (NPM, ">1.2.3-beta.1", "<1.2.3-beta.3", [], "1.2.3-beta.2"),
        (NPM, "workspace:*", "~1.2.0", ["1.2.5"], "1.2.5"),
        (PYTHON, ">=1.2,<2", "!=1.2,<=1.2.1", [], "1.2.1"),
        (PYTHON, "==1.2", "==1.3", ["1.2", "1.3"], None),
        (CARGO, "0.3", "0.4", [], None),
        (GO, "v1.2.0", "v1.5.0", [], "1.6.0"),
        (GO, "v1.2.0", "v2.0.0", [], None),
        (HELM, ">=1.0.0-0", "<1.0.0-z", ["1.0.0-alpha"], "1.0.0-alpha"),
        (MAVEN, "[1.0,2.0)", "[1.5,)", ["1.4", "1.9"], "1.9"),
        (MAVEN, "[1.0,2.0)", "[2.0,)", [], None),
        (MAVEN, "1.0", "1.1", ["1.1"], "1.1"),
        (MAVEN, "1.0", "[1.5]", [], "1.5"),
        (RUBY, "~> 1.2", "~> 1.5.1", ["1.5.3"], "1.5.3"),
        (RUBY, "~> 1.2.0", "~> 1.3.0", ["1.2.9"], None),
        (REGEX, "1.0.0", "1.0.1", ["1.0.0"], None),
    ],
)
def test_compatible(ecosystem: Ecosystem, first: str, second: str, candidates: list[str], found: str | None) -> None:
    """Two constraints agree on the newest candidate, on what they imply, or on nothing."""
    assert compatible(ecosystem, first, second, candidates) == found
    assert compatible(ecosystem, second, first, candidates[::-1]) == found


numbers = st.integers(min_value=0, max_value=12)
triples = st.tuples(numbers, numbers, numbers).map(lambda parts: ".".join(map(str, parts)))
semver = st.tuples(triples, st.sampled_from(["", "-rc.1", "-alpha", "-0.a"])).map("".join)
pep440 = st.tuples(triples, st.sampled_from(["", "rc1", "a0", ".dev3", ".post1"])).map("".join)
maven = st.tuples(triples, st.sampled_from(["", "-rc1", "-SNAPSHOT", ".Final", "-jre"])).map("".join)
gems = st.tuples(triples, st.sampled_from(["", ".rc1", ".a", ".4"])).map("".join)
bases = st.one_of(triples, st.tuples(numbers, numbers).map(lambda parts: f"{parts[0]}.{parts[1]}"), numbers.map(str))


def _clauses(operators: list[str], versions: st.SearchStrategy[str], joint: str) -> st.SearchStrategy[str]:
    clause = st.tuples(st.sampled_from(operators), versions).map("".join)
    return st.lists(clause, max_size=3).map(joint.join)


def _sets(versions: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    ends = st.tuples(versions, versions).map(lambda ends: sorted(ends, key=lambda text: [*map(int, text.split("."))]))
    bounded = st.tuples(st.sampled_from("(["), ends, st.sampled_from(")]")).map(
        lambda parts: f"{parts[0]}{parts[1][0]},{parts[1][1]}.1{parts[2]}"
    )
    open_ended = st.tuples(st.sampled_from(["[{},)", "({},)", "(,{}]", "(,{})", "[{}]", "{}"]), versions).map(
        lambda parts: parts[0].format(parts[1])
    )
    return bounded | open_ended | st.sampled_from(["", "LATEST"])


npm_operators = ["^", "~", ">=", ">", "<", "<=", "=", ""]
npm_ranges = st.tuples(
    st.sampled_from(["", "workspace:", "npm:@a/b@"]),
    st.one_of(
        _clauses(npm_operators, bases, " "),
        _clauses(npm_operators, semver, " || "),
        st.tuples(bases, bases).map(" - ".join),
        st.sampled_from(["*", "1.x", "x", "2.*.*", "latest", "workspace:^"]),
    ),
).map("".join)

#: Of each ecosystem constraints and versions.
DOMAINS: dict[Ecosystem, tuple[st.SearchStrategy[str], st.SearchStrategy[str]]] = {
    NPM: (npm_ranges, semver),
    GENERIC: (npm_ranges, semver | pep440),
    CARGO: (_clauses(npm_operators, bases, ", ") | st.sampled_from(["*", "1.*", "0.3.*"]), semver),
    HELM: (_clauses([*npm_operators, "!=", "=>"], bases | semver, ", ") | _clauses(["^", "~"], bases, "||"), semver),
    GO: (semver.map(lambda text: f"v{text}") | st.sampled_from(["", "v2.0.0+incompatible"]), semver),
    PYTHON: (
        _clauses([">=", "<", "<=", "==", "!=", ">", "~="], triples | pep440.filter(lambda text: "+" not in text), ",")
        | _clauses(["^", "~", ""], bases, " || ").filter(bool)
        | bases.map(lambda text: f"=={text}.*"),
        pep440,
    ),
    MAVEN: (_sets(bases), maven),
    RUBY: (_clauses(["~> ", ">= ", "> ", "< ", "<= ", "= ", "!= ", ""], bases | gems, ", "), gems),
    REGEX: (triples, semver),
}
asked = st.sampled_from(list(DOMAINS)).flatmap(lambda one: st.tuples(st.just(one), *DOMAINS[one]))


@settings(max_examples=1000)
@given(asked)
def test_a_moved_constraint_accepts_the_version(question: tuple[Ecosystem, str, str]) -> None:
    """Whatever both are, and moving it again changes nothing; nor is anything moved that accepts it already."""
    ecosystem, constraint, version = question
    moved = move(ecosystem, constraint, version)
    assert admits(ecosystem, moved, version)
    assert move(ecosystem, moved, version) == moved
    assert (moved == constraint) is admits(ecosystem, constraint, version)
    assert not lies_above(ecosystem, moved, version)


@given(st.sampled_from([(NPM, "^"), (CARGO, ""), (HELM, "^"), (PYTHON, "^"), (RUBY, "~> ")]), triples, triples)
def test_a_moved_caret_accepts_no_other_major(style: tuple[Ecosystem, str], old: str, new: str) -> None:
    """Not the one that it was moved away from, nor the next."""
    ecosystem, operator = style
    wanted = old.rpartition(".")[0] if ecosystem is RUBY else old
    moved = move(ecosystem, operator + wanted, new)
    major = int(new.partition(".")[0])
    if moved != operator + wanted:
        assert moved.startswith(operator)
        assert not admits(ecosystem, moved, f"{major + 1}.0.0")
        assert not major or not admits(ecosystem, moved, f"{major - 1}.99.99")


few = st.integers(min_value=0, max_value=2)
small = st.one_of(
    st.tuples(few, few, few).map(lambda parts: ".".join(map(str, parts))),
    st.tuples(few, few).map(lambda parts: f"{parts[0]}.{parts[1]}"),
    few.map(str),
)
SMALL: dict[Ecosystem, st.SearchStrategy[str]] = {
    NPM: _clauses(npm_operators, small, " ") | _clauses(npm_operators, small, " || "),
    CARGO: _clauses(npm_operators, small, ", "),
    HELM: _clauses([*npm_operators, "!="], small, " "),
    PYTHON: _clauses([">=", "<", "<=", "==", "!=", ">"], small, ","),
    GO: st.tuples(few, few, few).map(lambda parts: "v" + ".".join(map(str, parts))),
    MAVEN: _sets(st.tuples(few, few).map(lambda parts: f"{parts[0]}.{parts[1]}")),
    RUBY: _clauses(["~> ", ">= ", "> ", "< ", "<= ", "= ", "!= "], small, ", "),
}
GRID = [f"{major}.{minor}.{patch}" for major in range(5) for minor in range(5) for patch in range(5)]
compared = st.sampled_from(list(SMALL)).flatmap(lambda one: st.tuples(st.just(one), SMALL[one], SMALL[one]))


@given(compared, st.sampled_from(GRID))
def test_what_lies_above_accepts_newer_versions_alone(question: tuple[Ecosystem, str, str], version: str) -> None:
    """As trying all versions says."""
    ecosystem, constraint, _ = question
    accepted = [each for each in GRID if admits(ecosystem, constraint, each)]
    expected = bool(accepted) and all(GRID.index(each) > GRID.index(version) for each in accepted)
    assert lies_above(ecosystem, constraint, version) is expected


@given(compared)
def test_constraints_are_compatible_if_any_version_is_in_both(question: tuple[Ecosystem, str, str]) -> None:
    """As trying all versions says; and what is told is in both."""
    ecosystem, first, second = question
    binding = [text for text in (first, second) if ecosystem is not MAVEN or text[:1] in ("[", "(")]
    expected = any(all(admits(ecosystem, each, version) for each in binding) for version in GRID)
    found = compatible(ecosystem, first, second)
    assert (found is not None) is expected
    assert found is None or all(admits(ecosystem, each, found) for each in binding)


@given(_clauses([">=", "<", "<=", "==", "!=", ">", "~="], triples | small, ","), triples | small)
def test_plain_specifiers_accept_what_packaging_accepts(constraint: str, version: str) -> None:
    """The short way over intervals agrees with the reference implementation of PEP 440."""
    try:
        specifiers = SpecifierSet(constraint)
    except InvalidSpecifier:
        return
    assert admits(PYTHON, constraint, version) is specifiers.contains(version)


@given(_clauses(npm_operators, triples | bases | small, " ").filter(bool), triples)
def test_plain_ranges_accept_what_another_reader_of_npms_accepts(constraint: str, version: str) -> None:
    """Intervals agree with the library semantic-version on releases."""
    assert admits(NPM, constraint, version) is NpmSpec(constraint).match(semantic_version.Version(version))


untrusted = st.text("01.xX*^~<>=!|, -+vrca[](){}$:/@\n", max_size=24)


@settings(max_examples=500)
@given(st.sampled_from(list(DOMAINS)), untrusted, semver | pep440 | maven.map(lambda text: f"{text}+b") | gems)
def test_any_text_is_read_or_named(ecosystem: Ecosystem, constraint: str, version: str) -> None:
    """Manifests are written by others: nothing but a PlanError comes of one, whoever numbered the version."""
    with suppress(PlanError):
        moved = move(ecosystem, constraint, version)
        assert admits(ecosystem, moved, version)
        lies_above(ecosystem, constraint, version)
        compatible(ecosystem, constraint, moved, [version])


def test_asking_is_cheap() -> None:
    """Forty thousand edges of ordinary constraints are asked about in well under a second."""
    ordinary = [
        (NPM, "^1.2.3"),
        (NPM, "~1.2.3"),
        (PYTHON, ">=1.2,<2"),
        (PYTHON, "==1.2.3"),
        (GO, "v1.2.3"),
        (CARGO, "1.2"),
    ]
    versions = [f"1.{minor}.{patch}" for minor in range(20) for patch in range(20)]
    started = process_time()
    for version in versions:
        for ecosystem, constraint in ordinary * 16:
            admits(ecosystem, constraint, version)
    assert process_time() - started < 2


@pytest.mark.parametrize(("ecosystem", "text"), [(NPM, ">=>1"), (PYTHON, ">>1"), (GO, "one"), (CARGO, "^^1")])
def test_a_range_that_cannot_be_read_is_named(ecosystem: Ecosystem, text: str) -> None:
    """The error names the range and how to write one."""
    with pytest.raises(PlanError, match=re.escape(text)) as refused:
        admits(ecosystem, text, "1.0.0")
    assert refused.value.hint


_DIGITS = "1" * 5000


@pytest.mark.parametrize("text", [f"==={_DIGITS}", f"=={_DIGITS}.*", f">=1,!=1.{_DIGITS}", f"==1.0+{_DIGITS}", _DIGITS])
def test_a_specifier_longer_than_any_version_cannot_be_read(text: str) -> None:
    """Python itself reads no number of that length; the error is that of any other text."""
    for version in ("2.0.0", "1!2.0", "2.0rc1"):
        with pytest.raises(PlanError, match="cannot be read"):
            admits(PYTHON, text, version)
        with pytest.raises(PlanError, match="cannot be read"):
            move(PYTHON, text, version)


@pytest.mark.parametrize(
    ("ecosystem", "constraint", "version"),
    [
        (GO, "v1.0.0", "1!2.0"),
        (GO, "v1.0.0", "1.0rc1"),
        (GO, "v1.0.0", "2.0"),
        (MAVEN, "1.0", "1!2.0"),
        (MAVEN, "[1.0,2.0)", "1!2.0"),
        (RUBY, "~> 1.0", "1!2.0"),
    ],
)
def test_a_version_that_an_ecosystem_cannot_write_is_refused(
    ecosystem: Ecosystem, constraint: str, version: str
) -> None:
    """It follows the rules of another; the file would be one that its own tool cannot read."""
    with pytest.raises(PlanError, match=re.escape(version)) as refused:
        move(ecosystem, constraint, version)
    assert refused.value.hint


def test_a_version_that_is_none_is_named() -> None:
    """The error names it."""
    with pytest.raises(PlanError, match="'soon' is not a version"):
        move(NPM, "^1.0.0", "soon")


@given(
    operator=st.sampled_from(["", "^", "~", ">=", "="]),
    numbers=st.lists(st.integers(0, 3), min_size=3, max_size=3),
    dialect=st.sampled_from(list(Dialect)),
)
def test_an_ordinary_comparator_is_read_as_any_other(operator: str, numbers: list[int], dialect: Dialect) -> None:
    """The short way over three plain numbers and the long way agree; a blank makes the reader take the long one."""
    text = operator + ".".join(map(str, numbers))
    assert intervals(text, dialect) == intervals(f"{text} ", dialect)
