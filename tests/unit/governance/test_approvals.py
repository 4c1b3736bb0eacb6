"""What a gate says is a function of the gate, the votes and the time; these are its laws."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from releasepilot.governance.approvals import able, approvers, judge, matched, objection
from releasepilot.model.gate import Actor, Decision, OpenGate, Vote, Voter

OPENED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PEOPLE = ("anna", "bert", "carl", "dora", "emil")
GROUPS = ("web", "core", "ops")


def vote(account: str, hours: float = 0, decision: Decision = Decision.APPROVE, plan: str = "p") -> Vote:
    """Vote so many hours after the gate opened."""
    at = OPENED + timedelta(hours=hours)
    return Vote(actor=Actor(account=account), decision=decision, plan_digest=plan, at=at)


def voter(person: str, *groups: str, **more: object) -> Voter:
    """Let somebody vote."""
    return Voter.model_validate({"person": person, "accounts": (person,), "groups": groups, **more})


def gate(*voters: Voter, quorum: int = 2, **more: object) -> OpenGate:
    """Open a gate for these."""
    eligible = tuple(one.person for one in voters)
    given = {"name": "g", "plan_digest": "p", "eligible": eligible, "quorum": quorum, "voters": voters, **more}
    return OpenGate.model_validate(given)


voters = st.lists(
    st.builds(
        lambda person, groups, stands, after, veto: voter(
            person, *groups, stands_for="" if stands == person else stands, after=after, veto=veto
        ),
        st.sampled_from(PEOPLE),
        st.lists(st.sampled_from(GROUPS), unique=True, max_size=2),
        st.sampled_from(("", *PEOPLE)),
        st.sampled_from((0, 0, 7200)),
        st.sampled_from((False, False, False, True)),
    ),
    min_size=1,
    max_size=7,
)
gates = st.builds(
    lambda voters, quorum, groups, expiry, out: gate(
        *voters, quorum=quorum, distinct_groups=groups, expires_after=expiry, excluded=dict.fromkeys(out, "theirs")
    ),
    voters,
    st.integers(1, 3),
    st.integers(1, 2),
    st.sampled_from((0, 0, 6 * 3600)),
    st.lists(st.sampled_from(PEOPLE), max_size=2),
)
approvals = st.lists(st.builds(vote, st.sampled_from(PEOPLE), st.integers(0, 12)), max_size=8)
NOW = OPENED + timedelta(hours=12)


@given(gates, approvals, st.randoms(use_true_random=False))
def test_the_order_of_people_does_not_matter(one: OpenGate, votes: list[Vote], random: object) -> None:
    """Votes of different people may come in any order; only those of one person follow each other."""
    by_person = sorted(votes, key=lambda vote: vote.at or NOW)
    shuffled = sorted(votes, key=lambda vote: (vote.actor.account, vote.at or NOW))
    first, second = judge(one, by_person, NOW, OPENED), judge(one, shuffled, NOW, OPENED)
    assert (first.passed, first.rejected, len(first.approved_by)) == (
        second.passed,
        second.rejected,
        len(second.approved_by),
    )


@given(gates, approvals, st.builds(vote, st.sampled_from(PEOPLE), st.just(12)))
def test_one_more_approval_never_takes_one_away(one: OpenGate, votes: list[Vote], more: Vote) -> None:
    """What has passed stays passed when somebody approves."""
    ordered = sorted(votes, key=lambda vote: vote.at or NOW)
    if judge(one, ordered, NOW, OPENED).passed:
        assert judge(one, [*ordered, more], NOW, OPENED).passed


@given(gates, approvals, st.sampled_from(PEOPLE), st.integers(0, 12))
def test_a_rejection_wins_over_everything(one: OpenGate, votes: list[Vote], account: str, hours: int) -> None:
    """Whoever may say no ends it, however many approve, before and after."""
    no = vote(account, hours, Decision.REJECT)
    others = [vote for vote in votes if vote.actor.account != account]
    if not objection(one, no, no.at or NOW, OPENED):
        assert judge(one, [*others, no], NOW, OPENED).rejected
        assert judge(one, [no, *others], NOW, OPENED).rejected


@given(gates, approvals)
def test_who_is_kept_out_and_what_has_expired_never_counts(one: OpenGate, votes: list[Vote]) -> None:
    """Without these votes the gate says the same."""
    counting = [
        each
        for each in votes
        if each.actor.account not in one.excluded
        and not (one.expires_after and NOW - (each.at or NOW) >= timedelta(seconds=one.expires_after))
    ]
    ordered = [sorted(each, key=lambda vote: vote.at or NOW) for each in (votes, counting)]
    all_of_them, of_those = (judge(one, each, NOW, OPENED) for each in ordered)
    assert (all_of_them.passed, set(all_of_them.approved_by)) == (of_those.passed, set(of_those.approved_by))


@given(gates, st.lists(st.builds(vote, st.sampled_from(PEOPLE), plan=st.just("another")), max_size=8))
def test_votes_on_another_plan_never_count(one: OpenGate, votes: list[Vote]) -> None:
    """Whatever was said of it."""
    assert judge(one, votes, NOW, OPENED).approved_by == ()


@given(gates, approvals)
def test_a_place_and_a_person_count_once(one: OpenGate, votes: list[Vote]) -> None:
    """There are never more approvals than people, nor than places."""
    found = judge(one, votes, NOW, OPENED)
    assert len(found.approved_by) <= len({vote.actor.account for vote in votes})
    assert len(found.approved_by) <= len({one_voter.seat for one_voter in one.voters})


def test_whoever_could_only_fill_a_place_again_is_not_asked() -> None:
    """Once somebody has approved in another's place, neither that other nor a second substitute adds anything."""
    one = gate(voter("mia"), voter("emil", stands_for="mia"), voter("max"), quorum=2)
    assert able(one, NOW, OPENED) == ("mia", "emil for mia", "max")
    assert able(one, NOW, OPENED, approvers(one, [vote("emil")], NOW, OPENED)) == ("max",)


def test_one_person_of_two_groups_is_not_two_groups() -> None:
    """Two groups need two people, also where each of them belongs to both."""
    both, other = voter("anna", "web", "core"), voter("bert", "web")
    asked = gate(both, other, quorum=1, distinct_groups=2)
    assert not judge(asked, [vote("anna")], NOW, OPENED).passed
    assert judge(asked, [vote("anna"), vote("bert")], NOW, OPENED).passed


def test_groups_are_matched_as_well_as_they_can_be() -> None:
    """Who has only one group takes it from whoever has another."""
    assert matched([("anna", ("web", "core")), ("bert", ("web",))]) == 2
    assert matched([("anna", ("web",)), ("bert", ("web",))]) == 1
    assert matched([("anna", ()), ("bert", ("web",))]) == 1


def test_the_last_vote_of_a_person_counts() -> None:
    """Who has said no may say yes afterwards, and the other way round."""
    asked = gate(voter("anna"), quorum=1)
    no, yes = vote("anna", 1, Decision.REJECT), vote("anna", 2)
    assert judge(asked, [no, yes], NOW, OPENED).passed
    assert judge(asked, [vote("anna", 0), no], NOW, OPENED).rejected


def test_an_approval_says_when_it_expires() -> None:
    """A train that waits for something else knows when to look again."""
    asked = gate(voter("anna"), voter("bert"), expires_after=6 * 3600)
    found = judge(asked, [vote("anna", 7), vote("bert", 8)], NOW, OPENED)
    assert found.until == OPENED + timedelta(hours=13)
    assert not judge(asked, [vote("anna", 7), vote("bert", 8)], OPENED + timedelta(hours=13), OPENED).passed


def test_an_earlier_gate_of_accounts_alone_is_judged_as_it_was() -> None:
    """What an older version put into a history has no voters."""
    asked = OpenGate(name="g", plan_digest="p", eligible=("anna", "bert"), quorum=2)
    plain = [Vote(actor=Actor(account=name), decision=Decision.APPROVE, plan_digest="p") for name in ("anna", "bert")]
    assert judge(asked, plain, NOW, OPENED).passed


def test_a_gate_that_had_passed_in_time_asks_again_and_does_not_lapse() -> None:
    """An approval that expires later leaves it open; one that was never enough in time rejects."""
    asked = gate(voter("anna"), voter("bert"), expires_after=6 * 3600, lapses_after=8 * 3600)
    votes = [vote("anna", 6), vote("bert", 7)]
    later = judge(asked, votes, OPENED + timedelta(hours=14), OPENED)
    assert (later.passed, later.rejected) == (False, False)
    assert judge(asked, votes[:1], OPENED + timedelta(hours=14), OPENED).rejected
