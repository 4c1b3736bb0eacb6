"""Take the snapshot: fetch every repository once, side by side, and read each component at one pinned commit."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from releasepilot.errors import (
    ManifestError,
    PlanError,
    ReleasePilotError,
    SnapshotError,
)
from releasepilot.model.catalog import Catalog, ComponentEntry
from releasepilot.model.paths import from_root
from releasepilot.model.snapshot import BranchSource, ComponentSource, Snapshot, SourceFile
from releasepilot.model.versioning import BranchEntry
from releasepilot.repositories.command import Cancellation, CommandFailed, redact
from releasepilot.repositories.contents import Contents, Folder, read_contents
from releasepilot.repositories.history import Concern, Since, read_after, read_since
from releasepilot.repositories.lines import branch_missing, counted_from, folder_missing, read_branches, truncated
from releasepilot.repositories.mirror import Mirror, damaged, explain
from releasepilot.repositories.newcomers import count_newcomers
from releasepilot.repositories.objects import GitObject
from releasepilot.repositories.ownership import read_owners
from releasepilot.repositories.refs import Refs, read_refs
from releasepilot.repositories.threads import in_thread
from releasepilot.repositories.working_copy import checked_out

_CHANGELOG = "CHANGELOG.md"

#: Told of a component and of what happens to it: `fetching`, `read` or `failed`.
Progress = Callable[[str, str], None]


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """A component with the defaults of its catalog filled in."""

    entry: ComponentEntry
    branch: str
    tag: str
    #: Its branches, where they are kept apart from each other.
    branches: tuple[BranchEntry, ...] = ()
    #: Whether a gate asks who owns what is changed.
    owned: bool = False
    #: Whether the risk decides anything, so that it is worth knowing who is new.
    weighed: bool = False


@dataclass(frozen=True, kw_only=True)
class _Pinned:
    """A component at the commit of its branch, with what is not released yet."""

    wanted: _Wanted
    head: str
    since: Since
    branches: tuple[BranchSource, ...] = ()
    owners: tuple[str, ...] = ()
    newcomers: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What one component gave: its source, or the error that names it."""

    name: str
    source: ComponentSource | None = None
    error: ReleasePilotError | None = None


async def take_snapshot(
    catalog: Catalog,
    cache: Path,
    *,
    concurrency: int = 8,
    timeout: float = 300.0,  # noqa: ASYNC109 - it bounds each git command, not this call
    progress: Progress | None = None,
) -> Snapshot:
    """Read all components of a catalog, `concurrency` repositories at a time; `timeout` bounds each git command.

    Components of one repository share its fetch. Every repository is tried before a `SnapshotError` is raised; it names
    all components that failed, and its class is that of the first.
    """
    groups: dict[str, list[_Wanted]] = {}
    for entry in catalog.components:
        wanted = _Wanted(
            entry=entry,
            branch=catalog.branch_of(entry),
            tag=catalog.tag_of(entry),
            branches=catalog.branches_of(entry) if catalog.parted(entry) else (),
            owned=any(gate.code_owners for gate in catalog.gates),
            weighed=catalog.weighs_risk,
        )
        groups.setdefault(entry.repo, []).append(wanted)
    slots = asyncio.Semaphore(concurrency)
    tell = progress or (lambda _component, _state: None)
    with ThreadPoolExecutor(concurrency, thread_name_prefix="snapshot") as pool:

        async def read(repo: str, wanted: list[_Wanted]) -> list[_Read]:
            async with slots:
                for one in wanted:
                    tell(one.entry.name, "fetching")
                found = await in_thread(lambda stop: _read_repository(cache, repo, wanted, timeout, stop), pool)
            for one_read in found:
                tell(one_read.name, "failed" if one_read.error else "read")
            return found

        try:
            async with asyncio.TaskGroup() as tasks:
                readings = [tasks.create_task(read(repo, wanted)) for repo, wanted in groups.items()]
        except BaseExceptionGroup as several:
            # Not a repository's fault, such as a missing git: the first says it.
            raise several.exceptions[0] from None
    by_name = {one.name: one for reading in readings for one in reading.result()}
    errors = [error for entry in catalog.components if (error := by_name[entry.name].error)]
    if errors:
        raise _joined(errors)
    return Snapshot(components=tuple(source for name in sorted(by_name) if (source := by_name[name].source)))


def _joined(errors: list[ReleasePilotError]) -> ReleasePilotError:
    """Make one error of several: the class of the first, every component named, each remedy once."""
    if len(errors) == 1:
        return errors[0]
    hints = tuple(dict.fromkeys(error.hint for error in errors if error.hint))
    message = f"{len(errors)} components could not be read\n" + "\n".join(f"  {error}" for error in errors)
    return type(errors[0])(message, hint="; ".join(hints))


def _read_repository(
    cache: Path, repo: str, wanted: list[_Wanted], timeout: float, cancellation: Cancellation
) -> list[_Read]:
    """Fetch one repository and read its components; a mirror found damaged is rebuilt once."""
    mirror = Mirror(cache, repo, timeout=timeout, cancellation=cancellation)
    try:
        mirror.fetch()
        held = checked_out(repo, timeout=timeout, cancellation=cancellation)
        try:
            return _read_components(mirror, wanted, held)
        except CommandFailed as failure:
            if not damaged(failure):
                raise explain(failure, repo) from failure
            mirror.rebuild()
            return _read_components(mirror, wanted, held)
    except CommandFailed as failure:
        return _all_failed(wanted, explain(failure, repo))
    except SnapshotError as error:
        return _all_failed(wanted, error)


def _all_failed(wanted: list[_Wanted], error: SnapshotError) -> list[_Read]:
    """Blame one cause on every component that lives in the repository."""
    names = [one.entry.name for one in wanted]
    return [_Read(name=name, error=type(error)(error.message, hint=error.hint, component=name)) for name in names]


def _read_components(mirror: Mirror, wanted: list[_Wanted], held: Mapping[str, Path]) -> list[_Read]:
    """Read every component of a fetched repository; the files of all of them with one process.

    `held` are the branches that its working copies hold, which could be planned for but not pushed to.
    """
    refs = read_refs(mirror.git)
    failed: list[_Read] = []
    pinned: list[_Pinned] = []
    for one in wanted:
        try:
            _refuse_held(one, held)
            pinned.append(_pin(mirror, refs, one))
        except (SnapshotError, PlanError) as error:
            error.component = one.entry.name
            failed.append(_Read(name=one.entry.name, error=error))
    contents = read_contents(mirror.git, [_folder(pin.wanted.entry, pin.head) for pin in pinned])
    found: list[_Read] = []
    for pin, own in zip(pinned, contents, strict=True):
        name = pin.wanted.entry.name
        try:
            found.append(_Read(name=name, source=_source(pin, own)))
        except SnapshotError as error:
            found.append(_Read(name=name, error=error))
    return [*found, *failed]


def _folder(entry: ComponentEntry, head: str) -> Folder:
    """Ask for a component's manifests, places and changelog."""
    files = (*(place.path for place in entry.places), _CHANGELOG)
    return Folder(head=head, path=entry.path, ecosystem=entry.ecosystem, files=files)


def _pin(mirror: Mirror, refs: Refs, wanted: _Wanted) -> _Pinned:
    """Pin the head of a component's branch and find its last release."""
    entry = wanted.entry
    head = refs.heads.get(wanted.branch)
    if head is None:
        raise branch_missing(entry, wanted.branch, sorted(refs.heads))
    concern = Concern(path=entry.path, watch=entry.watch, scopes=entry.scopes)
    branches = read_branches(refs, wanted.tag, wanted.branches) if wanted.branches else ()
    if wanted.branches:
        release = counted_from(refs, wanted.tag, wanted.branches, wanted.branch, branches)
        since = read_after(refs, head, release, concern)
    else:
        since = read_since(refs, head, wanted.tag, concern)
    if since.release is None and mirror.shallow:
        raise truncated(entry, f"a release tag {wanted.tag!r} that {wanted.branch} contains")
    base = refs.commit_of(since.release[0]) if (wanted.owned or wanted.weighed) and since.release else None
    return _Pinned(
        wanted=wanted,
        head=head,
        since=since,
        branches=branches,
        owners=read_owners(mirror.git, head, base, concern.pathspecs) if wanted.owned else (),
        # At a first release everybody is new, and that says nothing.
        newcomers=count_newcomers(mirror.git, base, since.commits) if wanted.weighed and base else None,
    )


def _refuse_held(wanted: _Wanted, held: Mapping[str, Path]) -> None:
    """Raise where the push of the release would be refused, before other components are public."""
    folder = held.get(wanted.branch)
    if folder is None:
        return
    setting = f"git -C {shlex.quote(str(folder))} config receive.denyCurrentBranch updateInstead"
    raise SnapshotError(
        f"{redact(wanted.entry.repo)} takes no push to {wanted.branch}: it is checked out in {folder}",
        hint=f"release from a bare repository, check out another branch there, or let a push update it: {setting}",
        component=wanted.entry.name,
    )


def _source(pinned: _Pinned, contents: Contents | None) -> ComponentSource:
    """Put together what was read of a component."""
    entry, since = pinned.wanted.entry, pinned.since
    if contents is None:
        raise folder_missing(entry, pinned.wanted.branch)
    _refuse_links(entry, contents)
    tag, version = since.release or (None, None)
    return ComponentSource(
        name=entry.name,
        head=pinned.head,
        ecosystem=contents.ecosystem,
        last_tag=tag,
        last_version=version,
        branches=pinned.branches,
        commits=since.commits,
        owners=pinned.owners,
        newcomers=pinned.newcomers,
        files=tuple(_text_file(entry, from_root(entry.path, name), blob) for name, blob in contents.files.items()),
    )


def _refuse_links(entry: ComponentEntry, contents: Contents) -> None:
    """Raise where a file is a symbolic link: its text is a path, and an edit would make that another."""
    links = [from_root(entry.path, name) for name in contents.links]
    if links:
        raise ManifestError(
            f"{', '.join(links)} is a symbolic link, and editing it would break it",
            hint="commit the file itself in its place",
            component=entry.name,
        )


def _text_file(entry: ComponentEntry, path: str, blob: GitObject) -> SourceFile:
    """Decode a file; line endings stay as they are."""
    try:
        text = blob.data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"{path} is not UTF-8: byte {error.start} is {blob.data[error.start]:#04x}",
            hint="save the file as UTF-8 and commit it",
            component=entry.name,
        ) from None
    return SourceFile(path=path, blob=blob.oid, text=text)
