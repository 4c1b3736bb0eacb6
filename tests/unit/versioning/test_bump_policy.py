"""From messages to the next version, by each tool's rules."""

from __future__ import annotations

from time import process_time

import pytest

from releasepilot.errors import PlanError
from releasepilot.model.version import Bump
from releasepilot.versioning import POLICIES, Decision, Reason, bump_version, decide, decide_changes

SHA = "0123456789abcdef0123456789abcdef01234567"
RELEASES = (Bump.MAJOR, Bump.MINOR, Bump.PATCH)


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
        ("FEAT: x", "1.3.0"),
        ("chore: x\n\nbreaking change: y", "2.0.0"),
        ("chore: x\n\n* BREAKING CHANGE y", "2.0.0"),
        ("chore: x\n\nBREAKING CHANGE\ny", None),
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
        ("fix: x\n\nRelease-As: 2.0.0-a..b", "1.2.4"),
        ("fix: x\n\nRelease-As: soon", "1.2.4"),
        ("chore: squash\n\nfeat(a): inner\n\nfix: other", "1.3.0"),
        ("chore: x\n\nBEGIN_NESTED_COMMIT\nfeat!: inner\nEND_NESTED_COMMIT", "2.0.0"),
        ("chore: x\n\nBREAKING CHANGE: y", "2.0.0"),
        ("chore: x\n\nsee BREAKING-CHANGE: y", "2.0.0"),
        ("chore: x\n\nBREAKING CHANGE:", None),
        ("fix #12", "1.2.4"),
        ("feat: x\n\ncall(a(b))", None),
        ("feat: x\n\nopen(", None),
        ("chore: x\n\nRefs: 1\nfeat(a)!: inner", "2.0.0"),
        ("chore: x\n\nfeat!: inner\nprose at the end", None),
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
        ("commitizen", "1.0.0", "0.3.0", "0.2.4"),
        ("pep440", "1.0.0", "0.3.0", "0.2.4"),
        ("knope", "0.3.0", "0.2.4", "0.2.4"),
        ("cargo-zero", "0.3.0", "0.2.4", "0.2.4"),
    ],
)
def test_below_one(policy: str, breaking: str, feature: str, fix: str) -> None:
    """Each tool has its own notion of 0.y.z."""
    found = [bump_version("0.2.3", bump, policy) for bump in RELEASES]
    assert found == [breaking, feature, fix]


def test_each_zero_zero_version_stands_for_itself_in_cargo() -> None:
    """0.0.3 and 0.0.4 are incompatible already, so nothing more is raised."""
    assert [bump_version("0.0.3", bump, "cargo-zero") for bump in RELEASES] == ["0.0.4"] * 3


@pytest.mark.parametrize(
    ("message", "version"),
    [("feat!: x", "0.3.0"), ("fix!: x", "0.2.4"), ("chore!: x", None), ("strange!: x", None), ("feat: x", "0.3.0")],
)
def test_cocogitto_never_leaves_zero_by_itself(message: str, version: str | None) -> None:
    """Below 1.0.0 its `version_increment_from_commit_history` asks for types only; later a break is a break."""
    assert decide("0.2.3", [message], "cocogitto").version == version
    assert decide("1.2.3", ["chore!: x"], "cocogitto").version == "2.0.0"
    assert decide("1.2.3", ["strange!: x"], "cocogitto").version is None


def test_every_policy_tells_its_rule_below_one() -> None:
    """It is one sentence, made of the values that decide."""
    told = {name: policy.below_one for name, policy in POLICIES.items()}
    assert all(sentence.endswith(".") and sentence.count(".0.0") <= 2 for sentence in told.values())
    assert told["knope"] == (
        "While the major version is 0, a breaking change raises the minor version and a feature the patch version."
    )
    assert told["cargo-zero"].endswith("at 0.0.z, a breaking change and a feature raise the patch version.")


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
        ("1.2.3+build", Bump.PATCH, "1.2.4"),
        ("1.2.3.4rc1", Bump.PATCH, "1.2.4"),
        ("1.2.3.post1.dev2", Bump.PATCH, "1.2.4"),
    ],
)
def test_raising_a_version(current: str, bump: Bump, version: str) -> None:
    """A prerelease becomes its release where that is enough; PEP 440 versions get three numbers."""
    assert bump_version(current, bump, "semantic-release") == version


@pytest.mark.parametrize(
    ("message", "version"),
    [
        ("feat: a", "1.3.0"),
        ("feature: a", "1.3.0"),
        ("fixup:a", "1.2.4"),
        ("refactor: a", "1.2.4"),
        ("docs: a", None),
        ("docs!: a", "2.0.0"),
        ("feat : a", None),
        ("Feat: a", None),
        ("Merge branch\n\nfeat(x): inner", "1.3.0"),
        ("fix: a\nBREAKING CHANGE: b", "2.0.0"),
        ("fix: a\n\n  BREAKING CHANGE: b", "1.2.4"),
    ],
)
def test_commitizen(message: str, version: str | None) -> None:
    """Every line counts that begins like a header; it has the bump map of commitizen 4."""
    assert decide("1.2.3", [message], "commitizen").version == version


@pytest.mark.parametrize(
    ("message", "version"),
    [
        ("feat: a", "1.3.0"),
        ("perf: a", "1.2.4"),
        ("Feat: a", None),
        ("feat(a)!: b", "2.0.0"),
        ("chore: squash (#1)\n\n* feat(a): an inner one\n\n* fix: another one", "1.3.0"),
        ("chore: squash (#1)\n\n* docs: first\n* feat(a): in one paragraph", None),
        ("chore: x\n\nfix: #12", None),
        ("fix: x\n\nBREAKING CHANGE: y", "2.0.0"),
        ("fix: x\n\nRefs: #1\nBREAKING CHANGE: y", "2.0.0"),
        ("fix: x\n\nprose\nBREAKING CHANGE: y", "1.2.4"),
        ("fix: x\r\n\r\nBREAKING-CHANGE: y\r\n", "2.0.0"),
        ("fix: x\nBREAKING CHANGE: y", "1.2.4"),
        ("Merge branch 'a'\n\nfeat: an inner one", None),
        ("revert: feat: x", None),
    ],
)
def test_python_semantic_release(message: str, version: str | None) -> None:
    """Version 10 has a closed list of types, and finds commits and notes by paragraphs."""
    assert decide("1.2.3", [message], "python-semantic-release").version == version


@pytest.mark.parametrize(
    ("current", "bump", "version"),
    [
        ("1.2", Bump.MINOR, "1.3"),
        ("1.2", Bump.PATCH, "1.2.1"),
        ("2024", Bump.MAJOR, "2025"),
        ("1.2.3.4", Bump.PATCH, "1.2.4.0"),
        ("2!1.2", Bump.MAJOR, "2!2.0"),
        ("1.2.3.post1", Bump.PATCH, "1.2.4"),
        ("1.2.3.dev4", Bump.PATCH, "1.2.3"),
        ("1.2.3+local.1", Bump.PATCH, "1.2.4"),
        ("1.3.0rc1", Bump.MINOR, "1.3.0"),
        ("1.3.1a1", Bump.MINOR, "1.4.0"),
        ("1.3.0b2.post1", Bump.PATCH, "1.3.0"),
    ],
)
def test_raising_by_pep_440(current: str, bump: Bump, version: str) -> None:
    """A release segment keeps its length and its epoch; what follows it is dropped."""
    assert bump_version(current, bump, "pep440") == version


def test_reading_and_deciding_are_the_same_as_both_at_once() -> None:
    """A planner reads each message once, for the version and for the changelog."""
    messages = ["fix: b", "feat(a): c\n\nBREAKING CHANGE: d"]
    changes = [change for message in messages for change in POLICIES["semantic-release"].read(message)]
    assert decide_changes("1.0.0", changes) == decide("1.0.0", messages)


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
    with pytest.raises(PlanError, match="'romver'") as unknown:
        decide("1.0.0", [], "romver")
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
    started = process_time()
    assert decide("1.0.0", messages, policy, date="2026-07-23").bump is Bump.MINOR
    assert process_time() - started < 8


@pytest.mark.parametrize(
    ("message", "version"),
    [
        ("chore(main): release 1.0.1 (#12)", "1.0.1"),
        ("chore: release lib 9.9.9", "1.0.1"),
        ("chore(main): release 2.0.0 (#12)\n\nRelease-As: 2.0.0", "2.0.0"),
        ("chore: release notes for everybody", None),
        ("chore: prepare release 1.0.1", None),
    ],
)
def test_a_merged_release_pull_request_releases_at_least_a_patch(message: str, version: str | None) -> None:
    """Its merge is the decision to release; the version in its title is not read, and no other chore releases."""
    assert decide("1.0.0", [message, "chore: tidy"], "release-please").version == version
    assert decide("1.0.0", [message], "conventionalcommits").version is None
