"""A release staged in its remote: commit and tag under a ref that no branch or tag shows. Each verb converges."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from releasepilot.errors import StepError
from releasepilot.model.receipt import Observation, Presence
from releasepilot.repositories.command import redact
from releasepilot.repositories.export import export_tree
from releasepilot.repositories.objects import read_object
from releasepilot.repositories.release_commit import Built, store_files
from releasepilot.repositories.release_refs import Held, ReleaseRefs
from releasepilot.repositories.remote import RefUpdate, push


class Staging(ReleaseRefs):
    """The staging ref `refs/releasepilot/<train>/<component>` of one release; it holds the tag object."""

    def observe(self) -> Observation:
        """Look at the staging ref. A tag of that name which is not ours is a conflict, before anything is written.

        Publishing takes the staging ref away, so a published release is not staged, whatever becomes of its tag.
        """
        with self._explained():
            refs = self.look()
            tag = self._held(self._tag_ref, refs)
            if tag is not None and not self._ours(tag):
                return self._conflict(tag, self._tag_name)
            staged = self._held(self._staging_ref, refs)
            if staged is None:
                return Observation(presence=Presence.ABSENT, detail="it is published already" if tag else "")
            if not self._on_pinned_commit(staged):
                return self._conflict(staged, self._staging_ref)
            return Observation(presence=Presence.PRESENT, found=staged.oid)

    def draft(self, folder: Path) -> None:
        """Write the files of the release into an empty folder before it is staged, its lock files not yet refreshed."""
        with self._explained():
            self._need(self._release.head)
            export_tree(self._git, self._build(self._release.head).commit, folder)

    def stage(self, locks: Mapping[str, bytes] = MappingProxyType({})) -> Built:
        """Build the release on the pinned commit and push its tag object to the staging ref, to nothing else.

        `locks` are the refreshed lock files by their path in the repository. Where the release is published already
        nothing is pushed: no step would take the staging ref away again.
        """
        head = self._release.head
        with self._explained():
            self._need(head)
            built = self._build(head, store_files(self._git, locks, head))
            refs = self.look()
            tag = self._held(self._tag_ref, refs)
            if tag is not None and not self._ours(tag):
                raise self._conflict_error(tag, self._tag_name)
            if tag is not None or refs.get(self._staging_ref) == built.tag:
                return built
            staged = self._held(self._staging_ref, refs)
            if staged is not None:
                raise self._conflict_error(staged, self._staging_ref)
            self._move(None, built.tag)
            return built

    def unstage(self) -> str:
        """Delete the staging ref if it is ours; return what stays, in words."""
        with self._explained():
            staged = self._held(self._staging_ref, self.look())
            if staged is None:
                return ""
            if not self._ours(staged):
                return f"{self._staging_ref} holds {staged.description}, which this train did not make"
            self._move(staged.oid, None)
            return ""

    def export(self, folder: Path, *, rebuild: bool = False) -> str:
        """Write the files of the staged or published release into an empty folder and return its commit.

        Where the remote holds neither, `rebuild` makes the commit again in the mirror, as it was staged: for a step
        that is undone after its release was taken back. Without it that raises `StepError`.
        """
        with self._explained():
            commit = self._remote_commit()
            if commit is None and rebuild:
                self._need(self._release.head)
                commit = self._build(self._release.head).commit
            if commit is None:
                raise StepError(
                    f"{redact(self._release.repo)} holds no staged release of {self._release.to_version}",
                    hint="let git.stage come before this step",
                )
            export_tree(self._git, commit, folder)
            return commit

    def _remote_commit(self) -> str | None:
        """Return the release commit under the staging ref or, once that is gone, under the tag."""
        refs = self.look()
        for ref in (self._staging_ref, self._tag_ref):
            held = self._held(ref, refs)
            if held is not None and self._ours(held):
                return held.commit
        return None

    def _on_pinned_commit(self, staged: Held) -> bool:
        """Whether a staged object is this release, built on the commit of the plan."""
        commit = read_object(self._git, staged.commit) if self._ours(staged) else None
        return commit is not None and commit.headers.get("parent") == self._release.head

    def _move(self, expected: str | None, to: str | None) -> None:
        if not push(self._git, self._release.repo, [RefUpdate(ref=self._staging_ref, expected=expected, to=to)]):
            raise StepError(f"{self._staging_ref} moved while it was pushed", hint="it is tried again")
