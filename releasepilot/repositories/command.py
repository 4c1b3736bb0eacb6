"""The one place that runs git, through GitPython: safe settings, a time limit that holds, git's words on failure."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TypeVar, cast

from git.cmd import Git as GitPython
from git.exc import GitCommandNotFound

from releasepilot.errors import StackError

T = TypeVar("T")

#: Characters of git's own message that an error keeps.
MESSAGE_LIMIT = 2000

_CHUNK = 1 << 16

#: A user's own GIT_SSH_COMMAND wins over `core.sshCommand`, as it does for git. A persistent ssh connection that we
#: opened would keep our pipes open after git has ended.
_SETTINGS = {
    "core.autocrlf": "false",
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.sshCommand": "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ControlMaster=no",
    "credential.interactive": "false",
    "fetch.recurseSubmodules": "false",
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "init.defaultBranch": "main",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.ext.allow": "never",
    "protocol.version": "2",
    "push.followTags": "false",
    "push.gpgSign": "false",
    "push.recurseSubmodules": "no",
}

_ENVIRONMENT = {
    # `git+ssh` is ssh; helpers such as ext:: are commands in disguise.
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
    "GIT_EDITOR": ":",
    # A transfer slower than this for so long is dead; the time limit ends what these do not cover.
    "GIT_HTTP_LOW_SPEED_LIMIT": "1",
    "GIT_HTTP_LOW_SPEED_TIME": "60",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}

_PREFIX = ["git", *(word for key, value in _SETTINGS.items() for word in ("-c", f"{key}={value}"))]

_CREDENTIALS = re.compile(r"(?P<scheme>https?://)[^/\s]+@|(?P<ssh>ssh://[^/:\s@]+):[^/\s]+@")

_FULL_OR_FORBIDDEN = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|Read-only file system"
    # A child of git that the limit on file sizes ended.
    rf"|died of signal {int(signal.SIGXFSZ)}\b"
    r"|(?:creat|writ|mkdir|lock)[^\n]*Permission denied"
)


def redact(text: str) -> str:
    """Hide the credentials of URLs."""
    return _CREDENTIALS.sub(lambda found: f"{found['scheme'] or found['ssh'] + ':'}***@", text)


class CommandFailed(Exception):
    """Git did not do it. The callers of this package see it as one of `releasepilot.errors`."""

    def __init__(self, verb: str, status: int, stderr: str, *, stdout: str = "", timeout: float | None = None) -> None:
        """Keep what git said, bounded and without credentials; `timeout` is the limit that was exceeded."""
        #: The git command, such as `fetch`.
        self.verb = verb
        #: The exit status; negative for a signal.
        self.status = status
        self.stderr = stderr
        self.stdout = stdout
        self.timeout = timeout
        super().__init__(self.reason)

    @property
    def reason(self) -> str:
        """Why it failed, for people."""
        if self.timeout is not None:
            return f"git {self.verb} did not end within {self.timeout:g} seconds"
        said = redact(self.stderr.strip())
        if len(said) > MESSAGE_LIMIT:
            said = "... " + said[-MESSAGE_LIMIT:]
        if self.status == -signal.SIGXFSZ:
            return f"File too large {said}".rstrip()
        return said or f"git {self.verb} ended with status {self.status}"

    @property
    def server_said(self) -> str:
        """The remote's own lines, such as those of a hook."""
        lines = [
            line.removeprefix("remote:").strip() for line in self.stderr.splitlines() if line.startswith("remote:")
        ]
        return redact("\n".join(filter(None, lines)))[-MESSAGE_LIMIT:]

    @property
    def cannot_write(self) -> bool:
        """The local disk is full or may not be written."""
        return self.status == -signal.SIGXFSZ or bool(_FULL_OR_FORBIDDEN.search(self.own_words))

    @property
    def own_words(self) -> str:
        """What the local git said, without the remote's lines."""
        return "\n".join(line for line in self.stderr.splitlines() if not line.startswith("remote:"))


class Cancellation:
    """Ends every git process that was started under it, and refuses new ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """End what runs, children included. May be called from any thread, and again."""
        with self._lock:
            self._cancelled = True
            for process in self._running:
                end_group(process)

    @contextlib.contextmanager
    def watching(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Let `cancel` reach this process while the block runs, and end the process with the block."""
        with self._lock:
            self._running.add(process)
            if self._cancelled:
                end_group(process)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(process)
            if process.poll() is None:
                end_group(process)
                process.wait()


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads its own group, with all that it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


class Git:
    """Git in one bare repository. Words that come from outside go behind `--` or into a full refspec."""

    def __init__(self, folder: Path, *, timeout: float = 300.0, cancellation: Cancellation | None = None) -> None:
        """Work on `folder`; each command may take `timeout` seconds."""
        self.folder = folder
        self.timeout = timeout
        self.cancellation = cancellation or Cancellation()
        self._git = GitPython(folder.parent)
        # Set here, so that a ReleasePilot started by a git hook does not work on the hook's repository.
        self._environment = {
            **_ENVIRONMENT,
            "GIT_DIR": str(folder),
            "GIT_OBJECT_DIRECTORY": str(folder / "objects"),
            "GIT_INDEX_FILE": str(folder / "index"),
        }

    def run(self, *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """Run one command and return what it wrote; raise `CommandFailed` where it fails or takes too long."""
        with tempfile.TemporaryFile() if stdin else contextlib.nullcontext() as feed:
            _fill(feed, stdin)
            process = self._start(words, feed, env)
        timeout = None
        with self.cancellation.watching(process):
            try:
                out, err = process.communicate(timeout=self.timeout)
            except subprocess.TimeoutExpired:
                timeout = self.timeout
                end_group(process)
                out, err = _last_words(process)
        if process.returncode or timeout is not None:
            raise CommandFailed(words[0], process.returncode, _text(err), stdout=_text(out), timeout=timeout)
        return out

    def stream(self, *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Iterator[bytes]:
        """Run one command and hand out what it writes in chunks, holding one of them in memory."""
        with tempfile.TemporaryFile() if stdin else contextlib.nullcontext() as feed:
            _fill(feed, stdin)
            process = self._start(words, feed, env)
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            end_group(process)

        errors: deque[bytes] = deque(maxlen=4)
        drain = threading.Thread(target=_drain, args=(process, errors), daemon=True)
        timer = threading.Timer(self.timeout, expire)
        timer.daemon = True
        with self.cancellation.watching(process), process:
            drain.start()
            timer.start()
            try:
                yield from _chunks(process)
                process.wait()
            finally:
                timer.cancel()
                end_group(process)
                drain.join()
        if process.returncode or expired.is_set():
            limit = self.timeout if expired.is_set() else None
            raise CommandFailed(words[0], process.returncode, _text(b"".join(errors)), timeout=limit)

    def _start(
        self, words: tuple[str, ...], feed: IO[bytes] | None, env: Mapping[str, str] | None
    ) -> subprocess.Popen[bytes]:
        """Start git as the leader of a process group of its own."""
        try:
            started = self._git.execute(
                [*_PREFIX, *words],
                istream=cast("None", feed),
                as_process=True,
                env={**self._environment, **(env or {})},
                start_new_session=True,
            )
        except GitCommandNotFound as missing:
            raise StackError("git was not found", hint="install git 2.30 or newer and put it on the PATH") from missing
        process = started.proc
        # GitPython's wrapper would end the process when it goes out of scope; `watching` does that from here on.
        started.proc = None
        if process is None:
            raise StackError("git could not be started", hint="look whether the machine is out of processes or memory")
        return cast("subprocess.Popen[bytes]", process)


def _fill(feed: IO[bytes] | None, stdin: bytes) -> None:
    """Put what git shall read into a file: a pipe could block both sides."""
    if feed is not None:
        feed.write(stdin)
        feed.seek(0)


def _chunks(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Read what a process writes as it comes."""
    if process.stdout is not None:
        descriptor = process.stdout.fileno()
        while chunk := os.read(descriptor, _CHUNK):
            yield chunk


def _drain(process: subprocess.Popen[bytes], kept: deque[bytes]) -> None:
    """Keep the end of what a process complains about, so that it never blocks on a full pipe."""
    if process.stderr is not None:
        descriptor = process.stderr.fileno()
        while chunk := os.read(descriptor, _CHUNK):
            kept.append(chunk)


def _last_words(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Collect what a killed process left, and do not wait for somebody else who holds its pipes."""
    try:
        return process.communicate(timeout=2)
    except subprocess.TimeoutExpired:
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()
        return b"", b""


def _text(data: bytes) -> str:
    """Decode what git says to people."""
    return data.decode("utf-8", "replace")
