"""What snapshot and plan cost over the git commands that they need: a fetch and a log for each repository."""

from __future__ import annotations

import asyncio
import resource
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.result import Result, interleaved
from releasepilot.cli.main import spare_collector
from releasepilot.graph.planner import make_plan
from releasepilot.model.catalog import Catalog
from releasepilot.model.gate import Actor
from releasepilot.model.plan import Plan
from releasepilot.model.train import request_of
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Tools
from releasepilot.repositories.snapshot import take_snapshot

REPOSITORIES = 25
COMMITS = 2000
#: A release every so many commits. Real histories that were released by tools have about seven.
EVERY = 100
#: How far back the last release lies in the second measurement, a train whose components were all long forgotten. Most
#: of that time is Python's, a few microseconds for each commit that is read, rated and told.
LONG = 1000
CONCURRENCY = 8


def run() -> list[Result]:
    """Measure cold (an empty cache) and warm (nothing new to fetch), and warm with many commits to read."""
    spare_collector()
    with tempfile.TemporaryDirectory(prefix="releasepilot-bench-") as folder:
        usual, releases = _measure(Path(folder) / "usual", COMMITS // EVERY)
        long, _ = _measure(Path(folder) / "long", (COMMITS - LONG) // EVERY)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = f"{REPOSITORIES} repositories of {COMMITS} commits, a release every {EVERY}"
    return [
        Result(
            name="snapshot and plan over bare git, warm",
            value=usual["warm"][0],
            at_most=2,
            how=f"{usual['warm'][1]}; {size}",
        ),
        Result(name="snapshot and plan over bare git, cold", value=usual["cold"][0], at_most=3, how=usual["cold"][1]),
        Result(
            name="the same, warm, many commits to read",
            value=long["warm"][0],
            at_most=2,
            how=f"{long['warm'][1]}; {LONG} since the last release",
        ),
        Result(name="peak memory of the planning process", value=peak, unit="MiB", how=f"{releases} releases planned"),
    ]


def _measure(root: Path, tags: int) -> tuple[dict[str, tuple[float, str]], int]:
    """Return the ratios to bare git, each with its figures, over repositories with so many releases."""
    remotes = [make_remote(root / "remotes" / f"r{index:02}.git", index, tags) for index in range(REPOSITORIES)]
    components = [{"name": f"r{index:02}", "repo": str(path)} for index, path in enumerate(remotes)]
    catalog = Catalog.model_validate(
        {"version": 1, "train": "bench", "concurrency": CONCURRENCY, "components": components}
    )
    floor, ours, last = root / "floor", root / "ours", f"v1.0.{tags - 1}"
    plan = plan_with(catalog, ours)
    bare_git(remotes, floor, last)
    warm = interleaved(lambda: bare_git(remotes, floor, last), lambda: plan_with(catalog, ours), rounds=7)
    cold = interleaved(
        lambda: (shutil.rmtree(floor), bare_git(remotes, floor, last)),
        lambda: (shutil.rmtree(ours), plan_with(catalog, ours)),
        rounds=3,
    )
    ratios = {
        name: (times[1] / times[0], f"{times[1]:.2f} s over {times[0]:.2f} s")
        for name, times in (("warm", warm), ("cold", cold))
    }
    return ratios, len(plan.releases)


def plan_with(catalog: Catalog, cache: Path) -> Plan:
    """Take the snapshot and make the plan, as `releasepilot plan` does."""
    snapshot = asyncio.run(take_snapshot(catalog, cache, concurrency=CONCURRENCY))
    traits = Registry.load(Tools(cache=cache)).traits()
    return make_plan(snapshot, request_of(catalog, traits, date="2026-01-01", actor=Actor(account="bench")))


def bare_git(remotes: list[Path], cache: Path, last: str) -> None:
    """Fetch each repository into a bare one and log what is new since the last release, side by side."""

    def one(remote: Path) -> None:
        mirror = cache / remote.name
        if not mirror.exists():
            _git("init", "--quiet", "--bare", str(mirror))
        _git(
            "-C",
            str(mirror),
            "fetch",
            "--quiet",
            "--prune",
            str(remote),
            "+refs/heads/*:refs/heads/*",
            "+refs/tags/*:refs/tags/*",
        )
        _git("-C", str(mirror), "log", "-z", "--format=%H%x00%P%x00%ct%x00%B", f"{last}..main")

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(one, remotes))


def make_remote(path: Path, seed: int, tags: int) -> Path:
    """Write a repository with a manifest, a history of Conventional Commits, and releases from its beginning on."""
    _git("init", "--quiet", "--bare", "--initial-branch=main", str(path))
    subprocess.run(
        ["git", "-C", str(path), "fast-import", "--quiet"], input="".join(_history(seed, tags)).encode(), check=True
    )
    return path


def _history(seed: int, tags: int) -> list[str]:
    manifest = f'{{\n  "name": "r{seed:02}",\n  "version": "1.0.0"\n}}\n'
    kinds = ("feat: add a thing", "fix(core): mend a thing", "chore: tidy", "docs: tell more")
    lines = [f"blob\nmark :1\ndata {len(manifest)}\n{manifest}\n"]
    for index in range(COMMITS):
        message = f"{kinds[(index + seed) % 4]} {index}\n\nWhy it was done, in a few words.\n\nRefs: #{index}\n"
        content = f"line {index}\n"
        lines.append(f"commit refs/heads/main\nmark :{index + 2}\ncommitter A <a@b> {1_700_000_000 + index} +0000\n")
        lines.append(f"data {len(message)}\n{message}")
        lines.append("M 100644 :1 package.json\n" if index == 0 else "")
        lines.append(f"M 100644 inline f{index % 50}\ndata {len(content)}\n{content}\n")
        number = index // EVERY
        if index % EVERY == 0 and number < tags:
            name = f"v1.0.{number}"
            lines.append(f"tag {name}\nfrom :{index + 2}\ntagger A <a@b> 1700000000 +0000\ndata {len(name)}\n{name}\n")
    return lines


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
