"""Who may send word, what is believed, and that nothing is believed twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from releasepilot.errors import StackError, StepError
from releasepilot.plugins.changes.webhook import MIN_SECRET, TOLERANCE, verified
from releasepilot.plugins.secrets.keeper import Secrets

#: Deliveries that are remembered at most. Each was signed, so only who knows a secret can come near.
_REMEMBERED = 100_000


def _now() -> datetime:
    return datetime.now(UTC)


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
        #: Delivery to the moment at which it may be forgotten, the first of them first.
        self._known: OrderedDict[str, datetime] = OrderedDict()

    async def check(self) -> None:
        """Raise StackError where a secret cannot be read, or is too short to be one."""
        for name, references in self._references.items():
            for reference in references:
                await self._check(name, reference)

    def __contains__(self, name: object) -> bool:
        """Say whether word is taken by this name."""
        return name in self._references

    async def believed(self, name: str, body: bytes, signature: str) -> str:
        """Return the id of a delivery that is believed, and remember it; empty where it is not believed."""
        secrets = [await self._secret(reference) for reference in self._references[name]]
        # From here on nothing else is done, so that of two equal deliveries one is the first.
        now = self._now()
        # At that very moment a word from a clock that was ahead is still fresh.
        while self._known and next(iter(self._known.values())) < now:
            self._known.popitem(last=False)
        if len(self._known) >= _REMEMBERED:
            return ""
        for secret in secrets:
            delivery = verified(body, signature, secret, now, self._known)
            if delivery:
                self._known[delivery] = now + 2 * TOLERANCE
                return delivery
        return ""

    def forget(self, delivery: str) -> None:
        """Have a delivery believed again that came to nothing, because a server was away."""
        self._known.pop(delivery, None)

    async def _secret(self, reference: str) -> bytes:
        """Return a secret; one that has gone meanwhile is none, and believes nobody."""
        try:
            return (await self._secrets.read(reference)).encode()
        except StepError:
            return b""

    async def _check(self, name: str, reference: str) -> None:
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
