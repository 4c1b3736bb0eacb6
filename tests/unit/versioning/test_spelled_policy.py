"""Policies that a catalog spells out, and the properties that all of them have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from releasepilot.errors import PlanError
from releasepilot.model.version import Bump
from releasepilot.model.versioning import PolicyEntry
from releasepilot.versioning import POLICIES, bump_version, decide, policy_of
from releasepilot.versioning.ordering import compare


def _entry(**given: object) -> PolicyEntry:
    return PolicyEntry.model_validate(given)


@pytest.mark.parametrize(
    ("entry", "current", "message", "version"),
    [
        (_entry(types={"docs": "patch"}), "1.2.3", "docs: x", "1.2.4"),
        (_entry(types={"perf": "none"}), "1.2.3", "perf: x", None),
        (_entry(extends="release-please", types={"docs": "none"}), "1.2.3", "docs: x", None),
        (_entry(extends="release-please", types={"chore": "patch"}), "1.2.3", "chore: x", "1.2.4"),
        (_entry(reads="conventionalcommits"), "1.2.3", "feat!: x", "2.0.0"),
        (_entry(extends="knope", reads="commitizen"), "1.2.3", "prose\n\nfeat: x", "1.3.0"),
        (_entry(revert="none"), "1.2.3", 'Revert "x"\n\nThis reverts commit 0123456.', None),
        (_entry(revert="minor"), "1.2.3", 'Revert "x"\n\nThis reverts commit 0123456.', "1.3.0"),
        (_entry(zero={"major": "minor"}), "0.2.3", "x\n\nBREAKING CHANGE: y", "0.3.0"),
        (_entry(zero={"major": "minor"}), "1.2.3", "x\n\nBREAKING CHANGE: y", "2.0.0"),
        (_entry(extends="cargo-zero", zero={"major": "minor"}), "0.0.3", "feat!: x", "0.1.0"),
        (_entry(**{"zero-zero": {"minor": "patch"}}), "0.0.3", "feat: x", "0.0.4"),
        (_entry(**{"zero-zero": {"minor": "patch"}}), "0.1.3", "feat: x", "0.2.0"),
        (_entry(extends="cocogitto", zero={"major": "minor"}), "0.1.3", "chore!: x", "0.2.0"),
        (_entry(extends="release-please", **{"bump-minor-pre-major": True}), "0.1.3", "fix!: x", "0.2.0"),
        (_entry(extends="release-please", **{"bump-minor-pre-major": True}), "0.1.3", "feat: x", "0.2.0"),
        (_entry(extends="release-please", **{"bump-patch-for-minor-pre-major": True}), "0.1.3", "feat: x", "0.1.4"),
        (_entry(extends="release-please", **{"bump-patch-for-minor-pre-major": True}), "1.1.3", "feat: x", "1.2.0"),
        (_entry(squash=True), "1.2.3", "Squash (#1)\n\n* feat: inner one\n* fix: other one", "1.3.0"),
        (_entry(squash=True), "1.2.3", "Squash (#1)\n\nfix: #12", None),
        (_entry(squash=True), "1.2.3", "Squash (#1)\n\nfeat!: no mark here", None),
        (_entry(extends="conventionalcommits", squash=True), "1.2.3", "Squash (#1)\n\nfeat!: with mark", "2.0.0"),
    ],
)  # fmt: skip
def test_what_an_entry_changes(entry: PolicyEntry, current: str, message: str, version: str | None) -> None:
    """Everything that is not said comes from the policy that is extended."""
    assert decide(current, [message], entry).version == version


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (_entry(), "A breaking change leads from 0.y.z to 1.0.0."),
        (_entry(extends="python-semantic-release"), "Any release from 0.y.z is 1.0.0."),
        (_entry(extends="python-semantic-release", zero={}), "A breaking change leads from 0.y.z to 1.0.0."),
        (_entry(zero={"patch": "major"}), "While the major version is 0, a fix raises the major version."),
        (
            _entry(**{"zero-zero": {"major": "patch", "minor": "patch"}}),
            (
                "A breaking change leads from 0.y.z to 1.0.0; "
                "at 0.0.z, a breaking change and a feature raise the patch version."
            ),
        ),
        (
            _entry(extends="cocogitto"),
            "While the major version is 0, a breaking change counts as its type says, so 1.0.0 is never automatic.",
        ),
    ],
)
def test_the_rule_below_one_is_told(entry: PolicyEntry, told: str) -> None:
    """The sentence follows from the values, so that a spelled-out policy has one too."""
    assert policy_of(entry).below_one == told


def test_commits_of_a_squashed_one_are_told_once() -> None:
    """A squash that repeats its own header in the body is one change of that header."""
    policy = policy_of(_entry(extends="conventionalcommits", squash=True))
    changes = policy.read("feat: add it (#1)\n\n* feat: add it (#1)\n\n* fix(a): mend it\n\nwith words\n")
    assert [(one.subject, one.type, one.scope) for one in changes] == [
        ("feat: add it (#1)", "feat", ""),
        ("fix(a): mend it", "fix", "a"),
    ]


@pytest.mark.parametrize(
    ("entry", "what", "remedy"),
    [
        (_entry(extends="romver"), "'romver'", "release-please"),
        (_entry(reads="romver"), "'romver'", "cocogitto"),
        (_entry(calver="soon"), "'soon' is not a calendar format", "YYYY.MM.MICRO"),
        (_entry(extends="cocogitto", types={"deps": "patch"}), "'deps'", "reads: conventionalcommits"),
        (_entry(reads="python-semantic-release", types={"deps": "patch"}), "'deps'", "reads"),
    ],
)
def test_mistakes_are_explained(entry: PolicyEntry, what: str, remedy: str) -> None:
    """Unknown names, formats and types that are never seen are plan errors with a remedy."""
    with pytest.raises(PlanError, match=what) as refused:
        policy_of(entry)
    assert remedy in refused.value.hint


@pytest.mark.parametrize("zero", [{"major": "none"}, {"none": "patch"}])
def test_a_bump_below_one_raises_something(zero: dict[str, str]) -> None:
    """A mapping to nothing would make a release without a version."""
    with pytest.raises(ValidationError, match="each bump raises something"):
        _entry(zero=zero)


TYPES = st.sampled_from(["feat", "fix", "perf", "docs", "chore", "refactor", "deps", "Feat", "feature"])
MESSAGES = st.builds(
    "{}{}{}: {}{}".format,
    TYPES,
    st.sampled_from(["", "(core)", "(a/b)"]),
    st.sampled_from(["", "", "!"]),
    st.text("ab ", min_size=1, max_size=8).map(lambda text: f"x{text}"),
    st.sampled_from(["", "\n\nwhy\n", "\n\nBREAKING CHANGE: y", "\n\n* feat: inner one\n", "\n\nRefs: #1\n"]),
)
NUMBERS = st.builds("{}.{}.{}".format, *(st.integers(0, 3) for _ in range(3)))
NAMES = st.sampled_from(sorted(POLICIES.keys() - {"calver"}))


@given(NUMBERS, st.lists(MESSAGES, max_size=6), NAMES)
def test_deciding_is_deterministic(current: str, messages: list[str], policy: str) -> None:
    """The same messages give the same decision, with its reasons."""
    assert decide(current, messages, policy) == decide(current, list(messages), policy)


@given(NUMBERS, st.lists(MESSAGES, max_size=6), MESSAGES, st.integers(0, 6), NAMES)
def test_another_commit_never_lowers_the_bump(
    current: str, messages: list[str], other: str, at: int, policy: str
) -> None:
    """Reverts and Release-As apart, what is added can only ask for more."""
    before = decide(current, messages, policy)
    after = decide(current, [*messages[:at], other, *messages[at:]], policy)
    assert after.bump.rank >= before.bump.rank
    if before.version is not None:
        assert after.version is not None
        assert compare(after.version, before.version) >= 0


VERSIONS = st.one_of(
    NUMBERS,
    st.builds("{}-{}.{}".format, NUMBERS, st.sampled_from(["alpha", "beta", "rc"]), st.integers(0, 12)),
    st.builds("{}!{}.{}".format, st.integers(0, 2), st.integers(0, 9), st.integers(0, 9)),
    st.builds("{}{}{}".format, NUMBERS, st.sampled_from(["a", "b", "rc", ".post", ".dev"]), st.integers(0, 9)),
    st.builds("{}.{}".format, NUMBERS, st.integers(0, 9)),
    st.builds("{}.post{}.dev{}".format, NUMBERS, st.integers(0, 9), st.integers(0, 9)),
)


@given(VERSIONS, st.sampled_from([Bump.PATCH, Bump.MINOR, Bump.MAJOR]), NAMES)
def test_raising_raises(current: str, bump: Bump, policy: str) -> None:
    """Whatever the version looks like, the next one is above it in the order of versions."""
    assert compare(bump_version(current, bump, policy), current) > 0
