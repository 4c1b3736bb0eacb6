"""Versions and the tags that name them."""

from __future__ import annotations

from itertools import pairwise
from time import process_time

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as Pep440

from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ordering import Scheme, compare, newest, parse, released, scheme_of


def test_semver_precedence_is_the_specifications_own_example() -> None:
    """SemVer 2.0.0, section 11: the example chain is ordered as written."""
    chain = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    chain += ["1.0.0-rc.1", "1.0.0"]
    for left, right in pairwise(chain):
        assert compare(left, right, Scheme.SEMVER) == -1
        assert compare(right, left, Scheme.SEMVER) == 1


def test_pep440_precedence_is_the_specifications_own_example() -> None:
    """PEP 440: dev, alpha, beta, candidate, final and post releases follow one another."""
    chain = ["1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2"]
    chain += ["1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0.post456.dev34"]
    chain += ["1.0.post456", "1.0.15", "1.1.dev1"]
    for left, right in pairwise(chain):
        assert compare(left, right, Scheme.PEP440) == -1, (left, right)


@pytest.mark.parametrize("text", ["1.2", "01.2.3", "1.2.3-", "v1.2.3", "", "1.2.3-01", "latest", "1.2.3 "])
def test_what_semver_refuses_is_no_version(text: str) -> None:
    """Leading zeros, missing numbers and prefixes are refused."""
    assert parse(text, Scheme.SEMVER) is None


def test_build_metadata_does_not_order() -> None:
    """Two builds of one version are of equal precedence."""
    assert compare("1.0.0+a", "1.0.0+b") == 0


def test_comparing_what_is_no_version_names_it() -> None:
    """The error says which of the two is wrong."""
    with pytest.raises(ValueError, match="'x'"):
        compare("1.0.0", "x")


def listing(tags: list[str]) -> str:
    """Write tags as git lists them, annotated ones with a second line."""
    return "a refs/heads/v9.9.9\n" + "".join(f"b refs/tags/{tag}\nc refs/tags/{tag}^{{}}\n" for tag in tags)


def newest_of(tags: list[str], template: str) -> tuple[str, str] | None:
    """Find the newest in a listing."""
    return newest(listing(tags), template, behind=" refs/tags/")


def test_the_newest_tag_is_the_highest_version_not_the_last_name() -> None:
    """1.10.0 is newer than 1.9.0, other templates' tags and prereleases are not seen."""
    tags = ["v1.9.0", "v1.10.0", "v2.0.0-rc.1", "v3", "other-v9.0.0", "v1.10.0-x", "nightly", "v"]
    assert newest_of(tags, "v{version}") == ("v1.10.0", "1.10.0")
    assert newest_of(tags, "other-v{version}") == ("other-v9.0.0", "9.0.0")
    assert newest_of(tags, "{version}-x") is None
    assert newest_of([], "v{version}") is None
    assert newest_of(["2.0", "1.9.9"], "{version}") == ("2.0", "2.0")


_TAG_NAMES = st.from_regex(r"v?[0-3](\.[0-3]){0,3}(-rc\.[0-3]|rc[0-3]|\+b|-x|\.post1)?", fullmatch=True)


@given(tags=st.lists(_TAG_NAMES, max_size=8, unique=True), template=st.sampled_from(["v{version}", "{version}"]))
def test_the_newest_of_a_listing_is_the_first_of_all(tags: list[str], template: str) -> None:
    """The short way to the newest tag and the list of all agree, whatever stands among them."""
    assert newest_of(tags, template) == next(iter(released(tags, template)), None)


def test_a_moving_major_tag_is_no_release() -> None:
    """`v4` moves with every release, so it is not a version; `2.0` is one in Python only."""
    assert released(["v4", "v4.1.0"], "v{version}") == [("v4.1.0", "4.1.0")]
    assert released(["2.0", "1.9.9"], "{version}")[0] == ("2.0", "2.0")
    assert released(["2.0", "1.9.9"], "{version}", Scheme.SEMVER) == [("1.9.9", "1.9.9")]


def test_the_order_of_tags_does_not_matter_and_ten_thousand_are_fast() -> None:
    """Any order of 10,000 tags gives one result, in well under a second."""
    tags = [f"v{major}.{minor}.{patch}" for major in range(10) for minor in range(50) for patch in range(20)]
    shuffled = sorted(tags, key=lambda tag: tag[::-1])
    started = process_time()
    ordered = released(shuffled, "v{version}")
    assert process_time() - started < 2
    assert [tag for tag, _ in ordered] == tags[::-1]


def test_python_has_its_own_scheme() -> None:
    """Only Python's versions follow PEP 440."""
    assert [each for each in Ecosystem if scheme_of(each) is Scheme.PEP440] == [Ecosystem.PYTHON]


texts = st.from_regex(r"[0-2](\.[0-2]){1,3}((a|b|rc)[0-2])?(\.post[0-2])?(\.dev[0-2])?", fullmatch=True)
semver_texts = st.from_regex(r"[0-2]\.[0-2]\.[0-2](-(a|rc|0|10)(\.(b|1))?)?(\+x)?", fullmatch=True)


@given(texts, texts)
def test_python_versions_are_ordered_as_packaging_orders_them(left: str, right: str) -> None:
    """The order agrees with the reference implementation of PEP 440."""
    expected = (Pep440(left) > Pep440(right)) - (Pep440(left) < Pep440(right))
    assert compare(left, right, Scheme.PEP440) == expected


@given(semver_texts, semver_texts)
def test_semantic_versions_are_ordered_as_semver_orders_them(left: str, right: str) -> None:
    """The order agrees with the reference library."""
    assert compare(left, right, Scheme.SEMVER) == semver.Version.parse(left).compare(right)


@given(st.lists(texts | semver_texts, unique=True))
def test_mixed_tags_are_ordered_alike_whatever_their_order(versions: list[str]) -> None:
    """A repository that changed its scheme still has one newest version."""
    assert released(versions, "{version}", prereleases=True) == released(versions[::-1], "{version}", prereleases=True)
