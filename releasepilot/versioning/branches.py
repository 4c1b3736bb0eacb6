"""Release, maintenance and prerelease branches: where a branch counts from, and what it may release.

The model is semantic-release's (its `lib/branches`, `lib/get-last-release.js` and `lib/get-next-version.js`). Pure.

What a snapshot must supply, for each branch of `Catalog.branches_of` that exists in the repository: the versions of
the release tags that its head contains, prereleases among them, in any order. `ordering.released` over the tags that
git finds merged into the branch gives them, with `prereleases=True`. A branch that does not exist is left out of the
mapping. The commits to read are those since the tag of `Line.last`, or all where it is None: on a release branch that
is the last stable version, so that merging a prerelease branch brings its commits along.

A branch that was merged into a lower one brings its releases with it. There is then nothing new to release, only the
channel of the lower branch gets the version: `Line.last` is it, and the commits since are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from releasepilot.errors import InvalidMaintenanceMerge, InvalidNextVersion, PlanError
from releasepilot.model.version import Bump
from releasepilot.model.versioning import MAINTENANCE, BranchEntry, PolicyEntry
from releasepilot.versioning.decision import bump_version, first_version
from releasepilot.versioning.policy import BumpPolicy, policy_of
from releasepilot.versioning.preview import begun, continued, final_of, identifiers_of
from releasepilot.versioning.raising import spelled, version_of

#: semantic-release allows so many, with clear channels in mind: a stable one and the next two.
_MOST_RELEASE_BRANCHES = 3


class LineKind(StrEnum):
    """What a branch is for."""

    #: New versions, each above those of the release branch before.
    RELEASE = "release"
    #: Versions of a past range.
    MAINTENANCE = "maintenance"
    #: Previews of a version to come.
    PRERELEASE = "prerelease"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A branch as a line of versions."""

    branch: str
    kind: LineKind
    #: The version to count from: the newest stable one on the branch, or a newer prerelease of its own identifier.
    last: str | None
    #: The lowest version that it may release; None where there is no such bound.
    lowest: str | None = None
    #: Versions must be below this one; None where there is no such bound.
    below: str | None = None
    #: The identifier of its prereleases; empty where it has none.
    prerelease: str = ""
    #: Where its versions become available: empty is the default channel, that of the first release branch.
    channel: str = ""
    #: The newest version on it, which may be a prerelease of any identifier.
    newest: str | None = None
    #: The other release and maintenance branches.
    others: tuple[Line, ...] = ()

    @property
    def range(self) -> str:
        """What it may release, as semantic-release writes it; `*` where everything is allowed."""
        bounds = (f">={self.lowest}" if self.lowest else "", f"<{self.below}" if self.below else "")
        return " ".join(filter(None, bounds)) or "*"

    def admits(self, version: str) -> bool:
        """Tell whether a version is within its range."""
        order = _order(version)
        if self.lowest is not None and order < _order(self.lowest):
            return False
        return self.below is None or order < _order(self.below)


def line_of(branches: Sequence[BranchEntry], own: str, contained: Mapping[str, Sequence[str]]) -> Line:
    """Return a branch as a line of versions.

    `branches` are those of the component, `own` the one to release from, `contained` the versions that each one's
    head contains (see the module). PlanError where the branches contradict each other or `own` is none of them,
    InvalidMaintenanceMerge where `own` is a maintenance branch with a release beyond its range.
    """
    check(branches, own)
    there = [branch for branch in branches if branch.name in contained or branch.name == own]
    release = [branch for branch in there if not branch.prerelease and not branch.maintained]
    maintained = sorted((branch for branch in there if branch.maintained), key=lambda one: _bounds(one.maintained))
    lines = [
        *_release_lines(release, contained),
        *(_maintenance_line(branch, maintained, release, contained) for branch in maintained),
    ]
    mine = next((line for line in lines if line.branch == own), None)
    if mine is None:
        entry = next(branch for branch in there if branch.name == own)
        mine = _prerelease_line(entry, contained.get(own, ()))
    others = tuple(line for line in lines if line.branch != own)
    mine = replace(mine, others=others)
    if mine.kind is LineKind.MAINTENANCE:
        _check_merges(mine, next(one for one in maintained if one.name == own), contained.get(own, ()))
    return mine


def next_on(
    line: Line,
    bump: Bump,
    policy: str | PolicyEntry | BumpPolicy,
    *,
    initial: str | None = None,
    date: str | None = None,
) -> str:
    """Return the next version of a line for changes of this bump, which is not NONE.

    A release or maintenance branch raises its last version; where it holds a prerelease of a higher version, it
    releases that version, so that a merged preview is promoted. A prerelease branch takes the next number of its
    preview, unless the changes since call for a higher version. InvalidNextVersion where the version is not within
    the branch's range, PlanError where the policy cannot give one.
    """
    if bump is Bump.NONE:
        raise ValueError("there is nothing to release")
    rules = policy_of(policy)

    def raised(version: str) -> str:
        return bump_version(version, bump, rules, date=date)

    first = first_version(rules, initial=initial, date=date) if line.last is None else ""
    if line.kind is LineKind.PRERELEASE:
        return _next_preview(line, raised, first, rules)
    version = raised(line.last) if line.last is not None else first
    promoted = final_of(line.newest) if line.newest is not None else version
    if _order(promoted) > _order(version):
        version = promoted
    if not line.admits(version):
        raise _outside(line, version, raised)
    return version


def check(branches: Sequence[BranchEntry], own: str) -> None:
    """Refuse branches that could not be told apart: PlanError with the remedy."""
    names = [branch.name for branch in branches]
    if own not in names:
        raise PlanError(
            f"the branch {own} is not one that releases are made from",
            hint=f"Add it to `branches`, which has {', '.join(names) or 'none'}.",
        )
    _unique(names, "the branch {} is listed twice", "Leave one of the two.")
    previews = [branch.prerelease for branch in branches if branch.prerelease]
    _unique(previews, "two branches make prereleases named {}", "Give each its own `prerelease`.")
    ranges = [_bounds(branch.maintained) for branch in branches if branch.maintained]
    written = [f">={spelled(0, low)} <{spelled(0, high)}" for low, high in ranges]
    _unique(written, "two branches maintain the versions {}", "Give each its own `range`.")
    release = [branch.name for branch in branches if not branch.prerelease and not branch.maintained]
    if len(release) > _MOST_RELEASE_BRANCHES:
        raise PlanError(
            f"there are {len(release)} release branches: {', '.join(release)}",
            hint=f"At most {_MOST_RELEASE_BRANCHES} branches may be without `prerelease` and `range`.",
        )


def _unique(names: Iterable[str], what: str, hint: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise PlanError(what.format(name), hint=hint)
        seen.add(name)


def _release_lines(release: Sequence[BranchEntry], contained: Mapping[str, Sequence[str]]) -> list[Line]:
    """Bound each release branch by what is released on the one after it, and on no earlier one."""
    lines: list[Line] = []
    lowest: str | None = None
    below_of: list[str] = []
    for index, branch in enumerate(release):
        versions = contained.get(branch.name, ())
        last = _highest(_stable(versions))
        lowest = _highest(version for version in (last, lowest) if version is not None)
        below_of += versions
        later = contained.get(release[index + 1].name, ()) if index + 1 < len(release) else ()
        lines.append(
            Line(
                branch=branch.name,
                kind=LineKind.RELEASE,
                last=last,
                lowest=lowest,
                below=_first_above(later, below_of),
                channel=branch.name if index else "",
                newest=_highest(versions),
            )
        )
    return lines


def _maintenance_line(
    branch: BranchEntry,
    maintained: Sequence[BranchEntry],
    release: Sequence[BranchEntry],
    contained: Mapping[str, Sequence[str]],
) -> Line:
    """Bound a maintenance branch by its range, by narrower siblings, and by the first version that is beyond all."""
    low, high = _merge_bounds(branch, maintained)
    versions = contained.get(branch.name, ())
    last = _highest(_stable(versions))
    kept = [version for one in maintained for version in contained.get(one.name, ())]
    on_main = contained.get(release[0].name, ()) if release else ()
    beyond = _first_above(on_main, kept) or _highest(_stable(on_main))
    return Line(
        branch=branch.name,
        kind=LineKind.MAINTENANCE,
        last=last,
        lowest=_highest(version for version in (last, low) if version is not None),
        below=high if beyond is None else min(beyond, high, key=_order),
        channel=branch.name,
        newest=_highest(versions),
    )


def _prerelease_line(branch: BranchEntry, versions: Sequence[str]) -> Line:
    """Count from the newest preview of the branch's own identifier, or from a stable version that is newer."""
    name = branch.prerelease or ""
    counted = [version for version in versions if name in identifiers_of(version)]
    return Line(
        branch=branch.name,
        kind=LineKind.PRERELEASE,
        last=_highest([*_stable(versions), *counted]),
        prerelease=name,
        channel=branch.name,
        newest=_highest(versions),
    )


def _bounds(written: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Read a maintenance range as its lowest version and the first above it."""
    found = MAINTENANCE.fullmatch(written)
    if found is None:
        raise PlanError(f"{written!r} is not a maintenance range", hint="Write it as 1.x or 1.2.x.")
    major = int(found[1])
    if found[2] is None:
        return (major, 0, 0), (major + 1, 0, 0)
    minor = int(found[2])
    return (major, minor, 0), (major, minor + 1, 0)


def _merge_bounds(branch: BranchEntry, maintained: Sequence[BranchEntry]) -> tuple[str, str]:
    """Return what may be merged into a maintenance branch: `1.x` begins above its siblings such as `1.0.x`."""
    low, high = _bounds(branch.maintained)
    if high[1] == 0:
        within = [_bounds(one.maintained)[1] for one in maintained if one.name != branch.name]
        low = max((bound for bound in within if low < bound < high), default=low)
    return spelled(0, low), spelled(0, high)


def _check_merges(line: Line, branch: BranchEntry, versions: Sequence[str]) -> None:
    """Refuse a maintenance branch that holds a release beyond its range."""
    _, high = _bounds(branch.maintained)
    beyond = [version for version in _stable(versions) if _order(version) >= _order(spelled(0, high))]
    if beyond:
        raise InvalidMaintenanceMerge(
            f"the maintenance branch {line.branch} holds the release {_highest(beyond)}, which is beyond its range "
            f"{branch.maintained}",
            hint=f"Reset {line.branch} to a commit before that release, and pick the commits that it needs.",
        )


def _next_preview(line: Line, raised: Callable[[str], str], first: str, rules: BumpPolicy) -> str:
    """Return the next prerelease: the next number, or the first one of a higher version."""
    if line.last is None:
        return begun(first, line.prerelease, rules)
    anew = begun(final_of(raised(line.newest or line.last)), line.prerelease, rules)
    if not version_of(line.last).prerelease:
        return begun(raised(line.last), line.prerelease, rules)
    return max(continued(line.last), anew, key=_order)


def _outside(line: Line, version: str, raised: Callable[[str], str]) -> InvalidNextVersion:
    """Tell that a version does not belong on a branch, and where it does."""
    fitting = [one.branch for one in line.others if one.last is not None and one.admits(raised(one.last))]
    where = f"Move the commits to {' or '.join(fitting)}" if fitting else "No branch allows it: take the commits back"
    return InvalidNextVersion(
        f"{version} cannot be released from {line.branch}: by the releases on other branches it may have {line.range}",
        hint=f"{where}, or merge what was released since into {line.branch}.",
    )


def _order(version: str) -> tuple[object, ...]:
    return version_of(version).order


def _stable(versions: Iterable[str]) -> list[str]:
    return [version for version in versions if not version_of(version).prerelease]


def _highest(versions: Iterable[str]) -> str | None:
    return max(versions, key=_order, default=None)


def _first_above(versions: Sequence[str], lower: Sequence[str]) -> str | None:
    """Return the lowest version above all of the others; the lowest stable one where there are no others."""
    highest = _highest(lower)
    if highest is None:
        return min(_stable(versions), key=_order, default=None)
    return min((version for version in versions if _order(version) > _order(highest)), key=_order, default=None)
