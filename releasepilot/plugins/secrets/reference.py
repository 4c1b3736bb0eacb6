"""References to secrets: what a catalog may write, and which of them a worker resolves.

A catalog is kept in the ledger and in histories, so a secret never stands in it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import AfterValidator

#: A part of a path in Vault: no word that a server could read as a step upwards.
_PART = r"(?!\.{1,2}(?:/|#))[A-Za-z0-9_.=@+~-]{1,200}"
_KEY = r"#[^\x00-\x1f#]{1,200}"
#: Scheme to what comes after it.
_FORMS = {
    "env": r"[A-Za-z_][A-Za-z0-9_]{0,199}",
    "file": r"/[^\x00-\x1f]{1,1000}",
    "vault": rf"{_PART}(?:/{_PART}){{1,20}}{_KEY}",
    "aws-sm": rf"[A-Za-z0-9/_+=.@:-]{{1,2048}}(?:{_KEY})?",
}
_REFERENCE = re.compile("|".join(f"{scheme}:{form}" for scheme, form in _FORMS.items()))
_HINT = "env:NAME, file:/path of the worker, vault:mount/path#key, or aws-sm:name#key"


def checked_reference(value: str) -> str:
    """Accept a reference, and repeat nothing else: it may be the secret itself."""
    if not _REFERENCE.fullmatch(value):
        raise ValueError(f"a secret is named and not written down: {_HINT}")
    return value


#: Where a secret stands, seen from the worker: `env:NAME`, `file:/path`, `vault:mount/path#key` or `aws-sm:name#key`.
SecretRef = Annotated[str, AfterValidator(checked_reference)]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A reference, taken apart."""

    text: str
    scheme: str
    #: The path or the name, as its scheme knows it.
    where: str
    #: The key within what stands there; empty for all of it.
    key: str = ""

    @classmethod
    def of(cls, text: str) -> Self:
        """Take a valid reference apart. A file's name may hold `#`, which is then no key."""
        scheme, _, where = text.partition(":")
        if scheme == "file":
            # A path that goes up again would be another one for whoever compares it with an allowed one.
            return cls(text=text, scheme=scheme, where=posixpath.normpath(where))
        where, _, key = where.partition("#")
        return cls(text=text, scheme=scheme, where=where, key=key)

    @property
    def plain(self) -> str:
        """The reference in the one form that is compared."""
        return f"{self.scheme}:{self.where}" + (f"#{self.key}" if self.key else "")


def is_pattern(entry: str) -> bool:
    """Whether an entry of a worker's list can match anything: a known scheme, and `*` at its end alone."""
    scheme, colon, rest = entry.partition(":")
    return bool(colon) and scheme in _FORMS and bool(rest) and "*" not in rest[:-1]


def matches(reference: Reference, entries: Sequence[str]) -> bool:
    """Whether one of the entries is this reference, or with `*` at its end the beginning of it."""
    return any(
        reference.plain.startswith(entry[:-1]) if entry.endswith("*") else reference.plain == entry for entry in entries
    )
