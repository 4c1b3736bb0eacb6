"""Whole trains for tests: real repositories, the real actuators, a worker on all queues, and a control to steer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.patience import PATIENCE
from support.remotes import Remote
from support.temporal import train_name
from temporalio.client import Client

from releasepilot.control import Control
from releasepilot.graph.planner import make_plan
from releasepilot.model.catalog import Catalog
from releasepilot.model.gate import Actor
from releasepilot.model.plan import Plan
from releasepilot.model.train import Record, Request, TrainView, request_of
from releasepilot.model.trust import Trust
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Tools
from releasepilot.repositories.snapshot import take_snapshot
from releasepilot.store.pool import open_pool
from releasepilot.store.read import Reader
from releasepilot.workers.pool import Posting, workers

ANNA = Actor(account="anna")
DATE = "2026-06-01"


def catalog_of(components: Sequence[dict[str, Any]], *, train: str = "", **more: Any) -> Catalog:
    """Read a catalog as a team would write it; a train without a name gets one that no other test uses."""
    return Catalog.model_validate(
        {"version": 1, "train": train or train_name(), "components": list(components), **more}
    )


@dataclass(frozen=True, kw_only=True)
class Depot:
    """Where trains of a test start: the planner, and a control over the servers."""

    client: Client
    control: Control
    reader: Reader
    #: The folder of the mirrors.
    cache: Path
    git_timeout: float = 60.0

    def request(self, catalog: Catalog, confirmed: str = "") -> Request:
        """Make the request that the command line would make."""
        traits = Registry.load(Tools(cache=self.cache)).traits()
        return request_of(catalog, traits, date=DATE, actor=ANNA, confirmed=confirmed)

    async def plan(self, catalog: Catalog) -> Plan:
        """Read the repositories and make the plan."""
        snapshot = await take_snapshot(catalog, self.cache, timeout=self.git_timeout)
        return make_plan(snapshot, self.request(catalog))

    async def start(self, catalog: Catalog, plan: Plan) -> str:
        """Start the train of a plan that its requester has confirmed."""
        return await self.control.start(self.request(catalog, plan.digest))

    async def release(self, catalog: Catalog) -> tuple[Plan, Record]:
        """Plan, confirm and release; return the plan and how the train ended."""
        plan = await self.plan(catalog)
        return plan, await self.ended(await self.start(catalog, plan))

    async def until(self, train: str, condition: Callable[[TrainView], bool], seconds: float = PATIENCE) -> TrainView:
        """Watch a train until a condition holds."""
        async with asyncio.timeout(seconds):
            async for view in self.control.watch(train):
                if condition(view):
                    return view
        raise AssertionError(f"{train} ended before that: {view.record}")

    def acting(self, account: str) -> Control:
        """Return a control for somebody else."""
        return Control(self.client, self.reader, Actor(account=account))

    async def ended(self, train: str, seconds: float = PATIENCE) -> Record:
        """Wait for a train's record."""
        view = await self.until(train, lambda view: view.record is not None, seconds)
        assert view.record is not None
        return view.record


@asynccontextmanager
async def depot(
    client: Client,
    database_url: str,
    folder: Path,
    *,
    working: bool = True,
    git_timeout: float = 60.0,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    trust: Trust | None = None,
) -> AsyncIterator[Depot]:
    """Give a depot, with a worker in this process unless `working` is false. Mirrors live in `folder`."""
    posting = Posting(database_url=database_url, cache=folder / "cache", git_timeout=git_timeout, now=now, trust=trust)
    async with open_pool(database_url) as pool, AsyncExitStack() as stack:
        if working:
            for worker in await stack.enter_async_context(workers(client, posting)):
                await stack.enter_async_context(worker)
        reader = Reader(pool)
        yield Depot(
            client=client,
            control=Control(client, reader, ANNA),
            reader=reader,
            cache=folder / "planning",
            git_timeout=git_timeout,
        )


@dataclass(frozen=True, kw_only=True)
class Before:
    """What a remote held before a train, to be compared with what it holds after."""

    remote: Remote
    refs: dict[str, str]
    tree: str

    @classmethod
    def of(cls, remote: Remote) -> Before:
        """Look at a remote now."""
        return cls(remote=remote, refs=remote.refs(), tree=tree_of(remote, "main"))

    def assert_untouched(self) -> None:
        """No ref has moved, appeared or gone."""
        assert self.remote.refs() == self.refs

    def assert_released(self, plan: Plan, component: str) -> None:
        """Branch and tag hold the planned release, in one commit on the pinned head, and no other ref has moved."""
        release = plan.release_of(component)
        branch, tag = f"refs/heads/{release.branch}", f"refs/tags/{release.tag}"
        after = self.remote.refs()
        tip = after.pop(branch)
        tag_object = after.pop(tag)
        assert after == {name: oid for name, oid in self.refs.items() if name != branch}
        assert self.remote.git("rev-list", f"{release.head}..{tip}") == tip
        assert self.remote.git("rev-list", "--parents", "-1", tip).split() == [tip, release.head]
        assert self.remote.git("cat-file", "-t", tag_object) == "tag"
        assert self.remote.git("rev-parse", f"{tag_object}^{{commit}}") == tip
        self.assert_planned_tree(plan, component, tip)

    def assert_planned_tree(self, plan: Plan, component: str, commit: str) -> None:
        """The files of a commit are those of the pinned head with the planned edits, and nothing else."""
        release = plan.release_of(component)
        changed = self.remote.git("diff-tree", "-r", "--name-only", "--no-renames", release.head, commit)
        assert changed.splitlines() == [edit.path for edit in release.edits]
        for edit in release.edits:
            before = self.remote.show(edit.path, release.head) if edit.before else ""
            assert self.remote.show(edit.path, commit) == edit.apply(before)

    def assert_taken_back(self) -> None:
        """The branch has the content of before, history was only added to, and no other ref has appeared or moved."""
        after = self.remote.refs()
        assert {**after, "refs/heads/main": ""} == {**self.refs, "refs/heads/main": ""}
        assert tree_of(self.remote, "main") == self.tree
        before, now = self.refs["refs/heads/main"], after["refs/heads/main"]
        assert self.remote.git("merge-base", before, now) == before


def tree_of(remote: Remote, rev: str) -> str:
    """Return the id of the tree of a revision."""
    return remote.git("rev-parse", f"{rev}^{{tree}}")


def subjects(remote: Remote, span: str = "main") -> list[str]:
    """Return the first lines of commit messages, newest first."""
    return remote.git("log", "--format=%s", span).splitlines()
