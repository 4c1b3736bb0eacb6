"""Requirements files: one requirement a line, and options for pip, which are left alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from releasepilot.errors import ManifestError
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems import pep508
from releasepilot.versioning.ecosystems.manifest import Content, Declared, Dependency, Write

#: Words in a file's name that make it one for development.
_DEVELOPMENT = frozenset(
    {"ci", "dev", "develop", "development", "doc", "docs", "format", "lint", "linting", "mypy", "qa", "style"}
    | {"test", "testing", "tests", "typing"}
)
#: A comment that is a line of its own, or a line with those that backslashes join to it.
_LINE = re.compile(r"(?:[ \t]*#[^\n]*|(?:[^\n\\]+|\\(?:\r?\n)?)*)\n?")
_COMMENT = re.compile(r"(?m)(?:^|(?<=[ \t]))#[^\n]*")
_OPTION = re.compile(r"(?<=\s)-")


def content(name: str, text: str, kind: str) -> Content:
    """Read a requirements file; `kind` is that of its requirements, where its name does not say development."""
    words = re.split(r"[^a-z]+", name.lower().removesuffix(".txt"))
    if _DEVELOPMENT & set(words):
        kind = "dev"
    return Content(declared=tuple(_declared(name, text, kind)))


def _declared(name: str, text: str, kind: str) -> Iterator[Declared]:
    """Walk the logical lines. Options, paths, addresses and variables are no requirements of a known name."""
    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        found = _LINE.match(text, at)
        end = found.end() if found and found.end() > at else len(text)
        body, options = _divided(text[at:end])
        requirement = pep508.parse(body) if body else None
        if requirement is not None:
            hashed = "--hash" in options
            # An environment for development is as its tool locked it until that locks it anew: nobody has to follow.
            constraint = "" if hashed and kind == "dev" else requirement.specifier
            dependency = Dependency(package=requirement.name, constraint=constraint, kind=kind, path=name)
            write = _refusal(dependency) if hashed else _writer(at, requirement.part)
            yield Declared(dependency=dependency, write=write)
        at = end


def _divided(line: str) -> tuple[str, str]:
    """Divide a logical line into the requirement, from its first character, and the options behind it."""
    comment = _COMMENT.search(line)
    code = line[: comment.start()] if comment else line
    option = _OPTION.search(code)
    body = code[: option.start()] if option else code
    return body.rstrip("\\ \t\r\n"), line[len(body) :]


def _refusal(dependency: Dependency) -> Write:
    """Return what refuses to move a pin with hashes: they belong to files that are yet to be built."""

    def refuse(new: str) -> tuple[Splice, ...]:
        raise ManifestError(
            f"{dependency.path}: {dependency.package}{dependency.constraint} has to become {new}, and its hashes are "
            "those of the old version",
            hint="Write the requirement without --hash, or leave this component out of the train and let the tool "
            "that made the file make it anew afterwards.",
        )

    return refuse


def _writer(at: int, part: tuple[int, int]) -> Write:
    return lambda new: (Splice(start=at + part[0], end=at + part[1], text=new),)
