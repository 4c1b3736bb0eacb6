"""Who may vote at a gate: the catalog's policy held against who made what would be released."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from math import ceil

from releasepilot.errors import PlanError
from releasepilot.governance.approvals import matched
from releasepilot.governance.emergency import components_outside
from releasepilot.governance.people import People, address_of
from releasepilot.model.catalog import Catalog
from releasepilot.model.emergency import OpenEmergency
from releasepilot.model.gate import ApprovalGate, Excluded, OpenGate, Reapprove, Voter
from releasepilot.model.people import Contributor, Delegation
from releasepilot.model.plan import Plan, Release
from releasepilot.model.step import Step
from releasepilot.model.train import Request
from releasepilot.model.value import Value, digest_of

#: The realm of the embedded stack, which only the account that started it can reach.
LOCAL = "local"


def opened(gate: ApprovalGate, plan: Plan, request: Request) -> OpenGate:
    """Return a gate with its voters, for one plan; PlanError where it can never pass."""
    catalog = request.catalog
    owners = (owner for release in plan.releases for owner in release.owners)
    people = people_of(catalog, (request.requested_by.account, *_accounts(owners)))
    releases = [release for release in plan.releases if _concerned(gate, release.component)]
    excluded = _excluded(gate, releases, people, request)
    named = _named(gate, releases, people, request)
    own = [_voter(people, person) for person in named if person not in excluded and not people.machine(person)]
    voters = [*own, *_delegates(gate, own, people, excluded, catalog.delegations)]
    voters += _escalated(gate, voters, people, excluded, request)
    seats = [voter for voter in voters if not voter.stands_for]
    quorum = _quorum(gate, len(own))
    _refuse_impossible(gate, seats, quorum, {person: why for person, why in excluded.items() if person in named})
    voters += _vetoing(gate, voters, people, excluded, request)
    return OpenGate(
        name=gate.name,
        plan_digest=plan.digest,
        eligible=tuple(voter.person for voter in own),
        quorum=quorum,
        voters=tuple(voters),
        excluded=excluded,
        distinct_groups=gate.distinct_groups,
        in_turn=gate.in_turn,
        sla=gate.sla or 0,
        expires_after=gate.expires_after or 0,
        lapses_after=gate.lapses_after or 0,
        part=part_of(gate, plan),
    )


def emergency_of(plan: Plan, request: Request) -> OpenEmergency | None:
    """Return who may override for a plan; None where the catalog lets nobody."""
    policy = request.catalog.emergency
    if policy is None:
        return None
    people = people_of(request.catalog)
    holders = dict.fromkeys(_holders(policy.roles, people, request))
    return OpenEmergency(
        plan_digest=plan.digest,
        people=tuple(_voter(people, person) for person in holders if not people.machine(person)),
        reasons=policy.reasons,
        needed=1 if policy.sole else 2,
        expires_after=policy.expires_after,
        review_within=policy.review_within,
        outside=components_outside(policy.components, [release.component for release in plan.releases]),
    )


def people_of(catalog: Catalog, others: Iterable[str] = ()) -> People:
    """Return who is who: the accounts that a catalog names, and others that may vote or are kept out."""
    named = [member for members in catalog.roles.values() for member in members]
    named += [user for gate in catalog.gates for user in gate.users]
    named += [account for one in catalog.delegations for account in (one.giver, one.taker)]
    return People(catalog.people, [*named, *others])


def _accounts(owners: Iterable[str]) -> Iterator[str]:
    """Yield the accounts among code owners."""
    return (owner.removeprefix("@") for owner in owners if owner.startswith("@") and "/" not in owner)


def part_of(gate: ApprovalGate, plan: Plan) -> str:
    """Return the digest of what a gate's votes are on; while it stays the same they stay."""
    if gate.reapprove is Reapprove.NEVER:
        return Reapprove.NEVER.value
    releases = tuple(release for release in plan.releases if _concerned(gate, release.component))
    if gate.reapprove is Reapprove.PLAN:
        releases = tuple(release.model_copy(update={"changelog": "", "reasons": ()}) for release in releases)
    names = {release.component for release in releases}
    steps = tuple(step for step in plan.steps if step.component in names)
    return digest_of(_Part(releases=releases, steps=steps))


class _Part(Value):
    """What is voted on at a gate."""

    releases: tuple[Release, ...]
    steps: tuple[Step, ...]


def _concerned(gate: ApprovalGate, component: str) -> bool:
    return not gate.components or any(fnmatchcase(component, pattern) for pattern in gate.components)


def _named(gate: ApprovalGate, releases: Sequence[Release], people: People, request: Request) -> tuple[str, ...]:
    """Return the persons whom a policy names, each once."""
    groups = (person for group in gate.groups for person in people.members(group))
    users = (people.of_account(user) for user in gate.users)
    owners = (person for release in releases if gate.code_owners for person in _owning(release, people))
    return tuple(dict.fromkeys([*_holders(gate.roles, people, request), *groups, *users, *owners]))


def _owning(release: Release, people: People) -> Iterator[str]:
    """Yield the persons whom the owners of a release's files are."""
    for owner in release.owners:
        if not owner.startswith("@"):
            yield from filter(None, [people.of_address(owner)])
        elif "/" in owner:
            group = owner.removeprefix("@")
            yield from people.members(group) or people.members(group.rpartition("/")[2])
        else:
            yield people.of_account(owner.removeprefix("@"))


def _holders(roles: Sequence[str], people: People, request: Request) -> Iterator[str]:
    """Yield who holds a role: one without members belongs to the owner of an embedded stack, and to no other."""
    for role in roles:
        members = request.catalog.roles.get(role, ())
        if not members and request.requested_by.realm == LOCAL:
            members = (request.requested_by.account,)
        yield from (people.of_account(member) for member in members)


def _excluded(gate: ApprovalGate, releases: Sequence[Release], people: People, request: Request) -> dict[str, str]:
    """Return the accounts that may not vote, and why: nobody approves what is their own."""
    requester = people.of_account(request.requested_by.account)
    excluded: dict[str, str] = {}
    if Excluded.REQUESTER in gate.exclude:
        excluded[requester] = f"{requester} asked for the train"
    for release in releases:
        for contributor in release.contributors:
            person = _person(gate, release, contributor, people, requester)
            what = "committed" if contributor.committed_only else "wrote"
            if person is not None:
                excluded.setdefault(person, f"{person} {what} a part of {release.component} {release.to_version}")
    return {account: why for person, why in excluded.items() for account in people.accounts_of(person)}


def _person(
    gate: ApprovalGate, release: Release, contributor: Contributor, people: People, requester: str
) -> str | None:
    """Return whom a contribution keeps out; None where it keeps out nobody."""
    kind = Excluded.COMMITTER if contributor.committed_only else Excluded.AUTHOR
    if kind not in gate.exclude:
        return None
    person = people.of_address(contributor.address)
    if person is None:
        _refuse_stranger(gate, release, contributor)
    # What a program commits is the doing of whoever set it going.
    return requester if person is not None and people.machine(person) else person


def _refuse_stranger(gate: ApprovalGate, release: Release, contributor: Contributor) -> None:
    if gate.known_authors:
        raise PlanError(
            f"gate {gate.name!r} wants every author known, and nobody is known as {address_of(contributor)}",
            hint="list the address under `people` with whom it belongs to",
            component=release.component,
        )


def _voter(people: People, person: str, **given: object) -> Voter:
    own = {"person": person, "accounts": people.accounts_of(person), "groups": people.groups_of(person)}
    return Voter.model_validate({**own, **given})


def _delegates(
    gate: ApprovalGate,
    own: Sequence[Voter],
    people: People,
    excluded: dict[str, str],
    delegations: Iterable[Delegation],
) -> Iterator[Voter]:
    """Yield who may vote for somebody else. Whoever may vote themselves does, and conflicts go along."""
    seats = {voter.person: voter for voter in own}
    for delegation in delegations:
        giver, taker = people.of_account(delegation.giver), people.of_account(delegation.taker)
        for_this = not delegation.gates or gate.name in delegation.gates
        if for_this and giver in seats and taker not in seats and taker not in excluded and not people.machine(taker):
            yield _voter(
                people,
                taker,
                stands_for=giver,
                since=delegation.not_before,
                until=delegation.not_after,
                groups=seats[giver].groups,
            )


def _escalated(
    gate: ApprovalGate, voters: Sequence[Voter], people: People, excluded: dict[str, str], request: Request
) -> Iterator[Voter]:
    """Yield who may vote later on, the earliest way of each."""
    seen = {voter.person for voter in voters if not voter.stands_for}
    for step in sorted(gate.escalate, key=lambda step: step.after):
        for person in _holders(step.roles, people, request):
            if person not in seen and person not in excluded and not people.machine(person):
                seen.add(person)
                yield _voter(people, person, after=step.after)


def _vetoing(
    gate: ApprovalGate, voters: Sequence[Voter], people: People, excluded: dict[str, str], request: Request
) -> Iterator[Voter]:
    """Yield who may only reject. An author may not veto either: it would be a vote on their own."""
    seen = {voter.person for voter in voters if not voter.stands_for and not voter.after}
    for person in dict.fromkeys(_holders(gate.veto, people, request)):
        if person not in seen and person not in excluded and not people.machine(person):
            yield _voter(people, person, veto=True)


def _quorum(gate: ApprovalGate, eligible: int) -> int:
    if isinstance(gate.quorum, int):
        return gate.quorum
    return max(1, ceil(eligible * int(gate.quorum.removesuffix("%")) / 100))


def _refuse_impossible(gate: ApprovalGate, seats: Sequence[Voter], quorum: int, excluded: dict[str, str]) -> None:
    """Say at once that a gate can never pass, and who would have been needed."""
    without = f"; without {', '.join(excluded.values())}" if excluded else ""
    owners = ("the code owners",) if gate.code_owners else ()
    names = ", ".join(dict.fromkeys((*gate.roles, *gate.groups, *gate.users, *owners)))
    if len(seats) < quorum:
        raise PlanError(
            f"gate {gate.name!r} can never pass: {len(seats)} eligible, {quorum} needed{without}",
            hint=f"name more people for {names}, or lower the quorum",
        )
    groups = matched((voter.seat, voter.groups) for voter in seats) if gate.distinct_groups > 1 else 1
    if groups < gate.distinct_groups:
        raise PlanError(
            f"gate {gate.name!r} can never pass: people of {groups} groups, {gate.distinct_groups} needed{without}",
            hint=f"list the groups of {names} under `people`, or lower `distinct_groups`",
        )
