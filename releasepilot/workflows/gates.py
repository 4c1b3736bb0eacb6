"""The gates of a running train: when each opened, the votes, and what they say now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from releasepilot.governance.approvals import able, approvers, judge, moments, objection
    from releasepilot.model.event import EventType
    from releasepilot.model.gate import OpenGate, Verdict, Vote
    from releasepilot.model.rule_input import ApprovalFacts
    from releasepilot.model.train import Condition
    from releasepilot.workflows.journal import Journal
    from releasepilot.workflows.overrides import Overrides


class Gates:
    """What must be agreed before a train may run. Time is always the caller's to say."""

    def __init__(self, journal: Journal, overrides: Overrides) -> None:
        """Tell the journal what happens at the gates; what is overridden has passed."""
        self._journal = journal
        self._overrides = overrides
        self.gates: tuple[OpenGate, ...] = ()
        self.votes: list[Vote] = []
        #: Gate to when it opened; a gate whose turn has not come is not among them.
        self._opened: dict[str, datetime] = {}
        #: Gates that the journal knows to be open.
        self._told: dict[str, None] = {}
        #: Gate to the moment until which its reminders were told.
        self._reminded: dict[str, datetime] = {}

    def replace(self, gates: Iterable[OpenGate], now: datetime) -> None:
        """Take the gates of a plan. One whose part is as it was stays open with its votes; the others begin anew."""
        before = {gate.name: gate for gate in self.gates}
        self.gates = tuple(gates)
        stay = [gate.name for gate in self.gates if gate.part and _part(before, gate) == gate.part]
        for kept in (self._opened, self._told, self._reminded):
            for name in [name for name in kept if name not in stay]:
                del kept[name]
        if before:
            again = [gate.name for gate in self.gates if gate.name in before and gate.name not in stay]
            for name in again if stay else ():
                self._journal.note(EventType.GATE_REOPENED, gate=name, reason="its part of the plan changed")
        self._open(now)

    def count(self, vote: Vote, now: datetime) -> bool:
        """Take a vote; return whether it is a new one. The same again within its time is the same vote."""
        if any(_repeats(vote, earlier) and not self._stale(earlier, vote, now) for earlier in self._last_of(vote)):
            return False
        parts = {gate.name: gate.part for gate in self._seen(vote)}
        self.votes.append(vote.model_copy(update={"actor": vote.actor.bare, "at": now, "parts": parts}))
        return True

    def objection(self, vote: Vote, now: datetime) -> str:
        """Say why a vote could count nowhere; empty where it does at one gate."""
        reasons = [objection(gate, vote, now, self._opened[gate.name]) for gate in self._seen(vote)]
        return "" if "" in reasons else "; ".join(dict.fromkeys(reasons)) or "no gate is open that you saw: look again"

    @property
    def open_gates(self) -> tuple[OpenGate, ...]:
        """Return the gates that take votes."""
        return tuple(filter(self._is_open, self.gates))

    def _seen(self, vote: Vote) -> list[OpenGate]:
        """Return the open gates that a vote is for."""
        return [gate for gate in self.open_gates if not vote.gates or gate.name in vote.gates]

    def verdicts(self, now: datetime) -> list[Verdict]:
        """Say what each gate says."""
        return [self._verdict(gate, now) for gate in self.gates]

    def agreed(self, now: datetime) -> bool:
        """Whether all gates have passed."""
        return all(verdict.passed for verdict in self.verdicts(now))

    def rejection(self, now: datetime) -> Verdict | None:
        """Return the verdict of the first gate that says no."""
        return next((verdict for verdict in self.verdicts(now) if verdict.rejected), None)

    def approvals(self, now: datetime) -> tuple[ApprovalFacts, ...]:
        """Return the approvals that count, of each gate in their order."""
        return tuple(
            ApprovalFacts(account=voter.person, stands_for=voter.stands_for, gate=gate.name)
            for gate in filter(self._is_open, self.gates)
            for voter in approvers(gate, self.votes, now, self._opened[gate.name])
        )

    def advance(self, now: datetime) -> bool:
        """Open the gates whose turn has come and tell of what time has brought; return whether a gate opened."""
        self._open(now)
        fresh = [gate for gate in self.gates if self._is_open(gate) and gate.name not in self._told]
        for gate in fresh:
            self._told[gate.name] = None
            self._journal.note(EventType.GATE_OPENED, gate=gate.name, digest=gate.plan_digest)
        for gate in filter(self._is_open, self.gates):
            self._remind(gate, now)
        return bool(fresh)

    def next_moment(self, now: datetime) -> datetime | None:
        """Return when a gate next changes without a vote; None where none does."""
        coming = [at for gate in self.gates if self._is_open(gate) for at, _ in moments(gate, self._opened[gate.name])]
        coming += [verdict.until for verdict in self.verdicts(now) if verdict.until]
        coming += [
            at for gate in self.gates for voter in gate.voters for at in (voter.since, voter.until) if at is not None
        ]
        return min((at for at in coming if at > now), default=None)

    def reason(self, now: datetime) -> str:
        """Say in words what is still to be agreed."""
        return "; ".join(f"{verdict.gate}: {verdict.reason}" for verdict in self.verdicts(now) if not verdict.passed)

    def conditions(self, train: str, now: datetime, *, changed: bool) -> Iterator[Condition]:
        """Yield what is unmet at open gates: what, who can clear it, and how."""
        for gate in filter(self._is_open, self.gates):
            verdict = self._verdict(gate, now)
            opened = self._opened[gate.name]
            may = able(gate, now, opened, approvers(gate, self.votes, now, opened))
            if not verdict.passed and not verdict.rejected:
                plan = f" --plan {gate.plan_digest}" if changed else ""
                yield Condition(
                    what=f"gate {gate.name}: {len(verdict.approved_by)} of {gate.quorum} approvals, {verdict.reason}",
                    who=may,
                    command=f"releasepilot approve {train}{plan} --comment TEXT",
                    since=opened,
                    ends_at=verdict.until,
                )

    def _verdict(self, gate: OpenGate, now: datetime) -> Verdict:
        waiver = self._overrides.waived(now).get(gate.name)
        if waiver is not None:
            by = (str(waiver),)
            return Verdict(gate=gate.name, passed=True, approved_by=by, until=waiver.until)
        opened = self._opened.get(gate.name)
        if opened is None:
            return Verdict(gate=gate.name, passed=False, reason="its turn comes after the gates above it")
        return judge(gate, self.votes, now, opened)

    def _open(self, now: datetime) -> None:
        """Open each gate whose turn has come."""
        passed = True
        for gate in self.gates:
            if not gate.in_turn or passed:
                self._opened.setdefault(gate.name, now)
            passed = passed and self._verdict(gate, now).passed

    def _is_open(self, gate: OpenGate) -> bool:
        return gate.name in self._opened

    def _remind(self, gate: OpenGate, now: datetime) -> None:
        """Tell once of each moment that has passed while the gate was waiting."""
        opened = self._opened[gate.name]
        since = self._reminded.get(gate.name, opened)
        self._reminded[gate.name] = now
        if self._verdict(gate, now).passed:
            return
        for at, what in moments(gate, opened):
            if since < at <= now:
                self._journal.note(EventType.GATE_REMINDED, gate=gate.name, reason=what)

    def _last_of(self, vote: Vote) -> list[Vote]:
        return [one for one in self.votes if one.actor == vote.actor.bare][-1:]

    def _stale(self, earlier: Vote, vote: Vote, now: datetime) -> bool:
        """Whether a vote counts no longer at a gate that the same again is for: then that is more than a repetition."""
        return any(
            earlier.at is None
            or earlier.at < self._opened[gate.name]
            or gate.name not in earlier.parts
            or (gate.expires_after and (now - earlier.at).total_seconds() >= gate.expires_after)
            for gate in self._seen(vote)
        )


def _part(gates: dict[str, OpenGate], gate: OpenGate) -> str:
    known = gates.get(gate.name)
    return known.part if known else ""


def _repeats(vote: Vote, earlier: Vote) -> bool:
    return (vote.decision, vote.plan_digest, vote.comment) == (
        earlier.decision,
        earlier.plan_digest,
        earlier.comment,
    )
