"""The mirror cache: one bare repository for each remote address, shared by all processes of a machine."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from releasepilot.errors import CacheError, FetchError, SnapshotError
from releasepilot.repositories.command import Cancellation, CommandFailed, Git, redact

_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")

#: More packs than this slow every read down.
_PACKS = 40

_DAMAGED = re.compile(
    r"\.lock': File exists|object file .* is empty|loose object|bad (?:object|config|tree|pack|index|default)"
    r"|not a git repository|invalid (?:object|sha1)|index file .* (?:is too small|corrupt)|broken"
    r"|packfile .* (?:does not match|cannot|is far too short)|unable to (?:read|parse|find|resolve) "
    r"|missing (?:blob|tree|commit|object|necessary objects)|did not send all necessary objects"
    r"|failed to (?:read object|traverse parents)|inflate|corrupt"
)

_FOLDER_HINT = "free space in the cache folder, make it writable, or set RELEASEPILOT_CACHE_DIR to another folder"


class Mirror:
    """The bare copy of one repository. Commits in it are never pruned, so a pinned commit stays readable."""

    def __init__(
        self, cache: Path, repo: str, *, timeout: float = 300.0, cancellation: Cancellation | None = None
    ) -> None:
        """Mirror the address `repo` in the folder `cache`; no I/O yet."""
        self.repo = repo
        self._name = hashlib.sha256(repo.encode()).hexdigest()[:40]
        self._cache = cache
        self._cancellation = cancellation or Cancellation()
        self._timeout = timeout
        self.git = self._git(cache / f"{self._name}.git")

    @property
    def exists(self) -> bool:
        """Whether it was ever fetched."""
        return (self.git.folder / "HEAD").is_file()

    @property
    def shallow(self) -> bool:
        """Whether the remote's history is cut off."""
        return (self.git.folder / "shallow").exists()

    def fetch(self) -> None:
        """Bring branches and tags up to date. A mirror that an interruption left unusable is made anew.

        Raises `FetchError` where the remote does not answer, `CacheError` where the cache cannot be written.
        """
        with self._explained(), self.locked("fetch"):
            if not self.exists:
                self._create()
                return
            try:
                self._pull(self.git)
            except CommandFailed as failure:
                if not damaged(failure):
                    raise
                self._create()

    def rebuild(self) -> None:
        """Throw the mirror away and fetch it anew: for a reader who found it damaged."""
        with self._explained(), self.locked("fetch"):
            self._create()

    def fetch_ref(self, ref: str) -> None:
        """Bring the objects of one ref, without keeping the ref."""
        if not self.exists:
            self.fetch()
        with self._explained(), self.locked("fetch"):
            self._fetch(self.git, ref)

    def has(self, *objects: str) -> bool:
        """Whether all these objects are here, without asking the remote."""
        if not self.exists:
            return False
        asked = "".join(f"{name}\n" for name in objects).encode()
        return b" missing\n" not in self.git.run("cat-file", "--batch-check", stdin=asked)

    @contextlib.contextmanager
    def locked(self, purpose: str) -> Iterator[None]:
        """Exclude other threads and processes of this machine that do the same with this repository."""
        self._cache.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._cache / f"{self._name}.{purpose}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._wait_for(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _wait_for(self, descriptor: int) -> None:
        """Take the lock; look up now and then, so that a cancelled caller does not wait on."""
        end = time.monotonic() + self._timeout
        pause = 0.002
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._cancellation.cancelled or time.monotonic() > end:
                    raise CacheError(
                        f"the mirror of {redact(self.repo)} was held by another process for {self._timeout:g} seconds",
                        hint="wait until the other release has read the repository, or raise RELEASEPILOT_GIT_TIMEOUT",
                    ) from None
                time.sleep(pause)
                pause = min(pause * 2, 0.1)
            else:
                return

    def _create(self) -> None:
        """Fetch into a new folder and move it into place: a mirror is whole or it is not there."""
        fresh = self._git(self._cache / f"{self._name}.new")
        shutil.rmtree(fresh.folder, ignore_errors=True)
        try:
            fresh.run("init", "--bare", "--quiet", "--template=")
            self._fetch(fresh, *_REFSPECS)
            # Ten thousand tags are then one file to read, which also says what each of them points to.
            fresh.run("pack-refs", "--all")
        except BaseException:
            shutil.rmtree(fresh.folder, ignore_errors=True)
            raise
        shutil.rmtree(self.git.folder, ignore_errors=True)
        fresh.folder.rename(self.git.folder)

    def _pull(self, git: Git) -> None:
        """Fetch into a mirror that is there, and join its packs when they have become many."""
        self._fetch(git, *_REFSPECS)
        if sum(1 for _ in (git.folder / "objects" / "pack").glob("*.pack")) > _PACKS:
            # Unlike gc, a geometric repack never drops what no ref reaches, such as a staged release commit.
            git.run("repack", "--geometric=2", "-d", "--quiet")
            git.run("pack-refs", "--all")

    def _fetch(self, git: Git, *refspecs: str) -> None:
        """Run the one network command."""
        prune = ("--prune",) if refspecs == _REFSPECS else ()
        git.run(
            *("fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-show-forced-updates"),
            *("--no-auto-maintenance", "--update-shallow", "--update-head-ok", *prune, "--", self.repo, *refspecs),
        )

    def _git(self, folder: Path) -> Git:
        return Git(folder, timeout=self._timeout, cancellation=self._cancellation)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what went wrong into the error that says what to do."""
        try:
            yield
        except CommandFailed as failure:
            raise explain(failure, self.repo) from failure
        except OSError as failure:
            raise CacheError(f"the mirror cache cannot be written: {failure}", hint=_FOLDER_HINT) from failure


def explain(failure: CommandFailed, repo: str) -> SnapshotError:
    """Say in our terms why git could not read a repository."""
    if failure.cannot_write:
        return CacheError(f"the mirror cache cannot be written: {failure.reason}", hint=_FOLDER_HINT)
    address = redact(repo)
    if failure.timeout is not None:
        return FetchError(
            f"{address} did not answer: {failure.reason}",
            hint="look whether the address and the network are right, or raise RELEASEPILOT_GIT_TIMEOUT",
        )
    return FetchError(
        f"{address} could not be read: {failure.reason}",
        hint="look whether the repository is still there and this account may read it: git ls-remote says the same",
    )


def damaged(failure: CommandFailed) -> bool:
    """Whether a local read failed because the mirror itself is broken."""
    return failure.timeout is None and not failure.cannot_write and bool(_DAMAGED.search(failure.own_words))
