"""One component's release in its remote: staged, published and taken back. Each verb converges when repeated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from releasepilot.errors import FetchError, SnapshotError, StepConflict, StepError
from releasepilot.model.plan import Release
from releasepilot.model.receipt import Observation, Presence
from releasepilot.repositories.command import CommandFailed, redact
from releasepilot.repositories.export import export_tree
from releasepilot.repositories.history import is_ancestor
from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.objects import GitObject, read_object
from releasepilot.repositories.release_commit import (
    Built,
    Identity,
    build_release,
    build_revert,
    identity_of,
    stale_edits,
    trailers_of,
)
from releasepilot.repositories.remote import RefUpdate, list_remote, push, remote_error

#: A lost race is tried again so often.
_ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """An object that the remote holds under one of our names."""

    oid: str
    #: The commit that it is or points to.
    commit: str
    #: None where it is not a release of ours.
    identity: Identity | None
    #: Who made it and what it says, for people.
    description: str


class Publication:
    """The release of one component by one train, as its repository sees it."""

    def __init__(self, mirror: Mirror, release: Release, *, train: str, when: datetime) -> None:
        """Work through `mirror`; `when` becomes the date of the commits and the tag."""
        self._mirror = mirror
        self._git = mirror.git
        self._release = release
        self._train = train
        self._when = when
        self._identity = Identity(train=train, component=release.component, version=release.to_version)
        self._branch_ref = f"refs/heads/{release.branch}"
        self._tag_ref = f"refs/tags/{release.tag}"
        self._staging_ref = f"refs/releasepilot/{train}/{release.component}"

    def observe_staged(self) -> Observation:
        """Look at the staging ref. A tag of that name which is not ours is a conflict, before anything is written."""
        with self._explained():
            refs = list_remote(self._git, self._release.repo, self._tag_ref, self._staging_ref)
            tag = self._held(self._tag_ref, refs.get(self._tag_ref))
            if tag is not None:
                if tag.identity != self._identity:
                    return self._conflict(tag)
                return Observation(presence=Presence.PRESENT, found=tag.oid, detail="it is published already")
            staged = self._held(self._staging_ref, refs.get(self._staging_ref))
            if staged is None:
                return Observation(presence=Presence.ABSENT)
            if not self._is_staged_by_us(staged):
                return self._conflict(staged, self._staging_ref)
            return Observation(presence=Presence.PRESENT, found=staged.oid)

    def stage(self) -> Built:
        """Build the release on the pinned commit and push its tag object to the staging ref, to nothing else."""
        with self._explained():
            self._need_head()
            built = self._build(self._release.head)
            refs = list_remote(self._git, self._release.repo, self._tag_ref, self._staging_ref)
            tag = self._held(self._tag_ref, refs.get(self._tag_ref))
            if tag is not None and tag.identity != self._identity:
                raise self._conflict_error(self._conflict(tag))
            now = refs.get(self._staging_ref)
            if now == built.tag or tag is not None:
                return built
            staged = self._held(self._staging_ref, now)
            if staged is not None:
                raise self._conflict_error(self._conflict(staged, self._staging_ref))
            update = RefUpdate(ref=self._staging_ref, expected=None, to=built.tag)
            if not push(self._git, self._release.repo, [update]):
                raise StepError(f"{self._staging_ref} appeared while it was pushed", component=self._release.component)
            return built

    def unstage(self) -> str:
        """Delete the staging ref if it is ours; return what stays, in words."""
        with self._explained():
            refs = list_remote(self._git, self._release.repo, self._staging_ref)
            staged = self._held(self._staging_ref, refs.get(self._staging_ref))
            if staged is None:
                return ""
            if staged.identity != self._identity:
                return f"{self._staging_ref} holds {staged.description}, which this train did not make"
            update = RefUpdate(ref=self._staging_ref, expected=staged.oid, to=None)
            if not push(self._git, self._release.repo, [update]):
                raise StepError(f"{self._staging_ref} moved while it was deleted", component=self._release.component)
            return ""

    def export_staged(self, folder: Path) -> str:
        """Write the staged release's files into an empty folder and return its commit.

        Raises `StepError` where nothing of this train is staged.
        """
        with self._explained():
            refs = list_remote(self._git, self._release.repo, self._staging_ref, self._tag_ref)
            ref = self._staging_ref if self._staging_ref in refs else self._tag_ref
            staged = self._held(ref, refs.get(ref))
            if staged is None or staged.identity != self._identity:
                raise StepError(
                    f"{redact(self._release.repo)} holds no staged release of {self._release.to_version}",
                    hint="let git.stage come before this step",
                    component=self._release.component,
                )
            export_tree(self._git, staged.commit, folder)
            return staged.commit

    def observe(self) -> Observation:
        """Look at the tag: it is present if it is ours and the branch contains its commit."""
        with self._explained():
            refs = list_remote(self._git, self._release.repo, self._tag_ref, self._branch_ref)
            tag = self._held(self._tag_ref, refs.get(self._tag_ref))
            if tag is None:
                return Observation(presence=Presence.ABSENT)
            if tag.identity != self._identity:
                return self._conflict(tag)
            if not self._contains(refs.get(self._branch_ref), tag.commit):
                detail = f"tag {self._release.tag} is there, but {self._release.branch} does not contain its commit"
                return Observation(presence=Presence.CONFLICT, found=tag.commit, detail=detail)
            return Observation(presence=Presence.PRESENT, found=tag.commit)

    def publish(self) -> Built:
        """Push branch and tag together, and delete the staging ref with them.

        A branch that moved on is built upon if every file to edit is still the one of the plan; else `StepConflict`.
        A commit of somebody else is never moved: each ref is expected to be where it was seen.
        """
        with self._explained(), self._mirror.locked("publish"):
            for _ in range(_ROUNDS):
                refs = list_remote(self._git, self._release.repo, self._branch_ref, self._tag_ref, self._staging_ref)
                tag = self._held(self._tag_ref, refs.get(self._tag_ref))
                if tag is not None:
                    return self._published(tag, refs.get(self._branch_ref))
                tip = self._tip(refs)
                built = self._build_on(tip)
                updates = [
                    RefUpdate(ref=self._branch_ref, expected=tip, to=built.commit),
                    RefUpdate(ref=self._tag_ref, expected=None, to=built.tag),
                    *self._staging_removal(refs),
                ]
                if push(self._git, self._release.repo, updates):
                    return built
            raise self._lost_race()

    def unpublish(self, commit: str | None = None) -> str:
        """Delete the tag and push a revert of the release commit; return what stays, in words.

        History is never rewritten. `commit` is the release commit, where the caller knows it.
        """
        with self._explained(), self._mirror.locked("publish"):
            for _ in range(_ROUNDS):
                refs = list_remote(self._git, self._release.repo, self._branch_ref, self._tag_ref)
                tag = self._held(self._tag_ref, refs.get(self._tag_ref))
                ours = tag if tag is not None and tag.identity == self._identity else None
                tip = refs.get(self._branch_ref)
                released, reverted = self._on_branch(tip, ours.commit if ours else commit)
                updates = [RefUpdate(ref=self._tag_ref, expected=ours.oid, to=None)] if ours else []
                if tip is not None and released and not reverted:
                    reverted = build_revert(
                        self._git, release=self._release, train=self._train, when=self._when, tip=tip, commit=released
                    )
                    updates.append(RefUpdate(ref=self._branch_ref, expected=tip, to=reverted))
                if not updates or push(self._git, self._release.repo, updates):
                    return self._remains(released, reverted)
            raise self._lost_race()

    def _remains(self, released: str | None, reverted: str | None) -> str:
        if not released or not reverted:
            return ""
        return f"release commit {released[:10]} and its revert {reverted[:10]} stay on {self._release.branch}"

    def _published(self, tag: _Held, tip: str | None) -> Built:
        """Accept a tag that is there already if it is this release."""
        if tag.identity != self._identity:
            raise self._conflict_error(self._conflict(tag))
        if not self._contains(tip, tag.commit):
            raise StepConflict(
                f"tag {self._release.tag} is there, but {self._release.branch} does not contain its commit",
                hint=f"delete the tag, or bring {tag.commit[:10]} back to {self._release.branch}",
                component=self._release.component,
            )
        return Built(commit=tag.commit, tag=tag.oid)

    def _tip(self, refs: dict[str, str]) -> str:
        """Return the branch's commit; it is in the mirror afterwards."""
        tip = refs.get(self._branch_ref)
        if tip is None:
            raise StepConflict(
                f"branch {self._release.branch} is gone from {redact(self._release.repo)}",
                hint="make a new plan",
                component=self._release.component,
            )
        self._fetch_missing(tip)
        return tip

    def _build_on(self, tip: str) -> Built:
        """Build the release on the branch's tip, or take the commit of an attempt whose tag was lost."""
        head = self._release.head
        if tip == head:
            return self._build(tip)
        self._need_head()
        if not is_ancestor(self._git, head, tip):
            raise StepConflict(
                f"{self._release.branch} was rewritten: it no longer contains {head[:10]}, which the plan was made of",
                hint="make a new plan",
                component=self._release.component,
            )
        stale = stale_edits(self._git, self._release, tip)
        if stale:
            raise StepConflict(
                f"{self._release.branch} has moved on from {head[:10]} to {tip[:10]}, and there "
                + "; ".join(self._blame(edit.path, tip) for edit in stale),
                hint="make a new plan: the release does not apply to the new commits",
                component=self._release.component,
            )
        return self._build(tip)

    def _blame(self, path: str, tip: str) -> str:
        """Say which commit last changed a file since the plan."""
        span = f"{self._release.head}..{tip}"
        said = self._git.run("log", "-1", "--no-color", "--format=%h (%an: %s)", span, "--", path)
        return f"{path} was changed by {said.decode('utf-8', 'replace').strip()[:300] or 'another commit'}"

    def _build(self, base: str) -> Built:
        return build_release(self._git, release=self._release, train=self._train, when=self._when, base=base)

    def _staging_removal(self, refs: dict[str, str]) -> list[RefUpdate]:
        staged = self._held(self._staging_ref, refs.get(self._staging_ref))
        if staged is None or staged.identity != self._identity:
            return []
        return [RefUpdate(ref=self._staging_ref, expected=staged.oid, to=None)]

    def _on_branch(self, tip: str | None, commit: str | None) -> tuple[str | None, str | None]:
        """Find our last release commit on the branch and, if there is one, the revert of it."""
        if tip is None or tip == self._release.head:
            return None, None
        self._fetch_missing(tip)
        self._need_head()
        reverts = f"{self._train}/{self._release.component}"
        reverted: str | None = None
        for sha, message in self._messages(f"{self._release.head}..{tip}"):
            if reverted is None and trailers_of(message).get("Reverts-Release") == reverts:
                reverted = sha
            elif sha == commit or identity_of(message) == self._identity:
                return sha, reverted
        return None, None

    def _messages(self, span: str) -> Iterator[tuple[str, str]]:
        """Give the commits of a range that could be ours, newest first."""
        # The filter only saves time: what it lets through is read with care.
        component = self._release.component
        ours = (f"--grep=Release-Component: {component}", f"--grep=Reverts-Release: {self._train}/{component}")
        listing = self._git.run("log", "-z", "--topo-order", "-F", *ours, "--format=%H%n%B", span, "--")
        for record in listing.decode("utf-8", "replace").split("\0"):
            sha, _, message = record.partition("\n")
            if sha:
                yield sha, message

    def _is_staged_by_us(self, staged: _Held) -> bool:
        """Whether a staged object is this release, built on the pinned commit."""
        if staged.identity != self._identity:
            return False
        commit = read_object(self._git, staged.commit)
        return commit is not None and commit.headers.get("parent") == self._release.head

    def _held(self, ref: str, oid: str | None) -> _Held | None:
        """Describe what a remote ref holds; fetch it where the mirror does not have it."""
        if oid is None:
            return None
        found = self._read(oid)
        if found is None:
            self._mirror.fetch_ref(ref)
            found = self._read(oid)
        if found is None:
            raise StepError(f"{ref} moved while it was read", component=self._release.component)
        return _held(found)

    def _read(self, oid: str) -> GitObject | None:
        return read_object(self._git, oid) if self._mirror.exists else None

    def _contains(self, tip: str | None, commit: str) -> bool:
        """Whether the branch contains a commit."""
        if tip is None or tip == commit:
            return tip is not None
        self._fetch_missing(tip)
        return is_ancestor(self._git, commit, tip)

    def _fetch_missing(self, *commits: str) -> None:
        if not self._mirror.has(*commits):
            self._mirror.fetch()

    def _need_head(self) -> None:
        """Have the pinned commit in the mirror; `StepConflict` where the repository no longer has it."""
        head = self._release.head
        self._fetch_missing(head)
        if not self._mirror.has(head):
            raise StepConflict(
                f"{redact(self._release.repo)} no longer has commit {head[:10]}, which the plan was made of",
                hint="make a new plan",
                component=self._release.component,
            )

    def _conflict(self, held: _Held, ref: str = "") -> Observation:
        name = ref or f"tag {self._release.tag}"
        detail = f"{name} already holds {held.description}, which this train did not make"
        return Observation(presence=Presence.CONFLICT, found=held.commit, detail=detail)

    def _conflict_error(self, observed: Observation) -> StepConflict:
        return StepConflict(
            f"{redact(self._release.repo)}: {observed.detail}",
            hint="a version that is taken is never released again: find out who made it, then plan a newer version",
            component=self._release.component,
        )

    def _lost_race(self) -> StepConflict:
        return StepConflict(
            f"somebody else pushed to {self._release.branch} of {redact(self._release.repo)} at the same time, "
            f"{_ROUNDS} times in a row",
            hint="try again when the branch is quiet",
            component=self._release.component,
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Name the component in every error, and say what a failed git command means for the step."""
        try:
            yield
        except CommandFailed as failure:
            error = remote_error(failure, self._release.repo)
            error.component = self._release.component
            raise error from failure
        except SnapshotError as failure:
            where = failure.message if isinstance(failure, FetchError) else f"the mirror failed: {failure.message}"
            raise StepError(where, hint=failure.hint, component=self._release.component) from failure
        except StepError as error:
            error.component = error.component or self._release.component
            raise


def _held(found: GitObject) -> _Held:
    """Read a tag object or a plain commit."""
    who = found.headers.get("tagger") or found.headers.get("committer") or "unknown"
    subject = found.message.partition("\n")[0][:200]
    is_tag = found.kind == "tag"
    commit = found.headers.get("object", found.oid) if is_tag else found.oid
    return _Held(
        oid=found.oid,
        commit=commit,
        identity=identity_of(found.message) if is_tag else None,
        description=f"{commit[:10]} ({subject!r} by {who.partition(' <')[0]})",
    )
