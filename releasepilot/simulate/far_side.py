"""The far side of a simulated train: what it holds under each name, and how often something was done to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from releasepilot.model.step import Undo
from releasepilot.simulate.faults import STRIKES, Blow, Case, Fault, FaultKind, Moment

#: A step that is tried until it works is failed so often, and then let go.
_ENDLESS = 3
_FOREIGN = "somebody else's"


class Standing(StrEnum):
    """What is there under a name."""

    ABSENT = "absent"
    PRESENT = "present"
    #: It is there, and nobody new chooses it: a yanked package, a deprecated one.
    MARKED = "marked"
    #: Something of somebody else.
    FOREIGN = "foreign"


@dataclass(kw_only=True)
class FarSide:
    """Everything that one train could change: a remote's refs, a registry, a target, a change system, by name.

    Names are those of steps: two steps never share one, and what a step makes is told from what others make.
    """

    case: Case
    #: Name to what is there.
    held: dict[str, str] = field(default_factory=dict)
    #: Names that are yanked, deprecated, or the like.
    marked: dict[str, str] = field(default_factory=dict)
    #: What stays visible of an effect that is gone, such as a commit and its revert.
    traces: dict[str, str] = field(default_factory=dict)
    #: A name whose effect went over into that of another, as a staging ref into branch and tag.
    passed_on: dict[str, str] = field(default_factory=dict)
    #: How often each effect was brought about, and how often while it was there.
    applied: Counter[str] = field(default_factory=Counter)
    doubled: Counter[str] = field(default_factory=Counter)
    #: What the worker of a command that nobody can look at remembers: begun, and ended well.
    begun: dict[str, bool] = field(default_factory=dict)
    #: How often each fault has struck.
    struck: Counter[Fault] = field(default_factory=Counter)
    #: What should not have happened at all.
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Put there what belongs to somebody else."""
        for fault in self.case.faults:
            if fault.kind is FaultKind.TAKEN:
                self.held[fault.step] = _FOREIGN

    def standing(self, name: str, made: str) -> Standing:
        """Say what is there under a name, for whoever would put `made` there."""
        there = self.held.get(name)
        if there is None:
            return Standing.ABSENT
        if there != made:
            return Standing.FOREIGN
        return Standing.MARKED if name in self.marked else Standing.PRESENT

    def put(self, name: str, made: str, takes: str = "") -> None:
        """Bring an effect about. What it `takes` along is no longer there under its own name."""
        self.applied[name] += 1
        if name in self.held:
            # It must have been looked at first, so this is one effect too many.
            self.doubled[name] += 1
        self.held[name] = made
        if takes in self.held:
            del self.held[takes]
            self.passed_on[takes] = name

    def take_back(self, name: str, made: str, undo: Undo) -> str:
        """Undo an effect as far as its undo reaches, and say what stays. What is not there, or another's, is left."""
        there = self.standing(name, made)
        if there in (Standing.ABSENT, Standing.FOREIGN):
            return self.traces.get(name, "")
        if undo in (Undo.YANK, Undo.DEPRECATE):
            return self.marked.setdefault(name, f"it stays, marked ({undo.value})")
        if undo is Undo.NONE:
            return "it stays"
        del self.held[name]
        if undo is Undo.REVERT:
            self.traces[name] = "it and what reverts it stay visible"
        return self.traces.get(name, "")

    def taken_by_others(self, name: str) -> bool:
        """Whether the name was somebody else's from the beginning."""
        return any(fault.step == name and fault.kind is FaultKind.TAKEN for fault in self.case.faults)

    def blow(self, name: str, moment: Moment, attempts: int) -> Blow | None:
        """Return what strikes a step now, and count it; None where nothing does."""
        for fault in self.case.faults:
            strike = STRIKES.get(fault.kind)
            if fault.step != name or strike is None or strike.moment is not moment:
                continue
            often = self.struck[fault]
            endless = strike.blow is Blow.FAIL and not attempts and often >= _ENDLESS
            if endless or (strike.times and often >= strike.times):
                continue
            self.struck[fault] += 1
            return strike.blow
        return None


__all__ = ["FarSide", "Standing"]
