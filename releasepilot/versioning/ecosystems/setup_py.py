"""setup.py: the literals of its `setup(...)` call. It is parsed and never executed."""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator

from releasepilot.errors import ManifestError
from releasepilot.model.plan import Splice
from releasepilot.versioning.ecosystems import pep508
from releasepilot.versioning.ecosystems.manifest import Content, Declared, Dependency, Write

FILE = "setup.py"
_LISTS = {"install_requires": "runtime", "setup_requires": "build", "tests_require": "dev"}
_LITERAL = re.compile(r"""[uU]?("{3}|'{3}|"|')""")
_NEWLINE = re.compile(r"\r\n?|\n")


def content(text: str) -> Content:
    """Read the first call of `setup`: its literals, and names that stand for one. What is computed is left alone."""
    tree = _parsed(text)
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node.func) == "setup")
    call = min(calls, key=lambda each: (each.lineno, each.col_offset), default=None)
    if call is None:
        return Content()
    constants = _constants(tree)
    arguments = {keyword.arg: _looked_up(keyword.value, constants) for keyword in call.keywords if keyword.arg}
    source = _Source(text)
    version = arguments.get("version")
    return Content(
        name=_text(arguments.get("name")),
        version=_text(version),
        write_version=source.writer(version) if version is not None and _text(version) else None,
        declared=tuple(_declared(source, arguments)),
    )


def _parsed(text: str) -> ast.Module:
    """Parse the file; ManifestError with file, line and cause where it is not Python."""
    try:
        with warnings.catch_warnings():
            # What Python would say of its escapes concerns those who run it.
            warnings.simplefilter("ignore")
            return ast.parse(text.removeprefix("\ufeff"))
    except SyntaxError as error:
        raise ManifestError(
            f"{FILE}:{error.lineno or 1}: {error.msg}", hint="Correct the file so that it is valid Python 3."
        ) from error
    except (ValueError, RecursionError, MemoryError):
        raise ManifestError(
            f"{FILE}: it has null bytes or is nested too deeply", hint="Check that this is the right file."
        ) from None


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Return the values of the names that the module assigns once, at its top."""
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    stored = Counter(node.id for node in names)
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and stored[target.id] == 1
    }


def _looked_up(node: ast.expr, constants: dict[str, ast.expr]) -> ast.expr:
    return constants.get(node.id, node) if isinstance(node, ast.Name) else node


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


class _Source:
    """The text, with the positions of the syntax tree, which count lines and bytes."""

    def __init__(self, text: str) -> None:
        self._text = text
        begin = 1 if text.startswith("\ufeff") else 0
        self._lines = [begin, *(found.end() for found in _NEWLINE.finditer(text))]

    def writer(self, node: ast.expr, part: tuple[int, int] | None = None) -> Write:
        """Return what replaces a text, or a part of it; quotes stay where it is one plain literal."""
        return lambda new: (self._replacement(node, part, new),)

    def _replacement(self, node: ast.expr, part: tuple[int, int] | None, new: str) -> Splice:
        value = _text(node) or ""
        first, last = part or (0, len(value))
        start = self._at(node.lineno, node.col_offset)
        end = self._at(node.end_lineno or node.lineno, node.end_col_offset or 0)
        opening = _LITERAL.match(self._text, start)
        if opening is not None:
            inner = self._text[opening.end() : end - len(opening[1])]
            if inner.replace("\r\n", "\n") == value and "\\" not in value and _plain(new):
                at = opening.end()
                return Splice(start=at + _offset(inner, first), end=at + _offset(inner, last), text=new)
        return Splice(start=start, end=end, text=repr(value[:first] + new + value[last:]))

    def _at(self, line: int, column: int) -> int:
        """Return the offset of a place; the tree counts columns in bytes of UTF-8."""
        start = self._lines[line - 1]
        end = self._lines[line] if line < len(self._lines) else len(self._text)
        return start + len(self._text[start:end].encode()[:column].decode())


def _offset(raw: str, at: int) -> int:
    """Return where a character of a literal's value stands in the file: Python reads CR LF as one newline."""
    begin = 0
    while (found := raw.find("\r\n", begin)) >= 0 and found < at:
        at += 1
        begin = found + 2
    return at


def _plain(text: str) -> bool:
    """Tell whether a text means itself between any quotes."""
    return text.isprintable() and not set(text) & set("\"'\\")


def _declared(source: _Source, arguments: dict[str, ast.expr]) -> Iterator[Declared]:
    """Walk the lists of requirements, then the extras."""
    for argument, kind in _LISTS.items():
        yield from _requirements(source, arguments.get(argument), kind)
    extras = arguments.get("extras_require")
    if isinstance(extras, ast.Dict):
        for key, entries in zip(extras.keys, extras.values, strict=True):
            extra = _text(key) or ""
            # An extra without a name is a condition: `:os_name == "nt"`.
            yield from _requirements(source, entries, "runtime" if extra.startswith(":") else "optional", extra)


def _requirements(source: _Source, node: ast.expr | None, kind: str, group: str = "") -> Iterator[Declared]:
    """Walk a list of texts, or one text, with a requirement on each line."""
    entries = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    for entry in entries:
        at = 0
        for line in (_text(entry) or "").splitlines(keepends=True):
            code = line.partition(" #")[0].rstrip()
            requirement = pep508.parse(code)
            if requirement is not None and entry is not None:
                first, last = requirement.part
                dependency = Dependency(
                    package=requirement.name, constraint=requirement.specifier, kind=kind, path=FILE, group=group
                )
                yield Declared(dependency=dependency, write=source.writer(entry, (at + first, at + last)))
            elif entry is not None and code and not code.lstrip().startswith("#"):
                raise ManifestError(
                    f"{FILE}:{entry.lineno}: {code[:200]!r} is not a requirement", hint='Write it as "name>=1.0".'
                )
            at += len(line)
