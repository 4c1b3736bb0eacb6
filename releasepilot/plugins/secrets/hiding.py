"""Taking secrets out of texts, in every form in which programs repeat them."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

#: A shorter text is in too many words, and would make every message unreadable.
_SHORTEST = 4
#: The shortest run of base64 that is looked for within another text's base64.
_RUN = 6
_HIDDEN = "***"
#: What stands where a text in UTF-8 was cut within a character.
_CUT = "\N{REPLACEMENT CHARACTER}"


class Hider:
    """Knows secrets, and replaces them by `***`: as they are, quoted, and in base64, hex, URLs, JSON and markup."""

    def __init__(self) -> None:
        self._secrets: dict[str, tuple[str, ...]] = {}
        self._pattern: re.Pattern[str] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._secrets)} secrets>"

    @property
    def knows(self) -> bool:
        """Whether there is anything to hide."""
        return self._pattern is not None

    def learn(self, secret: str) -> None:
        """Hide this from now on, unless it is too short to be told from ordinary words."""
        if len(secret) < _SHORTEST or secret in self._secrets:
            return
        self._secrets[secret] = forms_of(secret)
        # In one pattern, the longest first: of a secret that begins as another no rest is left.
        forms = sorted((form for forms in self._secrets.values() for form in forms), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms)))

    def hide(self, text: str) -> str:
        """Return the text without the secrets."""
        return text if self._pattern is None else self._pattern.sub(_HIDDEN, text)

    def hide_part(self, text: str) -> str:
        """Return a text without the secrets that may begin and end in the midst of one, such as the tail of an output.

        At its beginning a single letter of a secret's end is taken away, too; at its end four letters are a secret.
        """
        if self._pattern is None:
            return text
        text = text.strip(_CUT)
        left = [self._pattern.sub(_HIDDEN, text[length:]) for length in (0, *self._remnants(text))]
        # A secret that repeats itself can be cut in several ways: the way that shows the least is taken.
        best = min(left, key=lambda one: len(one.replace(_HIDDEN, "")))
        return best[: len(best) - self._beginning(best)]

    def _beginning(self, text: str) -> int:
        """Return the length of what may be the beginning of a secret whose end was cut off."""
        lengths = (
            length
            for forms in self._secrets.values()
            for form in forms
            for length in range(_SHORTEST, len(form))
            if text.endswith(form[:length])
        )
        return max(lengths, default=0)

    def _remnants(self, text: str) -> list[int]:
        """Return the lengths of what may be the end of a secret whose beginning was cut off."""
        found = {
            length
            for forms in self._secrets.values()
            for form in forms
            for length in range(1, min(len(form), len(text) + 1))
            if text.startswith(form[-length:])
        }
        return sorted(found)


def forms_of(secret: str) -> tuple[str, ...]:
    """Return the texts that give a secret away, the longest first, so that none is replaced in part."""
    data = secret.encode("utf-8", "surrogateescape")
    quoted = (
        quote(secret, safe="", errors="replace"),
        quote(secret, errors="replace"),
        quote_plus(secret, errors="replace"),
    )
    forms = {
        secret,
        *quoted,
        *(re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), one) for one in quoted),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        secret.replace("'", "'\"'\"'"),
        secret.replace("'", "'\\''"),
        data.hex(),
        data.hex().upper(),
        *_base64_of(data),
    }
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _base64_of(data: bytes) -> set[str]:
    """Return the base64 of a secret, and what any base64 of a longer text holds of it, wherever the secret begins."""
    found = set()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(data).decode()
        found |= {whole, whole.rstrip("=")}
        for before in range(3):
            # The first characters also hold bits of what stands before, the last one of what comes after.
            run = encode(bytes(before) + data).decode()[(0, 2, 3)[before] : (before + len(data)) * 8 // 6]
            if len(run) >= _RUN:
                found.add(run)
    return found
