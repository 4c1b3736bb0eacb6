"""From messages to the next version, by each tool's rules."""

from __future__ import annotations

from time import perf_counter

import pytest

from releasepilot.errors import PlanError
from releasepilot.model.version import Bump
from releasepilot.versioning import POLICIES, Decision, decide
from releasepilot.versioning.policy import Reason, bump_version

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("message", "version"),
    [
        ("feat: x", "1.3.0"),
        ("fix: x", "1.2.4"),
        ("perf(a): x", "1.2.4"),
        ("docs: x", None),
        ("feat!: x", None),
        ("Feat: x", None),
        ("feat:x", None),
        ("chore: x\n\nBREAKING CHANGE: y", "2.0.0"),
        ("no header at all\n\nBREAKING CHANGE: y", "2.0.0"),
        ("fix: x [skip release]", None),
        ("fix: x\n\n[Release Skip]", None),
        (f'Revert "feat: x"\n\nThis reverts commit {SHA}.', "1.2.4"),
        ('Revert "feat: x"', None),
        ("  \n fix: led by white space", "1.2.4"),
        ("", None),
    ],
)
def test_semantic_release(message: str, version: str | None) -> None:
    """The default preset knows no `!`, takes types as written, and sees a BREAKING CHANGE under any header."""
    assert decide("1.2.3", [message]).version == version


def test_the_conventionalcommits_preset_honours_the_mark() -> None:
    """There `feat!` breaks, and so does BREAKING-CHANGE."""
    assert decide("1.2.3", ["feat!: x"], "conventionalcommits").version == "2.0.0"
    assert decide("1.2.3", ["fix: x\n\nBREAKING-CHANGE: y"], "conventionalcommits").version == "2.0.0"


def test_a_revert_and_its_original_count_for_nothing() -> None:
    """Both in the range cancel each other; what was applied again counts."""
    revert = f'Revert "feat: x"\n\nThis reverts commit {SHA}.'
    assert decide("1.2.3", [revert, "feat: x"]) == Decision(bump=Bump.NONE, version=None)
    assert decide("1.2.3", ["feat: x", revert, "feat: x"]).version == "1.3.0"
    assert decide("1.2.3", [revert, "feat: y"]).version == "1.3.0"


@pytest.mark.parametrize(
    ("message", "version"),
    [
        ("feat: x", "1.3.0"),
        ("feat!: x", "2.0.0"),
        ("docs: x", "1.2.4"),
        ("chore: x", None),
        ("Feat: x", "1.2.4"),
        ("feat(a):x", "1.3.0"),
        ("feat : x", None),
        ("chore: x\n\nRelease-As: 3.1.4", "3.1.4"),
        ("chore: x\n\nrelease-as: 2.0", "2.0.0"),
        ("chore: squash\n\nfeat(a): inner\n\nfix: other", "1.3.0"),
        ("chore: x\n\nBEGIN_NESTED_COMMIT\nfeat!: inner\nEND_NESTED_COMMIT", "2.0.0"),
        ('Revert "feat: x"', None),
    ],
)
def test_release_please(message: str, version: str | None) -> None:
    """Listed sections release a patch at least, `Release-As` forces, squash bodies hold commits."""
    assert decide("1.2.3", [message], "release-please").version == version


def test_the_newest_release_as_wins() -> None:
    """Of two forced versions the newer commit's is taken."""
    messages = ["chore: b\n\nRelease-As: 3.0.0", "chore: a\n\nRelease-As: 4.0.0"]
    assert decide("1.0.0", messages, "release-please").version == "3.0.0"


@pytest.mark.parametrize(
    ("policy", "breaking", "feature", "fix"),
    [
        ("semantic-release", "1.0.0", "0.3.0", "0.2.4"),
        ("release-please", "1.0.0", "0.3.0", "0.2.4"),
        ("python-semantic-release", "1.0.0", "1.0.0", "1.0.0"),
        ("cocogitto", "0.3.0", "0.3.0", "0.2.4"),
        ("knope", "0.3.0", "0.2.4", "0.2.4"),
        ("cargo-zero", "0.3.0", "0.2.4", "0.2.4"),
    ],
)
def test_below_one(policy: str, breaking: str, feature: str, fix: str) -> None:
    """Each tool has its own notion of 0.y.z."""
    found = [bump_version("0.2.3", bump, policy) for bump in (Bump.MAJOR, Bump.MINOR, Bump.PATCH)]
    assert found == [breaking, feature, fix]


def test_each_zero_zero_version_stands_for_itself_in_cargo() -> None:
    """0.0.3 and 0.0.4 are incompatible already, so nothing more is raised."""
    assert bump_version("0.0.3", Bump.MAJOR, "cargo-zero") == "0.0.4"


@pytest.mark.parametrize(
    ("current", "bump", "version"),
    [
        ("2.0.0-rc.1", Bump.PATCH, "2.0.0"),
        ("2.0.0-rc.1", Bump.MAJOR, "2.0.0"),
        ("2.1.0-rc.1", Bump.MAJOR, "3.0.0"),
        ("2.1.1-rc.1", Bump.MINOR, "2.2.0"),
        ("3.1", Bump.PATCH, "3.1.1"),
        ("1!3.1", Bump.MINOR, "1!3.2.0"),
        ("1.2.3+build", Bump.NONE, "1.2.3+build"),
    ],
)
def test_raising_a_version(current: str, bump: Bump, version: str) -> None:
    """A prerelease becomes its release where that is enough; PEP 440 versions get three numbers."""
    assert bump_version(current, bump, "semantic-release") == version


def test_a_first_release_has_the_initial_version() -> None:
    """It needs a reason as any other, and the caller's version goes before the policy's."""
    assert decide(None, ["fix: x"]).version == "1.0.0"
    assert decide(None, ["fix: x"], "knope").version == "0.1.0"
    assert decide(None, ["fix: x"], initial="0.0.1").version == "0.0.1"
    assert decide(None, ["docs: x"]).version is None


def test_the_reasons_name_what_calls_for_a_release() -> None:
    """The largest bump decides, and every commit that asked for one is named, newest first."""
    decision = decide("1.0.0", ["docs: a", "fix: b", "feat: c\n\nbody"])
    assert decision.bump is Bump.MINOR
    assert decision.reasons == (Reason(subject="fix: b", bump=Bump.PATCH), Reason(subject="feat: c", bump=Bump.MINOR))


def test_what_cannot_be_decided_is_explained() -> None:
    """An unknown policy and a current version that is none are plan errors with a remedy."""
    with pytest.raises(PlanError, match="'calver'") as unknown:
        decide("1.0.0", [], "calver")
    assert "semantic-release" in unknown.value.hint
    with pytest.raises(PlanError, match="'soon' is not a version"):
        decide("soon", ["fix: x"])


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_fifty_thousand_messages_are_read_in_seconds(policy: str) -> None:
    """25 repositories of 2,000 commits each do not make anybody wait."""
    body = "\n\nWhy it is so, in a paragraph\nof two lines.\n\nRefs: #12\n"
    messages = [
        f"{kind}(area): change {number}{body}" for number in range(12_500) for kind in ("feat", "fix", "ci", "x")
    ]
    started = perf_counter()
    assert decide("1.0.0", messages, policy).bump is Bump.MINOR
    assert perf_counter() - started < 8
