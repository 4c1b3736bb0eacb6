"""A release on the branch and tag of its remote, published and taken back. Each verb converges when repeated."""

from __future__ import annotations

from collections.abc import Iterator

from releasepilot.errors import StepConflict, StepError
from releasepilot.model.commit import COMPONENT_TRAILER, REVERT_TRAILER
from releasepilot.model.receipt import Observation, Presence
from releasepilot.repositories.command import redact
from releasepilot.repositories.history import is_ancestor
from releasepilot.repositories.objects import TreeEntry, list_files
from releasepilot.repositories.release_commit import Built, build_revert, identity_of, stale_files, trailers_of
from releasepilot.repositories.release_refs import Held, ReleaseRefs
from releasepilot.repositories.remote import RefUpdate, push

#: How often a push is made when others push at the same time.
_ROUNDS = 2


class Publication(ReleaseRefs):
    """Branch and tag of one release."""

    def observe(self) -> Observation:
        """Look at the tag: it is present if it is ours and the branch contains its commit."""
        with self._explained():
            refs = self.look()
            tag = self._held(self._tag_ref, refs)
            if tag is None:
                return Observation(presence=Presence.ABSENT)
            if not self._ours(tag):
                return self._conflict(tag, self._tag_name)
            if not self._on_branch(refs, tag.commit):
                return Observation(presence=Presence.CONFLICT, found=tag.commit, detail=self._astray())
            return Observation(presence=Presence.PRESENT, found=tag.commit)

    def publish(self) -> Built:
        """Push branch and tag together, and delete the staging ref with them.

        A branch that moved on is built upon if every file to edit is still the one of the plan; else `StepConflict`.
        A commit of somebody else is never moved: each ref is expected to be where it was seen.
        """
        with self._explained(), self._mirror.locked("publish"):
            for _ in range(_ROUNDS):
                refs = self.look()
                tag = self._held(self._tag_ref, refs)
                if tag is not None:
                    return self._adopted(tag, refs)
                tip = self._tip(refs)
                built = self._build_on(tip, self._refreshed(refs))
                updates = [
                    RefUpdate(ref=self._branch_ref, expected=tip, to=built.commit),
                    RefUpdate(ref=self._tag_ref, expected=None, to=built.tag),
                    *self._removal(self._staging_ref, refs),
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
                refs = self.look()
                released, reverted = self._last_release(refs, commit)
                updates = self._removal(self._tag_ref, refs)
                if released and not reverted:
                    tip = refs[self._branch_ref]
                    reverted = self._revert(tip, released)
                    updates.append(RefUpdate(ref=self._branch_ref, expected=tip, to=reverted))
                if not updates or push(self._git, self._release.repo, updates):
                    return self._remains(released, reverted)
            raise self._lost_race()

    def _adopted(self, tag: Held, refs: dict[str, str]) -> Built:
        """Accept a tag that is there already if it is this release."""
        if not self._ours(tag):
            raise self._conflict_error(tag, self._tag_name)
        if not self._on_branch(refs, tag.commit):
            raise StepConflict(
                self._astray(), hint=f"delete the tag, or bring {tag.commit[:10]} back to {self._release.branch}"
            )
        return Built(commit=tag.commit, tag=tag.oid)

    def _tip(self, refs: dict[str, str]) -> str:
        """Return the branch's commit, which is in the mirror afterwards."""
        tip = refs.get(self._branch_ref)
        if tip is None:
            raise StepConflict(
                f"branch {self._release.branch} is gone from {redact(self._release.repo)}", hint="make a new plan"
            )
        self._need(tip)
        return tip

    def _refreshed(self, refs: dict[str, str]) -> dict[str, TreeEntry]:
        """Return the lock files of the staged release: what was verified is what is published."""
        if not self._release.locks:
            return {}
        staged = self._held(self._staging_ref, refs)
        if staged is None or not self._ours(staged):
            raise StepConflict(
                f"{self._staging_ref} is gone, and with it the lock files that were refreshed for this release",
                hint="make a new plan",
            )
        return list_files(self._git, staged.commit, self._release.locks)

    def _build_on(self, tip: str, locks: dict[str, TreeEntry]) -> Built:
        """Build the release on the branch's tip, if the plan still fits."""
        head = self._release.head
        if tip == head:
            return self._build(tip, locks)
        self._need(head)
        if not is_ancestor(self._git, head, tip):
            raise StepConflict(
                f"{self._release.branch} was rewritten: it no longer contains {head[:10]}, which the plan was made of",
                hint="make a new plan",
            )
        stale = stale_files(self._git, self._release, tip)
        if stale:
            raise StepConflict(
                f"{self._release.branch} has moved on from {head[:10]} to {tip[:10]}, and there "
                + "; ".join(self._blame(path, tip) for path in stale),
                hint="make a new plan: the release does not apply to the new commits",
            )
        return self._build(tip, locks)

    def _blame(self, path: str, tip: str) -> str:
        """Say which commit last changed a file since the plan."""
        span = f"{self._release.head}..{tip}"
        said = self._git.run("log", "-1", "--no-color", "--format=%h (%an: %s)", span, "--", path)
        return f"{path} was changed by {said.decode('utf-8', 'replace').strip()[:300] or 'another commit'}"

    def _removal(self, ref: str, refs: dict[str, str]) -> list[RefUpdate]:
        """Delete a ref if what it holds is ours."""
        held = self._held(ref, refs)
        if held is None or not self._ours(held):
            return []
        return [RefUpdate(ref=ref, expected=held.oid, to=None)]

    def _last_release(self, refs: dict[str, str], commit: str | None) -> tuple[str | None, str | None]:
        """Find our last release commit on the branch and, if there is one, the revert of it."""
        tip = refs.get(self._branch_ref)
        if tip is None or tip == self._release.head:
            return None, None
        self._need(tip)
        self._need(self._release.head)
        reverted: str | None = None
        for sha, message in self._messages(f"{self._release.head}..{tip}"):
            if reverted is None and trailers_of(message).get(REVERT_TRAILER) == self._reference:
                reverted = sha
            elif sha == commit or identity_of(message) == self._identity:
                return sha, reverted
        return None, None

    def _messages(self, span: str) -> Iterator[tuple[str, str]]:
        """Give the commits of a range that could be ours, newest first."""
        # The filter only saves time: what it lets through is read with care.
        ours = (f"--grep={COMPONENT_TRAILER}: {self._release.component}", f"--grep={REVERT_TRAILER}: {self._reference}")
        listing = self._git.run("log", "-z", "--topo-order", "-F", *ours, "--format=%H%n%B", span, "--")
        for record in listing.decode("utf-8", "replace").split("\0"):
            sha, _, message = record.partition("\n")
            if sha:
                yield sha, message

    def _revert(self, tip: str, commit: str) -> str:
        return build_revert(
            self._git, release=self._release, train=self._train, when=self._when, tip=tip, commit=commit
        )

    def _remains(self, released: str | None, reverted: str | None) -> str:
        if not released or not reverted:
            return ""
        return f"release commit {released[:10]} and its revert {reverted[:10]} stay on {self._release.branch}"

    def _on_branch(self, refs: dict[str, str], commit: str) -> bool:
        """Whether the branch contains a commit."""
        tip = refs.get(self._branch_ref)
        if tip is None or tip == commit:
            return tip is not None
        self._need(tip)
        return is_ancestor(self._git, commit, tip)

    @property
    def _reference(self) -> str:
        return f"{self._train}/{self._release.component}"

    def _astray(self) -> str:
        return f"tag {self._release.tag} is there, but {self._release.branch} does not contain its commit"

    def _lost_race(self) -> StepError:
        return StepError(
            f"somebody else pushed to {self._release.branch} of {redact(self._release.repo)} at the same time, "
            f"{_ROUNDS} times in a row",
            hint="it is tried again; if it goes on, release when the branch is quiet",
        )
