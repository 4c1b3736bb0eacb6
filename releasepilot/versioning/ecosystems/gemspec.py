"""Gem specifications, and the file that holds a gem's version constant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems import ruby_text
from releasepilot.versioning.ecosystems.manifest import Content, Declared, Dependency

_KINDS = {"add_dependency": "runtime", "add_runtime_dependency": "runtime", "add_development_dependency": "dev"}
_SPECIFICATION = re.compile(r"[^\n|#]{0,200}\bGem::Specification\.new\b")
_BLOCK = re.compile(r"[^\n|]{0,200}\|[ \t]*(\w+)[ \t]*\|")
_STATEMENT = re.compile(r"[ \t]*(\w+)\.(\w+)[ \t]*(=(?![=~>]))?[ \t]*")
_CONSTANT = re.compile(r"(?:::)?((?:[A-Z]\w*::)*)VERSION\b(?!::)")
_SECOND = re.compile(r"[ \t]*,[ \t]*" + _CONSTANT.pattern)
_VERSION = re.compile(r"(?:[^\n#'\"]*;)?[ \t]*VERSION[ \t]*=[ \t]*")


class Specification(NamedTuple):
    """A specification that was read."""

    content: Content
    #: The modules of the constant that its version is, such as `Acme::Web`; None where it is no constant.
    constant: str | None


def read(name: str, text: str) -> Specification:
    """Read the literals of a specification; what is computed is left alone."""
    variable, content = "spec", Content()
    constant: str | None = None
    declared: list[Declared] = []
    for at in ruby_text.code_lines(text):
        opened = _SPECIFICATION.match(text, at)
        if opened is not None:
            block = _BLOCK.match(text, opened.end())
            variable = block[1] if block else variable
            given = ruby_text.arguments(text, opened.end())
            content = _named(given, content)
            version = _SECOND.match(text, given.literals[0].outer[1]) if given.literals else None
            constant = constant if version is None else _modules(version)
            continue
        found = _STATEMENT.match(text, at)
        if found is None or found[1] != variable:
            continue
        if found[3] and found[2] in {"name", "version"}:
            content = _assigned(text, found, content)
            version = _CONSTANT.match(text, found.end()) if found[2] == "version" else None
            constant = constant if version is None else _modules(version)
        elif found[2] in _KINDS:
            declared += _dependency(name, text, found)
    return Specification(replace(content, declared=tuple(_without_fallbacks(declared))), constant)


def _modules(constant: re.Match[str]) -> str:
    """Return the modules of the constant; `VERSION` alone has none, the empty text."""
    return constant[1].removesuffix("::")


def _without_fallbacks(declared: list[Declared]) -> list[Declared]:
    """Count what is declared for development as that, also where an old RubyGems is told of it by `add_dependency`."""
    development = {each.dependency.package for each in declared if each.dependency.kind == "dev"}
    return [
        replace(each, dependency=replace(each.dependency, kind="dev"))
        if each.dependency.package in development
        else each
        for each in declared
    ]


def version_files(listed: Iterator[str], gems: Iterator[str]) -> Iterator[str]:
    """Yield where the version constants of gems are by convention: `acme-web` has `acme/web` or `acme_web`."""
    yield "lib/version.rb"
    for name in listed:
        if name.startswith("lib/") and name.endswith("/"):
            yield f"{name}version.rb"
    for gem in gems:
        yield f"lib/{gem.replace('-', '/')}/version.rb"


def version_file(constant: str, files: Mapping[str, str]) -> str | None:
    """Return the file of a version constant: that of its modules, or the only one that there is."""
    candidates = sorted(name for name in files if name.startswith("lib/") and name.endswith("version.rb"))
    squashed = constant.replace("::", "/").lower()
    fitting = [name for name in candidates if name.removesuffix("/version.rb")[4:].replace("_", "") == squashed]
    chosen = fitting or (candidates if len(candidates) == 1 else [])
    return chosen[0] if chosen else None


def version_content(text: str) -> Content:
    """Read the constant `VERSION` where it is a literal."""
    for at in ruby_text.code_lines(text):
        found = _VERSION.match(text, at)
        literal = ruby_text.literal(text, found.end()) if found else None
        if literal is not None:
            return _with_version(Content(), literal)
    return Content()


def _named(given: ruby_text.Arguments, content: Content) -> Content:
    """Take name and version from `Gem::Specification.new "name", "1.0" do |spec|`."""
    if given.literals:
        content = Content(name=given.literals[0].value)
    return _with_version(content, given.literals[1]) if len(given.literals) > 1 else content


def _assigned(text: str, found: re.Match[str], content: Content) -> Content:
    """Take a name or a version that is assigned as a literal."""
    literal = ruby_text.literal(text, found.end())
    if literal is None:
        return content
    if found[2] == "version":
        return _with_version(content, literal)
    return replace(content, name=literal.value)


def _with_version(content: Content, literal: ruby_text.Literal) -> Content:
    return replace(
        content,
        version=literal.value,
        write_version=lambda version: (Splice(start=literal.start, end=literal.end, text=version),),
    )


def _dependency(name: str, text: str, found: re.Match[str]) -> Iterator[Declared]:
    """Read a dependency; one whose requirements are computed has none that could be moved."""
    given = ruby_text.arguments(text, found.end())
    if given.literals:
        gem, *requirements = given.literals
        known = tuple(requirements) if given.plain else ()
        constraint = ", ".join(each.value for each in known)
        dependency = Dependency(package=gem.value, constraint=constraint, kind=_KINDS[found[2]], path=name)
        yield Declared(dependency=dependency, write=ruby_text.writer(known))
