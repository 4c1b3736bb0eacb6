"""What was tried and refused: it moved nothing, so no history has it, and it is still part of what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal, Self

from pydantic import AwareDatetime

from releasepilot.model.event import Event
from releasepilot.model.value import Value, bounded

#: Bytes of a name and of a reason: both may come from whoever is refused.
_NAME_BYTES, _REASON_BYTES = 200, 1000


class Refusal(Value):
    """Something that somebody tried with a train and that was refused. The same again is counted in the same one."""

    type: Literal["refused"] = "refused"
    train: str
    #: When it was first refused,
    at: AwareDatetime
    #: and when it was last.
    last_at: AwareDatetime
    #: How often.
    times: int = 1
    #: Who tried, by their own word where the code is RP503. Empty where refusals are counted that are not kept.
    actor: str
    #: The command: `start`, `approve`, `reject`, `override`, `pause`, `resume`, `abort`, `rollback`, `review`.
    tried: str
    #: The stable code of the error.
    code: str
    reason: str

    @classmethod
    def of(cls, train: str, tried: str, actor: str, at: datetime, *, code: str, reason: str) -> Self:
        """Make one of texts of any size."""
        return cls(
            train=train,
            at=at,
            last_at=at,
            actor=bounded(actor, _NAME_BYTES),
            tried=bounded(tried, _NAME_BYTES),
            code=bounded(code, _NAME_BYTES),
            reason=bounded(reason, _REASON_BYTES),
        )

    @classmethod
    def uncounted(cls, train: str, at: datetime, last_at: datetime, times: int) -> Self:
        """Make the one in which those are counted that are too many to be kept."""
        reason = "more was refused than is kept; the rest is counted here, and is in the logs of the workers"
        return cls(train=train, at=at, last_at=last_at, times=times, actor="", tried="", code="", reason=reason)

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes two of them the same one."""
        return self.train, self.actor, self.tried, self.code, self.reason

    def again(self, other: Refusal) -> Self:
        """Count another one of the same key in."""
        return self.model_copy(
            update={
                "at": min(self.at, other.at),
                "last_at": max(self.last_at, other.last_at),
                "times": self.times + other.times,
            }
        )


def in_order(events: Sequence[Event], refusals: Iterable[Refusal], since: int = 0) -> Iterator[Event | Refusal]:
    """Yield what happened in a train by time, from after the event of a number on.

    `events` come by number. A refusal comes after the events of its moment, so one that has no later event comes again
    with the next question.
    """
    left = sorted(refusals, key=lambda one: one.at)
    for place, event in enumerate(events):
        if event.seq > since:
            yield event
        following = events[place + 1].at if place + 1 < len(events) else None
        while left and (following is None or left[0].at < following):
            refusal = left.pop(0)
            if event.seq >= since:
                yield refusal
    yield from left
