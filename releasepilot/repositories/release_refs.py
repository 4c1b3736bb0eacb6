"""What staging and publishing share: the names of a release in its remote, and whose objects stand under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from releasepilot.errors import FetchError, SnapshotError, StepConflict, StepError
from releasepilot.model.plan import Release
from releasepilot.model.receipt import Observation, Presence
from releasepilot.repositories.command import CommandFailed, redact
from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.objects import GitObject, TreeEntry, read_object
from releasepilot.repositories.release_commit import Built, Identity, build_release, identity_of
from releasepilot.repositories.remote import list_remote, remote_error


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An object that the remote holds under one of our names."""

    oid: str
    #: The commit that it is or points to.
    commit: str
    #: None where it is not a release of ours.
    identity: Identity | None
    #: Who made it and what it says, for people.
    description: str


class ReleaseRefs:
    """The refs of one component's release by one train."""

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

    def look(self) -> dict[str, str]:
        """Ask the remote where branch, tag and staging ref are, in one round trip."""
        return list_remote(self._git, self._release.repo, self._branch_ref, self._tag_ref, self._staging_ref)

    def _held(self, ref: str, refs: dict[str, str]) -> Held | None:
        """Describe what a remote ref holds; fetch it where the mirror does not have it."""
        oid = refs.get(ref)
        if oid is None:
            return None
        found = self._read(oid)
        if found is None:
            self._mirror.fetch_ref(ref)
            found = self._read(oid)
        if found is None:
            raise StepError(f"{ref} moved while it was read", component=self._release.component)
        return _described(found)

    def _read(self, oid: str) -> GitObject | None:
        return read_object(self._git, oid) if self._mirror.exists else None

    def _ours(self, held: Held) -> bool:
        return held.identity == self._identity

    def _build(self, base: str, locks: Mapping[str, TreeEntry] = MappingProxyType({})) -> Built:
        return build_release(
            self._git, release=self._release, train=self._train, when=self._when, base=base, locks=locks
        )

    def _need(self, commit: str) -> None:
        """Have a commit in the mirror; `StepConflict` where the repository no longer has it."""
        if not self._mirror.has(commit):
            self._mirror.fetch()
            if not self._mirror.has(commit):
                raise StepConflict(
                    f"{redact(self._release.repo)} no longer has commit {commit[:10]}, which the plan was made of",
                    hint="make a new plan",
                    component=self._release.component,
                )

    def _conflict(self, held: Held, name: str) -> Observation:
        detail = f"{name} already holds {held.description}, which this train did not make"
        return Observation(presence=Presence.CONFLICT, found=held.commit, detail=detail)

    def _conflict_error(self, held: Held, name: str) -> StepConflict:
        return StepConflict(
            f"{redact(self._release.repo)}: {self._conflict(held, name).detail}",
            hint="a version that is taken is never released again: find out who made it, then plan a newer version",
            component=self._release.component,
        )

    @property
    def _tag_name(self) -> str:
        return f"tag {self._release.tag}"

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


def _described(found: GitObject) -> Held:
    """Read a tag object or a plain commit."""
    is_tag = found.kind == "tag"
    who = found.headers.get("tagger") or found.headers.get("committer") or "unknown"
    subject = found.message.partition("\n")[0][:200]
    commit = found.headers.get("object", found.oid) if is_tag else found.oid
    return Held(
        oid=found.oid,
        commit=commit,
        identity=identity_of(found.message) if is_tag else None,
        description=f"{commit[:10]} ({subject!r} by {who.partition(' <')[0]})",
    )
