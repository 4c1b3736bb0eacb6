"""Who may vote: the catalog's policy held against who made what would be released."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from support.world import plan_of, step

from releasepilot.errors import PlanError
from releasepilot.governance.eligibility import opened, part_of
from releasepilot.model.catalog import Catalog
from releasepilot.model.gate import Actor, ApprovalGate, OpenGate, Reapprove
from releasepilot.model.people import Contributor
from releasepilot.model.plan import Plan
from releasepilot.model.train import Request

MANAGERS = {"managers": ["anna", "bert", "carl"]}


def a_plan(*by: str, committed: bool = False, **release: object) -> Plan:
    """Plan one component that people of these addresses made."""
    plan = plan_of("t", [step("lib", "push")], {"lib": ()})
    made = tuple(Contributor(name="N", address=address, committed_only=committed) for address in by)
    (lib,) = plan.releases
    return plan.model_copy(update={"releases": (lib.model_copy(update={"contributors": made, **release}),)})


def open_for(gate: dict[str, Any], plan: Plan, *, requester: Actor | None = None, **catalog: Any) -> OpenGate:
    """Open a gate of a catalog for a plan."""
    whole = {"version": 1, "train": "t", "components": [{"name": "lib", "repo": "/r"}], "roles": MANAGERS, **catalog}
    request = Request(
        catalog=Catalog.model_validate(whole),
        date="2026-01-01",
        requested_by=requester or Actor(account="rita", realm="os"),
    )
    return opened(ApprovalGate.model_validate({"uses": "approval", **gate}), plan, request)


def test_a_part_of_those_who_may_vote_is_rounded_up() -> None:
    """Half of three is two; whoever may not vote is not counted."""
    gate = {"roles": ["managers"], "quorum": "50%"}
    assert open_for(gate, a_plan()).quorum == 2
    assert open_for(gate, a_plan("anna@example.org")).quorum == 1


def test_authors_and_committers_are_kept_out_as_the_policy_says() -> None:
    """By default both; a policy may let committers vote, or everybody."""
    policy: dict[str, Any] = {"roles": ["managers"]}
    by_anna = a_plan("anna@example.org", committed=True)
    assert open_for(policy, by_anna).eligible == ("bert", "carl")
    assert open_for({**policy, "exclude": ["author"]}, by_anna).eligible == ("anna", "bert", "carl")
    assert open_for({**policy, "exclude": []}, a_plan("anna@example.org")).eligible == ("anna", "bert", "carl")


def test_a_program_counts_as_who_set_it_going() -> None:
    """Its commits are those of the requester, and it never votes itself."""
    people = {"robot": {"machine": True, "addresses": ["robot@ci.example"]}}
    roles = {"managers": ["anna", "rita", "robot"]}
    found = open_for({"roles": ["managers"]}, a_plan("robot@ci.example"), people=people, roles=roles)
    assert found.eligible == ("anna",)
    assert found.excluded == {"rita": "rita wrote a part of lib 1.0.0"}


def test_a_stranger_is_refused_where_authors_must_be_known() -> None:
    """Without that a stranger's commits keep out nobody."""
    plan = a_plan("who@else.example")
    assert open_for({"roles": ["managers"]}, plan).eligible == ("anna", "bert", "carl")
    with pytest.raises(PlanError, match="nobody is known as N <who@else"):
        open_for({"roles": ["managers"], "known_authors": True}, plan)


def test_groups_and_names_may_vote_too() -> None:
    """Each person once, in the order of roles, groups and names."""
    people = {"dora": {"groups": ["ops"]}, "emil": {"groups": ["ops"]}}
    gate = {"roles": ["managers"], "groups": ["ops"], "users": ["emil", "fred"]}
    assert open_for(gate, a_plan(), people=people).eligible == ("anna", "bert", "carl", "dora", "emil", "fred")


def test_too_few_groups_are_said_at_once() -> None:
    """One person of two groups does not stand for both."""
    people = {"anna": {"groups": ["web", "core"]}}
    gate = {"users": ["anna"], "distinct_groups": 2}
    with pytest.raises(PlanError, match="people of 1 groups, 2 needed"):
        open_for(gate, a_plan(), people=people)


def test_a_delegation_creates_no_conflict() -> None:
    """Nobody votes for somebody else on what is their own, nor for somebody who may not vote."""
    term = {"not_before": datetime(2026, 1, 1, tzinfo=UTC), "not_after": datetime(2027, 1, 1, tzinfo=UTC)}
    given = [{"from": "bert", "to": "dora", **term}]
    gate = {"roles": ["managers"]}

    def standing(*by: str) -> list[str]:
        return [str(voter) for voter in open_for(gate, a_plan(*by), delegations=given).voters if voter.stands_for]

    assert standing() == ["dora for bert"]
    assert standing("dora@example.org") == []
    assert standing("bert@example.org") == []


def test_a_delegation_goes_one_step() -> None:
    """Who votes for somebody cannot hand that on, and who may vote themselves does."""
    term = {"not_before": datetime(2026, 1, 1, tzinfo=UTC), "not_after": datetime(2027, 1, 1, tzinfo=UTC)}
    given = [{"from": "bert", "to": "dora", **term}, {"from": "dora", "to": "emil", **term}]
    given += [{"from": "carl", "to": "anna", **term}]
    found = open_for({"roles": ["managers"]}, a_plan(), delegations=given)
    assert [str(voter) for voter in found.voters if voter.stands_for] == ["dora for bert"]


def test_a_code_owner_does_not_vote_on_their_own_change() -> None:
    """Also where nothing but the CODEOWNERS file names their account; nor does a requester who has an empty role."""
    plan = a_plan("123+dora@users.noreply.github.com", owners=("@dora", "@emil"))
    assert open_for({"code_owners": True}, plan).eligible == ("emil",)
    owner = Actor(account="rita", realm="local")
    by_rita = a_plan("9+rita@users.noreply.github.com")
    with pytest.raises(PlanError, match="0 eligible, 1 needed; without rita wrote"):
        open_for({"roles": ["nobody"]}, by_rita, requester=owner)


def test_a_delegation_that_has_ended_keeps_nobody_from_escalating() -> None:
    """Who votes for somebody else for a time may also be asked in their own place."""
    term = {"not_before": datetime(2020, 1, 1, tzinfo=UTC), "not_after": datetime(2020, 2, 1, tzinfo=UTC)}
    gate = {"users": ["anna"], "quorum": 2, "escalate": [{"after": "1h", "roles": ["heads"]}]}
    given = [{"from": "anna", "to": "carl", **term}]
    found = open_for(gate, a_plan(), roles={"heads": ["carl"]}, delegations=given)
    assert [str(voter) for voter in found.voters] == ["anna", "carl for anna", "carl"]


@pytest.mark.parametrize(
    ("reapprove", "change", "same"),
    [
        (Reapprove.NOTES, {"changelog": "other"}, False),
        (Reapprove.PLAN, {"changelog": "other"}, True),
        (Reapprove.PLAN, {"reasons": ("other",)}, True),
        (Reapprove.PLAN, {"head": "1" * 40}, False),
        (Reapprove.PLAN, {"to_version": "2.0.0"}, False),
        (Reapprove.NEVER, {"to_version": "2.0.0"}, True),
    ],
)
def test_which_change_voids_a_vote(reapprove: Reapprove, change: dict[str, object], same: bool) -> None:
    """The notes, what is done, or nothing."""
    gate = ApprovalGate(roles=("managers",), reapprove=reapprove)
    assert (part_of(gate, a_plan()) == part_of(gate, a_plan(**change))) is same


@pytest.mark.parametrize(
    ("catalog", "where", "what"),
    [
        ({"gates": [{"uses": "approval", "users": ["a"]}] * 2}, ("gates", 1, "name"), "another gate is named"),
        (
            {"gates": [{"uses": "approval", "users": ["a"], "components": ["web-*"]}]},
            ("gates", 0, "components", 0),
            "no component of the catalog is named 'web-*'",
        ),
        (
            {"people": {"anna": {"accounts": ["a"]}, "bert": {"accounts": ["A"]}}},
            ("people", "bert", "accounts", 0),
            "'A' is 'anna' already",
        ),
        (
            {"people": {"anna": {"addresses": ["a@e.org"]}, "bert": {"addresses": ["A@E.org"]}}},
            ("people", "bert", "addresses", 0),
            "it cannot belong to two people",
        ),
        (
            {"people": {"anna": {"addresses": ["team+anna@e.org"]}, "bert": {"addresses": ["Team+bert@e.org"]}}},
            ("people", "bert", "addresses", 0),
            "it cannot belong to two people",
        ),
        (
            {
                "gates": [{"uses": "approval", "users": ["a"], "name": "office"}],
                "windows": [{"name": "Office", "zone": "UTC", "start": "2026-01-01T09:00", "duration": "1h"}],
            },
            ("gates", 0, "name"),
            "a window is named 'office'",
        ),
        (
            {
                "delegations": [
                    {"from": one, "to": two, "not_before": "2026-01-01T00:00Z", "not_after": "2026-02-01T00:00Z"}
                    for one, two in (("a", "b"), ("b", "c"), ("c", "a"))
                ]
            },
            ("delegations", 2),
            "delegate to each other in a circle",
        ),
    ],
)
def test_what_cannot_hold_together_is_told_with_its_place(
    catalog: dict[str, Any], where: tuple[str | int, ...], what: str
) -> None:
    """A misspelt name would be a rule that never holds."""
    whole = {"version": 1, "train": "t", "components": [{"name": "lib", "repo": "/r"}], **catalog}
    ((place, said),) = Catalog.model_validate(whole).contradictions()
    assert place == where
    assert what in said
