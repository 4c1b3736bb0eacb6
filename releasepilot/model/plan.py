"""The plan: what would be released, in which order and why. Its digest is its identity."""

from __future__ import annotations

from functools import cached_property

from releasepilot.model.catalog import Author, Ecosystem, OnFailure
from releasepilot.model.gate import ApprovalGate
from releasepilot.model.people import Contributor
from releasepilot.model.step import Step, Undo
from releasepilot.model.value import Value, digest_of
from releasepilot.model.version import Bump


class Splice(Value):
    """Replace the characters from `start` to `end` of a text by `text`."""

    start: int
    end: int
    text: str


class FileEdit(Value):
    """A change to one file, valid for exactly one content of it."""

    path: str
    #: The blob id that the splices refer to; None makes a new file.
    before: str | None
    #: In ascending order, not overlapping.
    splices: tuple[Splice, ...]

    def apply(self, text: str) -> str:
        """Return the edited text."""
        parts: list[str] = []
        at = 0
        for splice in self.splices:
            parts += [text[at : splice.start], splice.text]
            at = splice.end
        return "".join([*parts, text[at:]])


class DependencyUpdate(Value):
    """A declared range that moves because its target is released in the same train."""

    #: The component depended on.
    component: str
    #: Its name in the ecosystem.
    package: str
    #: runtime, dev, peer, optional, build, declared.
    kind: str
    path: str
    before: str
    after: str


class Release(Value):
    """One component's part of the plan."""

    component: str
    repo: str
    path: str
    branch: str
    #: The pinned commit.
    head: str
    ecosystem: Ecosystem
    #: The name in the ecosystem; the component's where it has none.
    package: str
    from_version: str | None
    to_version: str
    bump: Bump
    #: The versioning policy, and how it treats versions below 1.0.0; empty where this one is not below.
    policy: str = ""
    below_one: str = ""
    #: The tag before, for comparisons; None at a first release.
    from_tag: str | None
    tag: str
    author: Author
    #: One line for each cause.
    reasons: tuple[str, ...]
    #: Components of this plan that it depends on.
    needs: tuple[str, ...] = ()
    #: Who made what is released, where gates ask: nobody approves what is their own.
    contributors: tuple[Contributor, ...] = ()
    #: Who owns what is changed, where a gate asks: `@account`, `@group/team` or an address.
    owners: tuple[str, ...] = ()
    updates: tuple[DependencyUpdate, ...] = ()
    edits: tuple[FileEdit, ...] = ()
    #: Lock files that a command refreshes when the release is staged, by their path in the repository.
    locks: tuple[str, ...] = ()
    #: This release's section, in Markdown.
    changelog: str


class Residue(Value):
    """Something that stays in the world after a rollback."""

    component: str
    step: str
    undo: Undo
    #: What stays, in words.
    what: str
    #: Somebody has to act: an undo failed, or the step has none.
    unresolved: bool = False


class Plan(Value):
    """Everything that a train will do. Equal snapshots and requests give equal bytes, on any machine."""

    format: int = 1
    train: str
    #: The date of the changelogs, ISO 8601.
    date: str
    on_failure: OnFailure
    concurrency: int
    #: In release order: what is needed comes first.
    releases: tuple[Release, ...]
    #: Components with nothing to release.
    unchanged: tuple[str, ...] = ()
    #: In an order that respects every need and every phase.
    steps: tuple[Step, ...] = ()
    #: Components that can be released side by side, in order.
    waves: tuple[tuple[str, ...], ...] = ()
    #: The longest chain of components.
    critical_path: tuple[str, ...] = ()
    #: The first step that cannot be undone; None where everything can.
    point_of_no_return: str | None = None
    #: What would stay if everything were done and then undone.
    worst_residue: tuple[Residue, ...] = ()
    gates: tuple[ApprovalGate, ...] = ()
    #: The train's changelog, in Markdown.
    changelog: str = ""
    #: What a reader should know, such as a development-only cycle that was cut.
    notices: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """`sha256:<hex>` of the canonical form."""
        return digest_of(self)

    def canonical(self) -> bytes:
        """Return the canonical form, which is written once: it may be megabytes, and is asked for again to be saved."""
        return self._canonical

    @cached_property
    def _canonical(self) -> bytes:
        return super().canonical()

    def release_of(self, component: str) -> Release:
        """Return the release of a component; KeyError where the plan has none."""
        return self._by_component[component]

    def step_of(self, step: str) -> Step:
        """Return a step by its id; KeyError where the plan has none."""
        return self._by_step[step]

    @cached_property
    def _by_component(self) -> dict[str, Release]:
        return {release.component: release for release in self.releases}

    @cached_property
    def _by_step(self) -> dict[str, Step]:
        return {step.id: step for step in self.steps}


def differences(before: Plan, after: Plan) -> tuple[str, ...]:
    """Say in words what changed between two plans, one line a component; empty where they are equal."""
    lines: list[str] = []
    old = {release.component: release for release in before.releases}
    new = {release.component: release for release in after.releases}
    for name in sorted({*old, *new}):
        if name not in new:
            lines.append(f"{name}: no longer released (was {old[name].to_version})")
        elif name not in old:
            lines.append(f"{name}: now released as {new[name].to_version}")
        elif old[name] != new[name]:
            lines.append(f"{name}: {_changed(old[name], new[name])}")
    if not lines and before.digest != after.digest:
        lines.append("the order, the steps or the policies of the train changed")
    return tuple(lines)


def _changed(old: Release, new: Release) -> str:
    """Name what differs between two releases of a component."""
    if old.to_version != new.to_version:
        return f"version {new.to_version} instead of {old.to_version}"
    if old.head != new.head:
        return f"{old.branch} moved from {old.head[:10]} to {new.head[:10]}"
    return "its changelog, dependencies or edits changed"
