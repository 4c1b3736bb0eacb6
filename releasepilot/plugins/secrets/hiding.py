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
        self._secrets: dict[str, re.Pattern[str]] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._secrets)} secrets>"

    @property
    def knows(self) -> bool:
        """Whether there is anything to hide."""
        return bool(self._secrets)

    def learn(self, secret: str) -> None:
        """Hide this from now on, unless it is too short to be told from ordinary words."""
        if len(secret) >= _SHORTEST and secret not in self._secrets:
            self._secrets[secret] = re.compile("|".join(re.escape(form) for form in forms_of(secret)))

    def hide(self, text: str, *, cut: bool = False) -> str:
        """Return the text without the secrets; with `cut` it may begin in the midst of one."""
        if not self._secrets:
            return text
        if cut:
            text = self._without_remnant(text.lstrip(_CUT))
        for pattern in self._secrets.values():
            text = pattern.sub(_HIDDEN, text)
        return text

    def _without_remnant(self, text: str) -> str:
        """Take away what may be the end of a secret whose beginning was cut off."""
        ends = (
            length
            for secret in self._secrets
            for form in forms_of(secret)
            for length in range(min(len(form) - 1, len(text)), 0, -1)
            if text.startswith(form[-length:])
        )
        return text[max(ends, default=0) :]


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
