"""setup.cfg: what setuptools reads of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from releasepilot.errors import ManifestError
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems import pep508
from releasepilot.versioning.ecosystems.manifest import Content, Declared, Dependency, Write

FILE = "setup.cfg"
_LISTS = {"install_requires": "runtime", "setup_requires": "build", "tests_require": "dev"}
_DYNAMIC = ("attr:", "file:")


class _Text(NamedTuple):
    """One line of a value, without white space around it, and where it stands."""

    start: int
    text: str


class _Line(NamedTuple):
    """A line with something in it that is no comment."""

    number: int
    start: int
    indent: int
    text: str


_Options = Mapping[tuple[str, str], list[_Text]]


def content(text: str) -> Content:
    """Read setup.cfg; a version that setuptools takes from elsewhere (`attr:`, `file:`) is None."""
    options = _options(text)
    name, version = _single(options, "name"), _single(options, "version")
    return Content(
        name=name.text if name else None,
        version=version.text if version else None,
        write_version=_writer(version.start, (0, len(version.text))) if version else None,
        declared=tuple(_declared(text, options)),
    )


def _single(options: _Options, key: str) -> _Text | None:
    """Return a value of [metadata] that is written out on one line."""
    lines = [line for line in options.get(("metadata", key), []) if line.text]
    return lines[0] if len(lines) == 1 and not lines[0].text.startswith(_DYNAMIC) else None


def _declared(text: str, options: _Options) -> Iterator[Declared]:
    """Walk the lists of [options], then the extras."""
    for (section, key), lines in options.items():
        if section == "options" and key in _LISTS:
            yield from _requirements(text, lines, _LISTS[key])
    for (section, key), lines in options.items():
        if section == "options.extras_require":
            yield from _requirements(text, lines, "optional", key)


def _requirements(text: str, lines: list[_Text], kind: str, group: str = "") -> Iterator[Declared]:
    """Walk a list, which stands on lines of its own or, with semicolons, behind the key."""
    for item in _joined(lines) if len(lines) > 1 else _semicolons(lines[0]):
        entry = item.text.partition(" #")[0].rstrip()
        if not entry or entry.startswith(_DYNAMIC):
            continue
        requirement = pep508.parse(entry)
        if requirement is None:
            line = text.count("\n", 0, item.start) + 1
            raise ManifestError(f"{FILE}:{line}: {entry[:200]!r} is not a requirement", hint="Write it as name>=1.0.")
        dependency = Dependency(
            package=requirement.name, constraint=requirement.specifier, kind=kind, path=FILE, group=group
        )
        yield Declared(dependency=dependency, write=_writer(item.start, requirement.part))


def _joined(lines: list[_Text]) -> Iterator[_Text]:
    """Join lines that end with a backslash to what follows, such as a marker behind its requirement."""
    start, text = 0, ""
    for line in lines:
        start, text = (start if text else line.start), text + line.text
        if text.endswith("\\"):
            text = text[:-1]
            continue
        yield _Text(start, text)
        text = ""
    if text:
        yield _Text(start, text)


def _semicolons(line: _Text) -> Iterator[_Text]:
    """Divide a value of one line."""
    at = line.start
    for part in line.text.split(";"):
        stripped = part.lstrip()
        yield _Text(at + len(part) - len(stripped), stripped.rstrip())
        at += len(part) + 1


def _options(text: str) -> _Options:
    """Read sections and their options. Of an option that is written twice the later one counts."""
    options: dict[tuple[str, str], list[_Text]] = {}
    section, indent = "", 0
    value: list[_Text] | None = None
    for line in _lines(text):
        if value is not None and line.indent > indent:
            value.append(_Text(line.start + line.indent, line.text))
            continue
        value, indent = None, line.indent
        if line.text.startswith("[") and "]" in line.text:
            section = line.text[1 : line.text.rindex("]")].strip()
            continue
        mark = min((at for sign in "=:" if (at := line.text.find(sign)) > 0), default=-1)
        if mark < 0 or not section:
            raise ManifestError(
                f"{FILE}:{line.number}: this is neither a section nor an option of one",
                hint="Write it as `key = value` under a [section].",
            )
        after = line.text[mark + 1 :]
        value = [_Text(line.start + line.indent + len(line.text) - len(after.lstrip()), after.strip())]
        options[section, _key(line.text[:mark])] = value
    return options


def _key(written: str) -> str:
    """Return the key as setuptools knows it."""
    return written.strip().lower().replace("-", "_")


def _lines(text: str) -> Iterator[_Line]:
    """Yield the lines with something in them; comments are whole lines."""
    at = 1 if text.startswith("\ufeff") else 0
    for number, raw in enumerate(text[at:].split("\n"), start=1):
        stripped = raw.strip()
        if stripped and stripped[0] not in "#;":
            yield _Line(number, at, len(raw) - len(raw.lstrip()), stripped)
        at += len(raw) + 1


def _writer(at: int, part: tuple[int, int]) -> Write:
    return lambda new: (Splice(start=at + part[0], end=at + part[1], text=new),)
