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
#: The last release lies so many commits back.
SINCE = 1000
CONCURRENCY = 8


def run() -> list[Result]:
    """Measure cold (an empty cache) and warm (nothing new to fetch)."""
    with tempfile.TemporaryDirectory(prefix="releasepilot-bench-") as folder:
        root = Path(folder)
        remotes = [make_remote(root / "remotes" / f"r{index:02}.git", index) for index in range(REPOSITORIES)]
        catalog = Catalog.model_validate(
            {
                "version": 1,
                "train": "bench",
                "concurrency": CONCURRENCY,
                "components": [{"name": f"r{index:02}", "repo": str(path)} for index, path in enumerate(remotes)],
            }
        )
        floor, ours = root / "floor", root / "ours"
        plan = plan_with(catalog, ours)
        bare_git(remotes, floor)
        warm_floor, warm = interleaved(lambda: bare_git(remotes, floor), lambda: plan_with(catalog, ours), rounds=5)
        cold_floor, cold = interleaved(
            lambda: (shutil.rmtree(floor), bare_git(remotes, floor)),
            lambda: (shutil.rmtree(ours), plan_with(catalog, ours)),
            rounds=3,
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = f"{REPOSITORIES} repositories of {COMMITS} commits, {SINCE} since the last release"
    return [
        Result(
            name="snapshot and plan over bare git, warm",
            value=warm / warm_floor,
            at_most=2,
            how=f"{warm:.2f} s over {warm_floor:.2f} s; {size}",
        ),
        Result(
            name="snapshot and plan over bare git, cold",
            value=cold / cold_floor,
            at_most=3,
            how=f"{cold:.2f} s over {cold_floor:.2f} s",
        ),
        Result(
            name="peak memory of the planning process",
            value=peak,
            unit="MiB",
            how=f"{len(plan.releases)} releases planned",
        ),
    ]


def plan_with(catalog: Catalog, cache: Path) -> Plan:
    """Take the snapshot and make the plan, as `releasepilot plan` does."""
    snapshot = asyncio.run(take_snapshot(catalog, cache, concurrency=CONCURRENCY))
    traits = Registry.load(Tools(cache=cache)).traits()
    return make_plan(snapshot, request_of(catalog, traits, date="2026-01-01", actor=Actor(account="bench")))


def bare_git(remotes: list[Path], cache: Path) -> None:
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
        _git("-C", str(mirror), "log", "-z", "--format=%H%x00%P%x00%ct%x00%B", "v1.0.0..main")

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(one, remotes))


def make_remote(path: Path, seed: int) -> Path:
    """Write a repository with a manifest and a history of Conventional Commits."""
    _git("init", "--quiet", "--bare", "--initial-branch=main", str(path))
    subprocess.run(
        ["git", "-C", str(path), "fast-import", "--quiet"], input="".join(_history(seed)).encode(), check=True
    )
    return path


def _history(seed: int) -> list[str]:
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
        if index == COMMITS - SINCE - 1:
            lines.append(f"tag v1.0.0\nfrom :{index + 2}\ntagger A <a@b> 1700000000 +0000\ndata 6\nv1.0.0\n")
    return lines


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
