"""What a gate says of the votes on it: a function of the gate, the votes and the time, and of nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from releasepilot.model.gate import Decision, OpenGate, Verdict, Vote, Voter


def judge(gate: OpenGate, votes: Sequence[Vote], now: datetime, opened: datetime) -> Verdict:
    """Count the votes on the gate's part of the plan that come from people who may vote there.

    The last vote of a person counts. A place counts once, whoever fills it. One rejection ends the train, whatever
    else was said; an approval that has expired counts no longer.
    """
    counted = _counted(gate, votes, now, opened)
    rejection = next(((voter, vote) for voter, vote in counted.values() if vote.decision is Decision.REJECT), None)
    if rejection is not None:
        voter, vote = rejection
        return _rejected(gate, f"rejected by {voter}: {vote.comment}".rstrip(": "))
    seats = _seats(counted)
    approved_by = tuple(str(voter) for voter, _ in seats.values())
    reason = _missing(gate, [voter for voter, _ in seats.values()], now, opened)
    if not reason:
        return Verdict(gate=gate.name, passed=True, approved_by=approved_by, until=_expiry(gate, seats, now))
    lapse = opened + timedelta(seconds=gate.lapses_after) if gate.lapses_after else None
    if lapse is not None and now >= lapse and not _had_passed(gate, votes, lapse, opened):
        return _rejected(gate, f"not approved within {_span(gate.lapses_after)}: {reason}")
    return Verdict(
        gate=gate.name,
        passed=False,
        approved_by=approved_by,
        reason=reason,
        until=lapse if lapse and lapse > now else None,
    )


def approvers(gate: OpenGate, votes: Sequence[Vote], now: datetime, opened: datetime) -> tuple[Voter, ...]:
    """Return whose approval counts, in the order of their votes."""
    return tuple(voter for voter, _ in _seats(_counted(gate, votes, now, opened)).values())


def objection(gate: OpenGate, vote: Vote, now: datetime, opened: datetime) -> str:
    """Say why a vote cannot count at a gate; empty where it does."""
    account = vote.actor.account
    ways = [voter for voter in voters_of(gate) if account in voter.accounts]
    for person, why in gate.excluded.items():
        if person == account or any(voter.person == person for voter in ways):
            return f"{account} may not vote at {gate.name}: {why}"
    valid = [voter for voter in ways if _holds(voter, now, opened)]
    if valid and vote.decision is Decision.APPROVE and all(voter.veto for voter in valid):
        return f"{account} may reject at {gate.name}, and not approve"
    if valid:
        return ""
    if any(now >= voter.until for voter in ways if voter.until):
        return f"{account} may not vote at {gate.name} any more: the delegation has ended"
    if ways:
        return f"{account} may not vote at {gate.name} yet"
    return f"{account} may not vote at {gate.name}; these may: {', '.join(able(gate, now, opened))}"


def able(gate: OpenGate, now: datetime, opened: datetime, approved: Collection[Voter] = ()) -> tuple[str, ...]:
    """Return who may approve at this moment, without those in whose place somebody has `approved`."""
    filled = {voter.seat for voter in approved}
    return tuple(
        dict.fromkeys(
            str(voter)
            for voter in voters_of(gate)
            if not voter.veto and voter.seat not in filled and _holds(voter, now, opened)
        )
    )


def moments(gate: OpenGate, opened: datetime) -> Iterator[tuple[datetime, str]]:
    """Yield when a gate changes by itself, and what happens then, in words; what has passed among them."""
    if gate.sla:
        yield opened + timedelta(seconds=gate.sla), "the time in which it should be decided is over"
    for seconds in sorted({voter.after for voter in gate.voters if voter.after}):
        more = [str(voter) for voter in gate.voters if voter.after == seconds]
        yield opened + timedelta(seconds=seconds), f"now these may vote, too: {', '.join(more)}"


def voters_of(gate: OpenGate) -> tuple[Voter, ...]:
    """Return the ways of voting at a gate; those of earlier versions name accounts alone."""
    return gate.voters or tuple(Voter(person=account, accounts=(account,)) for account in gate.eligible)


def matched(members: Iterable[tuple[str, Sequence[str]]]) -> int:
    """Return how many groups can be told apart by people who each stand for one of theirs: a maximum matching."""
    groups_of = dict(members)
    holder: dict[str, str] = {}

    def placed(person: str, tried: dict[str, None]) -> bool:
        for group in groups_of[person]:
            if group not in tried:
                tried[group] = None
                if group not in holder or placed(holder[group], tried):
                    holder[group] = person
                    return True
        return False

    return sum(placed(person, {}) for person in groups_of)


def _had_passed(gate: OpenGate, votes: Sequence[Vote], lapse: datetime, opened: datetime) -> bool:
    """Whether a gate was open to the train when it would have lapsed: an approval that expires later is asked anew."""
    in_time = [vote for vote in votes if (vote.at or opened) <= lapse]
    return judge(gate.model_copy(update={"lapses_after": 0}), in_time, lapse, opened).passed


def _seats(counted: Mapping[str, tuple[Voter, Vote]]) -> dict[str, tuple[Voter, Vote]]:
    """Return the places that are filled by approvals, each once."""
    seats: dict[str, tuple[Voter, Vote]] = {}
    for voter, vote in counted.values():
        if not voter.veto and vote.decision is Decision.APPROVE:
            seats.setdefault(voter.seat, (voter, vote))
    return seats


def _counted(gate: OpenGate, votes: Sequence[Vote], now: datetime, opened: datetime) -> dict[str, tuple[Voter, Vote]]:
    """Return each person with the last of their votes that counts, in the order of these votes.

    Who approves again renews their approval, and stays in the place in which they gave it: otherwise one more approval
    could take one away.
    """
    latest: dict[str, tuple[Voter, Vote]] = {}
    for vote in votes:
        at = vote.at or opened
        voter = _way(gate, vote, at, opened)
        if voter is None or not _concerns(gate, vote) or at < opened:
            continue
        before = latest.pop(voter.person, None)
        if before is not None and _renews(gate, vote, before[1], at, opened):
            voter = before[0]
        latest[voter.person] = (voter, vote)
    return {
        person: (voter, vote)
        for person, (voter, vote) in latest.items()
        if vote.decision is Decision.REJECT or not _expired(gate, vote, now, opened)
    }


def _renews(gate: OpenGate, vote: Vote, earlier: Vote, at: datetime, opened: datetime) -> bool:
    """Whether a vote says again what an earlier one still says."""
    same = vote.decision is earlier.decision is Decision.APPROVE
    return same and not _expired(gate, earlier, at, opened)


def _expired(gate: OpenGate, vote: Vote, now: datetime, opened: datetime) -> bool:
    return bool(gate.expires_after) and (vote.at or opened) + timedelta(seconds=gate.expires_after) <= now


def _way(gate: OpenGate, vote: Vote, at: datetime, opened: datetime) -> Voter | None:
    """Return how somebody votes: in their own place where they have one, else in the first that was given to them."""
    ways = [
        voter
        for voter in voters_of(gate)
        if vote.actor.account in voter.accounts and voter.person not in gate.excluded and _holds(voter, at, opened)
    ]
    own = [voter for voter in ways if not voter.veto] or (ways if vote.decision is Decision.REJECT else [])
    return min(own, key=lambda voter: bool(voter.stands_for), default=None)


def _holds(voter: Voter, at: datetime, opened: datetime) -> bool:
    """Whether somebody may vote in this way at a moment."""
    begun = voter.since is None or at >= voter.since
    ended = voter.until is not None and at >= voter.until
    return begun and not ended and at >= opened + timedelta(seconds=voter.after)


def _concerns(gate: OpenGate, vote: Vote) -> bool:
    """Whether a vote was cast at this gate, on this plan or on another one with the same part."""
    if vote.parts and gate.name not in vote.parts:
        return False
    return vote.plan_digest == gate.plan_digest or bool(gate.part and vote.parts.get(gate.name) == gate.part)


def _missing(gate: OpenGate, approvers: Sequence[Voter], now: datetime, opened: datetime) -> str:
    """Say what is still needed; empty where nothing is."""
    seats = {voter.seat for voter in approvers}
    missing = gate.quorum - len(approvers)
    waiting = [
        str(voter)
        for voter in voters_of(gate)
        if not voter.veto and voter.seat not in seats and _holds(voter, now, opened)
    ]
    those = ", ".join(dict.fromkeys(waiting)) or "others"
    if missing > 0:
        return f"{missing} more of {those} must approve"
    groups = matched((voter.seat, voter.groups) for voter in approvers) if gate.distinct_groups > 1 else 1
    short = gate.distinct_groups - groups
    return f"approvals of {short} more groups are needed; these may vote: {those}" if short > 0 else ""


def _expiry(gate: OpenGate, seats: Mapping[str, tuple[Voter, Vote]], now: datetime) -> datetime | None:
    """Return when the first of the approvals that count expires."""
    if not gate.expires_after:
        return None
    return min((vote.at or now) + timedelta(seconds=gate.expires_after) for _, vote in seats.values())


def _span(seconds: int) -> str:
    """Write a time as a catalog does, in the largest unit that fits."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _rejected(gate: OpenGate, reason: str) -> Verdict:
    return Verdict(gate=gate.name, passed=False, rejected=True, reason=reason)
