"""Release, maintenance and prerelease branches, by the rules of semantic-release 25.

Line and next version were compared with its own functions (`lib/branches/normalize.js`, `lib/get-last-release.js`,
`lib/get-next-version.js`) over 16,000 generated cases, which agreed; the cases below are the kinds that they had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.errors import InvalidMaintenanceMerge, InvalidNextVersion, PlanError
from releasepilot.model.version import Bump
from releasepilot.model.versioning import BranchEntry
from releasepilot.versioning import bump_version
from releasepilot.versioning.branches import Line, LineKind, line_of, next_on
from releasepilot.versioning.ordering import compare

Contained = Mapping[str, Sequence[str]]


def _branches(*entries: str | dict[str, str]) -> list[BranchEntry]:
    return [BranchEntry.model_validate(entry) for entry in entries]


ALL = _branches(
    "main",
    "next",
    "next-major",
    "1.0.x",
    "1.x",
    {"name": "beta", "prerelease": "beta"},
    {"name": "early", "prerelease": "alpha"},
)


def _next(own: str, contained: Contained, bump: Bump, policy: str = "semantic-release") -> str:
    return next_on(line_of(ALL, own, contained), bump, policy)


@pytest.mark.parametrize(
    ("own", "contained", "last", "allowed"),
    [
        ("main", {"main": []}, None, "*"),
        ("main", {"main": ["1.0.0", "1.1.0", "1.1.1-beta.1"]}, "1.1.0", ">=1.1.0"),
        ("main", {"main": ["1.0.0"], "next": ["1.0.0", "2.0.0", "2.1.0"]}, "1.0.0", ">=1.0.0 <2.0.0"),
        ("next", {"main": ["1.0.0", "1.1.0"], "next": ["1.0.0"]}, "1.0.0", ">=1.1.0"),
        (
            "next",
            {"main": ["1.0.0"], "next": ["1.0.0", "1.1.0"], "next-major": ["1.0.0", "2.0.0"]},
            "1.1.0",
            ">=1.1.0 <2.0.0",
        ),
        ("1.0.x", {"main": ["1.0.0", "1.1.0"], "1.0.x": ["1.0.0"]}, "1.0.0", ">=1.0.0 <1.1.0"),
        ("1.x", {"main": ["1.0.0", "1.1.0", "2.0.0"], "1.x": ["1.0.0", "1.1.0"]}, "1.1.0", ">=1.1.0 <2.0.0"),
        (
            "1.x",
            {"main": ["1.0.0", "2.0.0"], "1.x": ["1.0.0"], "1.0.x": ["1.0.0"]},
            "1.0.0",
            ">=1.1.0 <2.0.0",
        ),
        ("1.x", {"main": ["1.0.0", "1.1.0", "1.2.0"], "1.x": ["1.0.0", "1.1.0"]}, "1.1.0", ">=1.1.0 <1.2.0"),
        ("beta", {"main": ["1.0.0"], "beta": ["1.0.0", "1.1.0-alpha.4"]}, "1.0.0", "*"),
        ("beta", {"main": ["1.0.0"], "beta": ["1.0.0", "1.1.0-beta.9", "1.1.0-beta.10"]}, "1.1.0-beta.10", "*"),
        ("beta", {"main": ["1.0.0"], "beta": ["1.1.0-beta.2", "1.1.0"]}, "1.1.0", "*"),
    ],
)
def test_where_a_branch_counts_from_and_what_it_may_release(
    own: str, contained: Contained, last: str | None, allowed: str
) -> None:
    """The newest stable version, or the newest preview of its own; bounded by what other branches released."""
    line = line_of(ALL, own, contained)
    assert (line.last, line.range) == (last, allowed)


@pytest.mark.parametrize(
    ("own", "kind", "channel"),
    [
        ("main", LineKind.RELEASE, ""),
        ("next", LineKind.RELEASE, "next"),
        ("1.x", LineKind.MAINTENANCE, "1.x"),
        ("beta", LineKind.PRERELEASE, "beta"),
    ],
)
def test_channels(own: str, kind: LineKind, channel: str) -> None:
    """The first release branch has the default channel, every other branch that of its name."""
    line = line_of(ALL, own, {"main": []})
    assert (line.kind, line.channel) == (kind, channel)


@pytest.mark.parametrize(
    ("own", "contained", "bump", "version"),
    [
        ("main", {"main": []}, Bump.PATCH, "1.0.0"),
        ("main", {"main": ["1.0.0"]}, Bump.MINOR, "1.1.0"),
        ("next", {"main": ["1.0.0"], "next": ["1.0.0"]}, Bump.MAJOR, "2.0.0"),
        ("1.x", {"main": ["1.1.0", "2.0.0"], "1.x": ["1.1.0"]}, Bump.MINOR, "1.2.0"),
        ("beta", {"beta": []}, Bump.PATCH, "1.0.0-beta.1"),
        ("beta", {"beta": ["1.0.0"]}, Bump.MINOR, "1.1.0-beta.1"),
        ("beta", {"beta": ["1.0.0", "1.1.0-beta.1"]}, Bump.MINOR, "1.1.0-beta.2"),
        ("beta", {"beta": ["1.0.0", "1.1.0-beta.9"]}, Bump.PATCH, "1.1.0-beta.10"),
        ("beta", {"beta": ["1.0.0", "1.0.1-beta.3"]}, Bump.MINOR, "1.1.0-beta.1"),
        ("beta", {"beta": ["1.0.0", "1.1.0-beta.3"]}, Bump.MAJOR, "2.0.0-beta.1"),
        ("beta", {"beta": ["1.0.0", "2.0.0-beta.3"]}, Bump.MINOR, "2.0.0-beta.4"),
        ("beta", {"beta": ["1.0.0", "1.1.0-alpha.3"]}, Bump.MINOR, "1.1.0-beta.1"),
        ("beta", {"beta": ["1.0.0", "1.1.0-beta"]}, Bump.MINOR, "1.1.0-beta.1"),
        ("early", {"early": ["1.0.0"]}, Bump.PATCH, "1.0.1-alpha.1"),
    ],
)
def test_the_next_version(own: str, contained: Contained, bump: Bump, version: str) -> None:
    """A preview gets the next number, unless the changes call for a higher version; the first is 1.0.0's."""
    assert _next(own, contained, bump) == version


@pytest.mark.parametrize(
    ("contained", "bump", "version"),
    [
        (["1.0.0", "1.1.0-beta.1", "1.1.0-beta.2"], Bump.MINOR, "1.1.0"),
        (["1.0.0", "2.0.0-beta.2"], Bump.PATCH, "2.0.0"),
        (["1.0.0", "1.0.1-beta.2"], Bump.MINOR, "1.1.0"),
        (["2.0.0-beta.2"], Bump.PATCH, "2.0.0"),
        (["1.0.0", "1.1.0-beta.1", "1.1.0"], Bump.PATCH, "1.1.1"),
    ],
)
def test_a_merged_preview_is_promoted(contained: list[str], bump: Bump, version: str) -> None:
    """What was previewed is released under its own number, unless the changes call for a higher one.

    semantic-release comes to the same, as it reads the merged commits again; where those do not call for the
    preview's number, python-semantic-release's rule to finalize it is followed.
    """
    assert _next("main", {"main": contained}, bump) == version


def test_a_merged_release_is_not_released_again() -> None:
    """After `next` was merged, `main` counts from its release, which had its own channel before."""
    line = line_of(ALL, "main", {"main": ["1.0.0", "2.0.0"], "next": ["1.0.0", "2.0.0"]})
    assert (line.last, line.range, line.channel) == ("2.0.0", ">=2.0.0", "")


@pytest.mark.parametrize(
    ("own", "contained", "bump", "told"),
    [
        ("main", {"main": ["1.0.0"], "next": ["1.0.0", "1.1.0"]}, Bump.MINOR, ("1.1.0", ">=1.0.0 <1.1.0", "next")),
        ("main", {"main": ["1.0.0"], "next": ["1.0.0", "1.0.1"]}, Bump.PATCH, ("1.0.1", ">=1.0.0 <1.0.1", "next")),
        ("next", {"main": ["1.0.0", "1.1.0"], "next": ["1.0.0"]}, Bump.PATCH, ("1.0.1", ">=1.1.0", "main")),
        ("1.0.x", {"main": ["1.0.0", "1.1.0"], "1.0.x": ["1.0.0"]}, Bump.MINOR, ("1.1.0", ">=1.0.0 <1.1.0", "main")),
        ("1.x", {"main": ["1.0.0", "1.1.0"], "1.x": ["1.0.0"]}, Bump.MAJOR, ("2.0.0", ">=1.0.0 <1.1.0", "main")),
    ],
)
def test_a_version_out_of_range_is_refused(
    own: str, contained: Contained, bump: Bump, told: tuple[str, str, str]
) -> None:
    """The error names the version, the branch, what it may release, and who may release the changes."""
    version, allowed, where = told
    with pytest.raises(InvalidNextVersion) as refused:
        _next(own, contained, bump)
    assert refused.value.code == "RP304"
    assert refused.value.message.startswith(f"{version} cannot be released from {own}: ")
    assert refused.value.message.endswith(allowed)
    assert f"Move the commits to {where}" in refused.value.hint


def test_a_maintenance_branch_with_a_later_release_is_refused() -> None:
    """A merge of what is beyond the range shows by the release that it brought along."""
    with pytest.raises(InvalidMaintenanceMerge, match=r"1\.0\.x holds the release 1\.1\.0") as refused:
        line_of(ALL, "1.0.x", {"main": ["1.0.0", "1.1.0"], "1.0.x": ["1.0.0", "1.1.0"]})
    assert (refused.value.code, "Reset 1.0.x" in refused.value.hint) == ("RP305", True)


@pytest.mark.parametrize(
    ("branches", "own", "what"),
    [
        (_branches("main"), "dev", "dev is not one"),
        (_branches("main", "main"), "main", "main is listed twice"),
        (_branches("main", "1.x", {"name": "old", "range": "1.x.x"}), "main", "maintain the versions >=1.0.0 <2.0.0"),
        (
            _branches("main", {"name": "a", "prerelease": "rc"}, {"name": "b", "prerelease": "rc"}),
            "main",
            "prereleases named rc",
        ),
        (_branches("a", "b", "c", "d"), "a", "4 release branches"),
    ],
)
def test_contradictions_are_refused(branches: list[BranchEntry], own: str, what: str) -> None:
    """Branches that could not be told apart are plan errors with a remedy."""
    with pytest.raises(PlanError, match=what) as refused:
        line_of(branches, own, {})
    assert refused.value.hint


def test_a_branch_that_does_not_exist_bounds_nothing() -> None:
    """A catalog may list branches that a repository does not have yet."""
    assert line_of(ALL, "1.x", {"main": ["1.0.0", "2.0.0"], "1.x": ["1.0.0"]}).range == ">=1.0.0 <2.0.0"


def test_maintenance_below_one() -> None:
    """semantic-release knows no 0.x; ranges of it are ranges like others here."""
    branches = _branches("main", "0.2.x")
    contained = {"main": ["0.2.0", "0.3.0"], "0.2.x": ["0.2.0"]}
    assert next_on(line_of(branches, "0.2.x", contained), Bump.MINOR, "cargo-zero") == "0.2.1"
    with pytest.raises(InvalidNextVersion):
        next_on(line_of(branches, "0.2.x", contained), Bump.MAJOR, "cargo-zero")


@pytest.mark.parametrize(
    ("name", "contained", "bump", "version"),
    [
        ("beta", [], Bump.PATCH, "0.1.0b1"),
        ("beta", ["1.2"], Bump.MINOR, "1.3b1"),
        ("beta", ["1.2.0", "1.3.0b1"], Bump.MINOR, "1.3.0b2"),
        ("alpha", ["1.2.0", "1.3.0a9"], Bump.PATCH, "1.3.0a10"),
        ("rc", ["1.2.0", "1.3.0b4"], Bump.MINOR, "1.3.0rc1"),
        ("rc", ["1.2.0", "1.3.0rc1"], Bump.MAJOR, "2.0.0rc1"),
    ],
)
def test_previews_by_pep_440(name: str, contained: list[str], bump: Bump, version: str) -> None:
    """Alpha, beta and rc have PEP 440's letters, and numbers that begin with one."""
    branches = _branches("main", {"name": "preview", "prerelease": name})
    assert next_on(line_of(branches, "preview", {"preview": contained}), bump, "pep440") == version


def test_previews_that_a_scheme_does_not_have() -> None:
    """PEP 440 knows three kinds of prerelease, and a calendar version with leading zeros is no SemVer."""
    branches = _branches("main", {"name": "canary", "prerelease": "canary"})
    line = line_of(branches, "canary", {"canary": ["2026.7.1"]})
    with pytest.raises(PlanError, match="PEP 440 has no prerelease 'canary'") as refused:
        next_on(line, Bump.PATCH, "pep440")
    assert "alpha, beta or rc" in refused.value.hint
    assert next_on(line, Bump.PATCH, "calver", date="2026-08-01") == "2026.8.0-canary.1"


def test_a_merged_pep_440_preview_is_promoted() -> None:
    """1.3.0b2 leads to 1.3.0, and so does 1.3.0.dev4."""
    for preview in ("1.3.0b2", "1.3.0.dev4", "1.3.0a1.dev2"):
        assert next_on(line_of(ALL, "main", {"main": ["1.2.0", preview]}), Bump.PATCH, "pep440") == "1.3.0"


NUMBERS = st.builds("{}.{}.{}".format, st.integers(1, 3), st.integers(0, 3), st.integers(0, 3))
PREVIEWS = st.builds("{}-{}.{}".format, NUMBERS, st.sampled_from(["alpha", "beta"]), st.integers(1, 12))
BUMPS = st.sampled_from([Bump.PATCH, Bump.MINOR, Bump.MAJOR])


@given(st.lists(NUMBERS, max_size=4), st.lists(st.one_of(NUMBERS, PREVIEWS), max_size=6), BUMPS, st.booleans())
def test_a_branch_only_rises(main: list[str], own: list[str], bump: Bump, preview: bool) -> None:
    """The next version of a line is above the one that it counts from, and a stable one is within its range."""
    line: Line = line_of(ALL, "beta" if preview else "main", {"main": main, "beta": own})
    version = next_on(line, bump, "semantic-release")
    assert line.last is None or compare(version, line.last) > 0
    assert preview is ("-beta." in version)
    assert preview or line.last is None or version == bump_version(line.last, bump, "semantic-release")
