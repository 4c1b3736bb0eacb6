"""`releasepilot approve` and `reject`: one person's vote on the plan of a waiting train."""

from __future__ import annotations

import asyncio

import click

from releasepilot.cli.completion import complete_train
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, pass_invocation
from releasepilot.cli.render.text import console, plain
from releasepilot.cli.servers import reach
from releasepilot.control import Servers, connect
from releasepilot.model.gate import Decision

_train = click.argument("train", shell_complete=complete_train)
_comment = click.option("-m", "--comment", required=True, help="Why; kept in the record.")
_digest = click.option("--plan", "digest", default=None, help="Digest of the plan that you saw; refused if it changed.")


@click.command()
@_train
@_comment
@_digest
@pass_invocation
def approve(invocation: Invocation, train: str, comment: str, digest: str | None) -> int:
    """Approve the plan of a waiting train. Your account must hold one of the gate's roles."""
    return _vote(invocation, train, Decision.APPROVE, comment, digest)


@click.command()
@_train
@_comment
@_digest
@pass_invocation
def reject(invocation: Invocation, train: str, comment: str, digest: str | None) -> int:
    """Reject the plan of a waiting train; it ends without having done anything."""
    return _vote(invocation, train, Decision.REJECT, comment, digest)


def _vote(invocation: Invocation, train: str, decision: Decision, comment: str, digest: str | None) -> Exit:
    servers = reach(settings_of(invocation), quiet=invocation.quiet)
    found = asyncio.run(_send(servers, train, decision, comment, digest))
    if not invocation.quiet:
        said = "approved" if decision is Decision.APPROVE else "rejected"
        console().print(plain(f"{found}: {said}; watch it with: releasepilot status {found} --watch"))
    return Exit.OK


async def _send(servers: Servers, train: str, decision: Decision, comment: str, digest: str | None) -> str:
    async with connect(servers) as control:
        found = await control.resolve(train)
        await control.decide(found, decision, comment, digest)
        return found
