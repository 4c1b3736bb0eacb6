"""What cannot hold together in gates, people and delegations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from releasepilot.model.gate import ApprovalGate
from releasepilot.model.people import Delegation, Person, mailbox

if TYPE_CHECKING:
    from releasepilot.model.catalog import Catalog

#: A place in the catalog, and what is wrong there.
Objection = tuple[tuple[str | int, ...], str]


def objections(
    gates: Sequence[ApprovalGate],
    people: Mapping[str, Person],
    delegations: Sequence[Delegation],
    *,
    components: Sequence[str],
    windows: Sequence[str],
) -> Iterator[Objection]:
    """Yield contradictions, each with the path of the later of the two places."""
    yield from _of_gates(gates, people, components, windows)
    yield from _of_people(people)
    yield from _of_delegations(delegations, [gate.name for gate in gates])


def doubts(catalog: Catalog) -> Iterator[Objection]:
    """Yield what can hold, and is hardly meant: roles that nobody is listed for, where that is refused nowhere else.

    A catalog without roles is for one person, and each role is then theirs.
    """
    if not catalog.roles:
        return
    places: list[tuple[tuple[str | int, ...], Sequence[str], str]] = []
    for index, gate in enumerate(catalog.gates):
        at = ("gates", index)
        places.append(((*at, "veto"), gate.veto, "veto"))
        places += [
            ((*at, "escalate", number, "roles"), step.roles, "be asked when it escalates")
            for number, step in enumerate(gate.escalate)
        ]
    if catalog.emergency:
        places.append((("emergency", "roles"), catalog.emergency.roles, "act in an emergency"))
    for path, roles, what in places:
        for place, role in enumerate(roles):
            if not catalog.roles.get(role):
                yield (
                    (*path, place),
                    f"nobody is listed for the role {role!r}, so none but the owner of an embedded stack could {what}",
                )


def _of_gates(
    gates: Sequence[ApprovalGate],
    people: Mapping[str, Person],
    components: Sequence[str],
    windows: Sequence[str],
) -> Iterator[Objection]:
    seen: set[str] = set()
    taken = {window.casefold() for window in windows}
    for index, gate in enumerate(gates):
        if gate.name.casefold() in seen:
            yield ("gates", index, "name"), f"another gate is named {gate.name!r}: give each a name of its own"
        if gate.name.casefold() in taken:
            yield (
                ("gates", index, "name"),
                f"a window is named {gate.name!r}: an override could not tell which is meant",
            )
        seen.add(gate.name.casefold())
        for place, group in enumerate(gate.groups):
            if not any(group in person.groups for person in people.values()):
                yield ("gates", index, "groups", place), f"nobody of `people` belongs to the group {group!r}"
        for place, pattern in enumerate(gate.components):
            if not any(fnmatchcase(name, pattern) for name in components):
                yield ("gates", index, "components", place), f"no component of the catalog is named {pattern!r}"


def _of_people(people: Mapping[str, Person]) -> Iterator[Objection]:
    """Nothing belongs to two people: a vote would count for one and an exclusion for the other."""
    accounts = {name.casefold(): name for name in people}
    addresses: dict[str, str] = {}
    for name, person in people.items():
        for kind, known, given in (("accounts", accounts, person.accounts), ("addresses", addresses, person.addresses)):
            for place, one in enumerate(given):
                other = known.setdefault(mailbox(one) if kind == "addresses" else one.casefold(), name)
                if other != name:
                    yield ("people", name, kind, place), f"{one!r} is {other!r} already: it cannot belong to two people"


def _of_delegations(delegations: Sequence[Delegation], gates: Sequence[str]) -> Iterator[Objection]:
    given: dict[str, dict[str, None]] = {}
    for index, one in enumerate(delegations):
        for place, gate in enumerate(one.gates):
            if gate not in gates:
                yield ("delegations", index, "gates", place), f"no gate is named {gate!r}"
        if _leads(given, one.taker, one.giver):
            yield ("delegations", index), f"{one.giver!r} and {one.taker!r} delegate to each other in a circle"
        given.setdefault(one.giver, {})[one.taker] = None


def _leads(given: Mapping[str, Mapping[str, None]], start: str, end: str) -> bool:
    """Whether a chain of delegations leads from one person to another."""
    todo, seen = [start], {start}
    while todo:
        one = todo.pop()
        if one == end:
            return True
        new = [taker for taker in given.get(one, ()) if taker not in seen]
        seen.update(new)
        todo += new
    return False
