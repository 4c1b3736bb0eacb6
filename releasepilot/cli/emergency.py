"""`releasepilot override` and `review`: break the glass, and make good for it."""

from __future__ import annotations

import asyncio

import click
from pydantic import TypeAdapter, ValidationError

from releasepilot.cli.completion import complete_train
from releasepilot.cli.environment import settings_of
from releasepilot.cli.exits import Exit
from releasepilot.cli.invocation import Invocation, pass_invocation
from releasepilot.cli.render.text import console, plain
from releasepilot.cli.render.train import condition_lines
from releasepilot.cli.servers import reach
from releasepilot.control import Servers, connect
from releasepilot.model.emergency import Incident
from releasepilot.model.train import TrainView

_INCIDENT: TypeAdapter[str] = TypeAdapter(Incident)
_train = click.argument("train", shell_complete=complete_train)


def _incident(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Refuse what is no number of an incident."""
    try:
        return _INCIDENT.validate_python(value)
    except ValidationError:
        raise click.BadParameter(
            "write it as your incident system does: letters, digits and . _ / # -, at most 64"
        ) from None


_comment = click.option("-m", "--comment", required=True, help="Why; kept in the record.")


@click.command()
@_train
@click.option("--waive", "waives", multiple=True, required=True, help="A gate or window, by name. Repeat for more.")
@click.option("--reason", required=True, help="One of the catalog's reason codes.")
@click.option("--incident", required=True, callback=_incident, help="The incident's number.")
@click.option("--plan", "digest", default="", help="Digest of the plan that you saw; refused if it changed.")
@_comment
@pass_invocation
def override(
    invocation: Invocation,
    train: str,
    *,
    waives: tuple[str, ...],
    reason: str,
    incident: str,
    digest: str,
    comment: str,
) -> int:
    """Let a waiting train past gates and windows, because of an incident.

    The catalog's `emergency` says who may. Unless it says that one is enough, a second person has to say the same.
    The incident has to be reviewed afterwards.
    """
    servers = reach(settings_of(invocation), quiet=invocation.quiet)
    view = asyncio.run(
        _override(servers, train, waives, reason=reason, incident=incident, comment=comment, plan=digest)
    )
    if not invocation.quiet:
        alone = any(condition.what.startswith("override of ") for condition in view.conditions)
        said = f"{view.train}: taken down" + ("; a second person has to say the same" if alone else "; it goes on")
        for line in (said, *condition_lines(view.conditions)):
            console().print(plain(line))
    return Exit.OK


async def _override(
    servers: Servers, train: str, waives: tuple[str, ...], *, reason: str, incident: str, comment: str, plan: str
) -> TrainView:
    async with connect(servers) as control:
        found = await control.resolve(train)
        return await control.override(found, waives, reason=reason, incident=incident, comment=comment, digest=plan)


@click.command()
@_train
@_comment
@pass_invocation
def review(invocation: Invocation, train: str, comment: str) -> int:
    """Write down what happened in an emergency. Until then, and once it is due, no other train of its name starts."""
    servers = reach(settings_of(invocation), quiet=invocation.quiet)
    found = asyncio.run(_review(servers, train, comment))
    if not invocation.quiet:
        console().print(plain(f"{found} is reviewed"))
    return Exit.OK


async def _review(servers: Servers, train: str, comment: str) -> str:
    async with connect(servers) as control:
        return await control.review(await control.resolve(train), comment)
