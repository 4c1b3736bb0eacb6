"""Which version of the tz database decides here. Rules of zones change by law, sometimes weeks ahead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from zoneinfo import TZPATH

#: What a folder whose version nobody wrote down is called.
UNKNOWN = "unknown"


@cache
def zone_data_version() -> str:
    """Return the version of the data that `zoneinfo` reads, such as `2026f`: that of the machine, else the package's.

    `unknown` where the machine has zones and does not say which.
    """
    for folder in TZPATH:
        if next(_first_lines(folder, ("UTC", "Etc/UTC")), None) is not None:
            told = next(_first_lines(folder, ("tzdata.zi", "+VERSION")), b"")
            return told.decode("ascii", "replace").removeprefix("# version ").strip()[:20] or UNKNOWN
    # Looked up late: Python itself imports it only where the machine has no zones.
    return str(import_module("tzdata").IANA_VERSION)


def _first_lines(folder: str, names: tuple[str, ...]) -> Iterator[bytes]:
    """Yield the first line of each of these files that is there, as `zoneinfo` itself finds them."""
    for name in names:
        with suppress(OSError), open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123 - the core has no pathlib
            yield file.readline(200)


__all__ = ["UNKNOWN", "zone_data_version"]
