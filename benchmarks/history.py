"""What a changelog of everything and the next version alone cost over git's own log of the same commits.

Over a generated repository of 25,000 commits and 10,000 tags, and over the clone that `BENCH_REPO` names. Each is
measured in processes of its own; commitizen and git-cliff are timed beside where they are installed.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.result import Result
from releasepilot.cli.main import spare_collector
from releasepilot.model.catalog import Catalog, Ecosystem
from releasepilot.repositories.command import Git
from releasepilot.repositories.history import Concern, read_since
from releasepilot.repositories.mirror import Mirror
from releasepilot.repositories.refs import read_refs
from releasepilot.repositories.whole_changelog import whole_changelog
from releasepilot.versioning import decide_changes, policy_of

COMMITS, TAGS, UNRELEASED = 25_000, 10_000, 2_500
ROUNDS = 5
_FORMAT = "--format=%H%x00%P%x00%ct%x00%B%x01"
_KINDS = ("feat: add a thing", "fix(core): mend a thing", "chore: tidy", "docs: tell more", "perf(io): be quicker")


class Run(NamedTuple):
    """How a program ran: wall seconds, peak memory in KiB, and what it wrote."""

    seconds: float
    kib: int
    said: str


def run() -> list[Result]:
    """Measure the generated repository, then the clone, if there is one."""
    with tempfile.TemporaryDirectory(prefix="releasepilot-bench-") as folder:
        root = Path(folder)
        many, few = (make_history(root / f"{tags}.git", tags) for tags in (TAGS, TAGS // 100))
        results = [*_measured(many, root / "cache", f"{COMMITS} commits, {TAGS} tags"), *_growth(root, many, few)]
        clone = os.environ.get("BENCH_REPO")
        if clone:
            results += _measured(Path(clone).absolute(), root / "clone", clone)
    return results


def _measured(repo: Path, cache: Path, what: str) -> list[Result]:
    branch = _git(repo, "symbolic-ref", "--short", "HEAD")
    mirror = Mirror(cache, str(repo))
    mirror.fetch()
    last = json.loads(_child("version", cache, repo, branch).said)["tag"]
    span = f"refs/tags/{last}..{branch}" if last else branch
    log = ["git", f"--git-dir={mirror.git.folder}", "log", _FORMAT]
    whole = _compared([*log, branch], _words("changelog", cache, repo, branch))
    listing = ["git", f"--git-dir={mirror.git.folder}", "for-each-ref", "--sort=-v:refname", "--count=1", "refs/tags"]
    since = _compared([*log, span], _words("version", cache, repo, branch))
    found = _compared([*log, span], _words("version", cache, repo, branch), before=listing)
    return [
        Result(name="changelog of everything over git log", value=whole.ratio, at_most=4, how=f"{whole.how}; {what}"),
        Result(name="the same, start-up included", value=whole.with_start, how=whole.how_with_start),
        Result(name="peak memory of it over git's", value=whole.memory, at_most=3, how=whole.how_memory),
        Result(name="next version over git log of its range", value=since.ratio, at_most=2, how=f"{since.how}; {span}"),
        Result(name="the same over git's search for the tag, too", value=found.ratio, how=found.how),
        *_peers(repo),
    ]


class _Compared:
    """Medians over several rounds, each of one process of git and one of ours."""

    def __init__(self, floors: list[Run], ours: list[Run]) -> None:
        middle = statistics.median
        floor, kib = middle(one.seconds for one in floors), middle(one.kib for one in floors)
        work = middle(json.loads(one.said)["seconds"] for one in ours)
        wall, ours_kib = middle(one.seconds for one in ours), middle(one.kib for one in ours)
        self.ratio, self.with_start, self.memory = work / floor, wall / floor, ours_kib / kib
        self.how = f"{work * 1000:.0f} ms over {floor * 1000:.0f} ms, medians of {len(ours)}"
        self.how_with_start = f"{wall * 1000:.0f} ms over {floor * 1000:.0f} ms"
        self.how_memory = f"{ours_kib / 1024:.0f} MiB over {kib / 1024:.0f} MiB"


def _compared(floor: list[str], ours: list[str], before: list[str] | None = None) -> _Compared:
    """Run git and ours in turn; `before` is what git has to be asked first."""
    floors, runs = [], []
    for _ in range(ROUNDS):
        asked = _timed(before, keep=False).seconds if before else 0.0
        run = _timed(floor, keep=False)
        floors.append(run._replace(seconds=run.seconds + asked))
        runs.append(_timed(ours, keep=True))
    return _Compared(floors, runs)


def _growth(root: Path, many: Path, few: Path) -> list[Result]:
    """Compare the next version over a hundred times the tags, and over five times the history, with the same range."""
    cache = root / "cache"
    short = make_history(root / "short.git", TAGS // 100, COMMITS // 5)
    for repo in (few, short):
        Mirror(cache, str(repo)).fetch()
    times: dict[Path, list[float]] = {repo: [] for repo in (many, few, short)}
    for _ in range(ROUNDS):
        for repo, taken in times.items():
            taken.append(json.loads(_child("version", cache, repo, "main").said)["seconds"] * 1000)
    by = {repo: statistics.median(taken) for repo, taken in times.items()}
    last = json.loads(_child("version", cache, few, "main").said)["tag"]
    log = ["git", f"--git-dir={Mirror(cache, str(few)).git.folder}", "log", _FORMAT, f"refs/tags/{last}..main"]
    alone = statistics.median(_timed(log, keep=False).seconds * 1000 for _ in range(ROUNDS))
    folder = _compared([*log, "--", "part"], _words("folder", cache, few, "main"))
    return [
        Result(
            name="the same with few tags",
            value=by[few] / alone,
            at_most=2,
            how=f"{by[few]:.0f} ms over {alone:.0f} ms; {UNRELEASED} commits, {TAGS // 100} tags",
        ),
        Result(
            name="next version of a folder over git log of it",
            value=folder.ratio,
            at_most=2,
            how=folder.how,
        ),
        Result(
            name="next version: 100 times the tags",
            value=by[many] / by[few],
            at_most=1.5,
            how=f"{by[many]:.0f} ms over {by[few]:.0f} ms for the same range",
        ),
        Result(
            name="next version: 5 times the history",
            value=by[few] / by[short],
            at_most=1.5,
            how=f"{by[few]:.0f} ms over {by[short]:.0f} ms for the same range",
        ),
    ]


def _peers(repo: Path) -> Iterator[Result]:
    """Time other tools over the same repository, where they are installed."""
    for name, words in (("git-cliff", ["--repository", str(repo)]), ("cz", ["changelog", "--dry-run"])):
        program = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if program is None:
            continue
        with tempfile.TemporaryDirectory() as clone:
            _git(repo, "clone", "--quiet", "--local", "--no-checkout", str(repo), clone)
            one = _timed([program, *words], keep=False, cwd=clone)
        yield Result(name=f"{name} beside it", value=one.seconds, unit="s", how=f"{one.kib / 1024:.0f} MiB, one run")


def _child(task: str, cache: Path, repo: Path, branch: str) -> Run:
    return _timed(_words(task, cache, repo, branch), keep=True)


def _words(task: str, cache: Path, repo: Path, branch: str) -> list[str]:
    return [sys.executable, "-m", __name__, task, str(cache), str(repo), branch]


#: Runs a program and tells its peak memory. A process of its own, because that of a program counts from the memory of
#: the one that starts it.
_WITNESS = """
import os, subprocess, sys, time
begun = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - begun, usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def _timed(words: list[str], *, keep: bool, cwd: str | None = None) -> Run:
    """Run a program, and keep what it wrote where that is wanted."""
    output = subprocess.PIPE if keep else subprocess.DEVNULL
    done = subprocess.run(
        [sys.executable, "-S", "-c", _WITNESS, *words], stdout=output, stderr=subprocess.PIPE, cwd=cwd, check=keep
    )
    seconds, kib = done.stderr.split()
    return Run(float(seconds), int(kib), (done.stdout or b"").decode())


def measure(task: str, cache: Path, repo: str, branch: str) -> dict[str, object]:
    """Do one task in this process; its imports are done."""
    catalog = Catalog.model_validate(
        {
            "version": 1,
            "train": "bench",
            "defaults": {"branch": branch},
            "components": [{"name": "one", "repo": repo}],
        }
    )
    mirror = Mirror(cache, repo)
    tasks: dict[str, Callable[[], str]] = {
        "changelog": lambda: _write(catalog, mirror),
        "version": lambda: _next_version(mirror.git, branch),
        "folder": lambda: _next_version(mirror.git, branch, "part"),
    }
    begun = time.perf_counter()
    tag = tasks[task]()
    return {"seconds": time.perf_counter() - begun, "tag": tag}


def _write(catalog: Catalog, mirror: Mirror) -> str:
    with Path(os.devnull).open("w", encoding="utf-8") as file:
        file.writelines(whole_changelog(mirror, catalog, catalog.components[0], Ecosystem.NPM))
    return ""


def _next_version(git: Git, branch: str, folder: str = ".") -> str:
    """Decide as a plan does; return the tag that the range begins at."""
    refs = read_refs(git)
    since = read_since(refs, refs.heads[branch], "v{version}", Concern(path=folder))
    policy = policy_of("semantic-release")
    changes = [change for commit in since.commits for change in policy.read(commit.message)]
    tag, version = since.release or ("", None)
    decide_changes(version, changes, policy)
    return tag


def make_history(path: Path, tags: int, commits: int = COMMITS) -> Path:
    """Write a bare repository whose last release lies `UNRELEASED` commits back."""
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(path)], check=True)
    stream = "".join(_stream(commits, tags))
    subprocess.run(["git", "-C", str(path), "fast-import", "--quiet"], input=stream.encode(), check=True)
    return path


def _stream(commits: int, tags: int) -> Iterator[str]:
    spread = commits - UNRELEASED
    for index in range(commits):
        message = (
            f"{_KINDS[index % len(_KINDS)]} {index}\n\n"
            "Why it was done, and what else could have been done, in words that fill a line or two of a message.\n"
            f"\nRefs: #{index}\n"
        )
        content = f"line {index}\n"
        yield f"commit refs/heads/main\nmark :{index + 1}\ncommitter A <a@b> {1_500_000_000 + index * 60} +0000\n"
        yield f"data {len(message)}\n{message}M 100644 inline part/f{index % 50}\ndata {len(content)}\n{content}\n"
        if index < spread:
            for number in range(index * tags // spread, (index + 1) * tags // spread):
                name = f"v{number // 1000}.{number // 10 % 100}.{number % 10}"
                yield f"tag {name}\nfrom :{index + 1}\ntagger A <a@b> 1500000000 +0000\ndata {len(name)}\n{name}\n"


def _git(repo: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(repo), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    spare_collector()
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])))
