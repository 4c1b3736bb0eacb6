"""What a command or an address may say of the release: `{version}` and the like, and the same as environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from releasepilot.plugins.spec import Call, ConfigT

#: The words that are filled in. Braces around anything else stay as they are.
NAMES = ("name", "version", "from_version", "tag", "train", "effect_key")

_PLACEHOLDER = re.compile("{(" + "|".join(NAMES) + ")}")


def facts_of(call: Call[ConfigT]) -> dict[str, str]:
    """Return the value of each placeholder; `from_version` is empty at a first release."""
    release = call.release
    return {
        "name": release.component,
        "version": release.to_version,
        "from_version": release.from_version or "",
        "tag": release.tag,
        "train": call.train,
        "effect_key": call.effect_key,
    }


def fill(word: str, facts: Mapping[str, str]) -> str:
    """Fill in one word of a command. Do this after splitting: a value can then never become two words."""
    return _PLACEHOLDER.sub(lambda found: facts[found[1]], word)


def fill_url(url: str, facts: Mapping[str, str]) -> str:
    """Fill in an address, percent-encoded: a value can then never become another host or path."""
    return _PLACEHOLDER.sub(lambda found: quote(facts[found[1]], safe=""), url)


def environment_of(call: Call[ConfigT]) -> dict[str, str]:
    """Return the facts as RELEASEPILOT_NAME, RELEASEPILOT_VERSION and so on."""
    return {f"RELEASEPILOT_{name.upper()}": value for name, value in facts_of(call).items()}
