"""The orderings of the ecosystems, by the examples that they publish themselves."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as Pep440

from releasepilot.versioning.ordering import Scheme, compare, parse

LINES = (Path(__file__).parent / "vectors" / "orderings.txt").read_text(encoding="utf-8").splitlines()


def _vectors(what: str) -> list[tuple[Scheme, list[str]]]:
    lines = [line.split() for line in LINES if line and not line.startswith("#")]
    return [(Scheme(scheme), versions) for scheme, said, *versions in lines if said == what]


@pytest.mark.parametrize(("scheme", "chain"), _vectors("rising"))
def test_each_is_below_all_that_follow(scheme: Scheme, chain: list[str]) -> None:
    """Also in the other direction."""
    for left, right in combinations(chain, 2):
        assert compare(left, right, scheme) == -1, (left, right)
        assert compare(right, left, scheme) == 1, (right, left)


@pytest.mark.parametrize(("scheme", "versions"), _vectors("equal"))
def test_these_are_one_version(scheme: Scheme, versions: list[str]) -> None:
    """However they are written."""
    for left, right in combinations(versions, 2):
        assert compare(left, right, scheme) == 0, (left, right)


@pytest.mark.parametrize(("scheme", "versions"), _vectors("valid"))
def test_these_are_versions(scheme: Scheme, versions: list[str]) -> None:
    """Each is read."""
    assert [text for text in versions if parse(text, scheme) is None] == []


@pytest.mark.parametrize(("scheme", "versions"), _vectors("invalid"))
def test_these_are_none(scheme: Scheme, versions: list[str]) -> None:
    """Nor is nothing one."""
    assert [text for text in (*versions, "") if parse(text, scheme) is not None] == []


@pytest.mark.parametrize(
    ("scheme", "text", "prerelease"),
    [
        (Scheme.SEMVER, "1.0.0-0", True),
        (Scheme.SEMVER, "1.0.0+a-b", False),
        (Scheme.PEP440, "1.0.post1", False),
        (Scheme.PEP440, "1.0.post1.dev2", True),
        (Scheme.MAVEN, "1.0-SNAPSHOT", True),
        (Scheme.MAVEN, "3.0.0-M1", True),
        (Scheme.MAVEN, "5.6.15.Final", False),
        (Scheme.MAVEN, "33.0.0-jre", False),
        (Scheme.RUBY, "1.2.0.a", True),
        (Scheme.RUBY, "22.1.50.0.d", True),
        (Scheme.RUBY, "22.1.50.0", False),
        (Scheme.RUBY, "1.0.0-1", True),
    ],
)
def test_what_is_below_its_numbers_is_a_prerelease(scheme: Scheme, text: str, prerelease: bool) -> None:
    """In each scheme."""
    version = parse(text, scheme)
    assert version is not None
    assert version.prerelease is prerelease


def test_maven_circles_are_cut() -> None:
    """Maven itself says 1.sp-a < 1-cr < 1 < 1.sp-a; here a word behind a dot counts as one behind a hyphen."""
    assert compare("1-cr", "1", Scheme.MAVEN) == -1
    assert compare("1", "1.sp-a", Scheme.MAVEN) == -1
    assert compare("1-cr", "1.sp-a", Scheme.MAVEN) == -1


pieces = st.sampled_from(["0", "1", "10", "a", "b", "m", "alpha", "rc", "cr", "sp", "ga", "x", "SNAPSHOT", "a1", "rc2"])
texts = st.builds(
    lambda first, rest: first + "".join(rest),
    st.sampled_from(["0", "1", "2", "10"]),
    st.lists(st.tuples(st.sampled_from([".", "-"]), pieces).map("".join), max_size=4),
)


@given(st.sampled_from([Scheme.MAVEN, Scheme.RUBY]), st.lists(texts, min_size=3, max_size=3))
def test_sorting_does_not_depend_on_where_one_begins(scheme: Scheme, versions: list[str]) -> None:
    """Of any versions none is above itself by way of others."""
    orders = [version.order for text in versions if (version := parse(text, scheme)) is not None]
    assert sorted(orders) == sorted(orders[1:] + orders[:1])
    assert all(low <= high for low, high in combinations(sorted(orders), 2))


pep440 = st.from_regex(
    r"(1!)?[0-2](\.[0-2]){0,3}((a|b|rc)[0-2])?(\.post[0-2])?(\.dev[0-2])?(\+[ab01]{1,2}(\.[a1])?)?", fullmatch=True
)


@given(pep440, pep440)
def test_local_versions_and_epochs_are_ordered_as_packaging_orders_them(left: str, right: str) -> None:
    """The order agrees with the reference implementation of PEP 440."""
    expected = (Pep440(left) > Pep440(right)) - (Pep440(left) < Pep440(right))
    assert compare(left, right, Scheme.PEP440) == expected
