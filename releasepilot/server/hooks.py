"""Who may send word, what is believed, and that nothing is believed twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from releasepilot.errors import StackError, StepError
from releasepilot.plugins.changes.webhook import MIN_SECRET, TOLERANCE, timely, verified
from releasepilot.plugins.secrets.keeper import Secrets

#: Deliveries that are remembered at most. Each was signed, so only who knows a secret can come near.
_REMEMBERED = 100_000
_LATER = "send the same again in a while"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Word that is believed."""

    id: str
    #: Whether it has come to its end before: its sender did not hear of it, or somebody else repeats it.
    again: bool


@dataclass(kw_only=True)
class _Remembered:
    """What is kept of a delivery."""

    name: str
    until: datetime
    arrived: bool = False


class Hooks:
    """The systems that may send word, by name, with their secrets as references.

    A secret is read when word comes, so that a file can be replaced without a restart. Of several secrets any one will
    do: that is how they are changed. What was believed is remembered in this process; another one, or one that was
    started again, may believe the same word once more, which wakes a step that looks and finds nothing new.
    """

    def __init__(
        self, references: Mapping[str, Sequence[str]], secrets: Secrets, now: Callable[[], datetime] = _now
    ) -> None:
        """Take word by these names, whose secrets are looked up when they are needed."""
        self._references = references
        self._secrets = secrets
        self._now = now
        #: By id, the first that may be forgotten first.
        self._known: OrderedDict[str, _Remembered] = OrderedDict()

    async def check(self) -> None:
        """Raise StackError where a secret cannot be read, or is too short to be one."""
        for name, references in self._references.items():
            for reference in references:
                await self._secret(name, reference)

    def __contains__(self, name: object) -> bool:
        """Say whether word is taken by this name."""
        return name in self._references

    async def believed(self, name: str, body: bytes, signature: str) -> Delivery | None:
        """Return a delivery that is believed, and remember it; None where it is not believed.

        StackError where that cannot be said now, and the same word may be believed later: a secret cannot be read, or
        the same is being taken at this moment. Whoever takes a delivery says how that ended, by `arrived` or `forget`.
        """
        # Whoever knows no secret has none read for less than this.
        if timely(signature, self._now()) is None:
            return None
        secrets, unread = await self._secrets_of(name)
        # From here on nothing else is done, so that of two equal deliveries one is the first.
        now = self._now()
        found = next((one for secret in secrets if (one := verified(body, signature, secret, now))), "")
        if found:
            return self._remember(found, name, now)
        if unread is not None:
            # It may be the one that this was signed with.
            raise StackError("word cannot be told from any other now", hint=_LATER) from unread
        return None

    def arrived(self, delivery: Delivery) -> None:
        """Have a delivery wake nothing any more, because it has done so."""
        if delivery.id in self._known:
            self._known[delivery.id].arrived = True

    def forget(self, delivery: Delivery) -> None:
        """Have a delivery believed again that came to nothing, because a server was away."""
        self._known.pop(delivery.id, None)

    def _remember(self, delivery: str, name: str, now: datetime) -> Delivery | None:
        """Tell word that comes for the first time from such that has come before."""
        # At that very moment a word from a clock that was ahead is still fresh.
        while self._known and next(iter(self._known.values())).until < now:
            self._known.popitem(last=False)
        before = self._known.get(delivery)
        if before is None and len(self._known) >= _REMEMBERED:
            # Nothing is forgotten for it: a replay would get through.
            raise StackError("too much word has come to remember more of it", hint=_LATER)
        if before is None:
            self._known[delivery] = _Remembered(name=name, until=now + 2 * TOLERANCE)
            return Delivery(id=delivery, again=False)
        if before.name != name:
            # Two systems with one secret: who heard the word of the one passes it off as that of the other.
            return None
        if not before.arrived:
            raise StackError("the same word is being taken now", hint=_LATER)
        return Delivery(id=delivery, again=True)

    async def _secrets_of(self, name: str) -> tuple[list[bytes], StackError | None]:
        """Return those secrets of a system that can be read, and why another one cannot."""
        found: list[bytes] = []
        unread = None
        for reference in self._references[name]:
            try:
                found.append(await self._secret(name, reference))
            except StackError as error:
                unread = error
        return found, unread

    async def _secret(self, name: str, reference: str) -> bytes:
        try:
            secret = (await self._secrets.read(reference)).encode()
        except StepError as error:
            raise StackError(
                f"the webhook {name!r} has no secret: {error.message}", hint="set it where `releasepilot serve` runs"
            ) from None
        if len(secret) < MIN_SECRET:
            raise StackError(
                f"the secret {reference} of the webhook {name!r} is shorter than {MIN_SECRET} bytes",
                hint="make one with: openssl rand -hex 32",
            )
        return secret
