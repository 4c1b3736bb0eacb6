"""From the text of a catalog to the catalog, with the place of every value and all mistakes at once."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from releasepilot.errors import CatalogError
from releasepilot.model.catalog import Catalog
from releasepilot.model.document import Node, Place, Problem, Unreadable, parse
from releasepilot.model.gate import MOST
from releasepilot.model.versioning import PolicyEntry

#: Keys and indexes from the root of a catalog to a value in it.
Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One thing that is wrong with a catalog."""

    place: Place
    #: Empty where it is the document as a whole.
    path: Path
    what: str


@dataclass(frozen=True, kw_only=True)
class Located:
    """A catalog, and where each of its values was written."""

    catalog: Catalog
    #: The name of the text, as errors show it.
    source: str
    tree: Node

    def where(self, path: Path) -> str:
        """Return `file:line:column` of the value at a path of the model, or of the nearest one around it."""
        return _shown(self.source, place_of(self.tree, path))

    def error(self, findings: Iterable[tuple[Path, str]]) -> CatalogError:
        """Make one error of what a later check found, in the order of the text."""
        return _error(
            self.source,
            [Mistake(place=place_of(self.tree, path), path=path, what=what) for path, what in findings],
        )

    def told(self, findings: Iterable[tuple[Path, str]]) -> list[str]:
        """Return a line for each finding, with its place, in the order of the text."""
        return _lines(
            self.source, [Mistake(place=place_of(self.tree, path), path=path, what=what) for path, what in findings]
        )


def read_catalog(text: str, source: str) -> Located:
    """Read a catalog; `source` names the text in errors.

    Raises CatalogError with every mistake, one to a line as `file:line:column: path: what`. Unknown keys are
    mistakes, because a misspelt policy that is silently ignored is worse than none.
    """
    try:
        tree, problems = parse(text)
    except Unreadable as error:
        raise _error(source, [_of_problem(error.problem)]) from error
    references = [Mistake(place=place_of(tree, path), path=path, what=what) for path, what in _references(tree)]
    mistakes = [*map(_of_problem, problems), *references]
    catalog: Catalog | None = None
    try:
        catalog = Catalog.model_validate(tree.plain(), extra="forbid")
    except ValidationError as error:
        mistakes += _of_validation(tree, error, referential=bool(references))
    else:
        mistakes += [
            Mistake(place=place_of(tree, path), path=path, what=what) for path, what in catalog.contradictions()
        ]
    if mistakes or catalog is None:
        raise _error(source, mistakes)
    return Located(catalog=catalog, source=source, tree=tree)


def absolute(catalog: Catalog, folder: str) -> Catalog:
    """Let relative repository paths begin at `folder`, an absolute POSIX path. URLs and scp-like addresses stay."""
    entries = tuple(
        entry if _remote(entry.repo) else entry.model_copy(update={"repo": _joined(folder, entry.repo)})
        for entry in catalog.components
    )
    return catalog.model_copy(update={"components": entries})


def _remote(repo: str) -> bool:
    """Git's rule for scp-like addresses: a colon before the first slash (git-clone, "GIT URLS")."""
    return "://" in repo or ":" in repo.split("/", 1)[0]


def _joined(folder: str, repo: str) -> str:
    return posixpath.normpath(posixpath.join(folder, repo))


def place_of(tree: Node, path: Path) -> Place:
    """Return the place of a value, or of the nearest one around it.

    A step's configuration stands beside `uses` in the text and under `config` in the model, so a `config` that
    the text does not have is passed over. The key itself is the place of a key that is wrong.
    """
    node = tree
    place = tree.place
    for part in path:
        found = (node.items or {}).get(part)
        if found is None:
            if part in {"config", "[key]"}:
                continue
            break
        key_place, node = found
        place = key_place
    return place


def _of_problem(problem: Problem) -> Mistake:
    return Mistake(place=problem.place, path=(), what=problem.what)


def _of_validation(tree: Node, error: ValidationError, *, referential: bool) -> Iterator[Mistake]:
    """Tell pydantic's findings in our words, without those that others tell with a better place.

    `referential` says that names which are given twice or name nothing are told already. A list whose members
    are all wrong also counts as too short.
    """
    details = error.errors(include_url=False)
    #: Where a text or a mapping may stand, pydantic tells what is wrong with both, and names the two in the path.
    either = {detail["loc"][: detail["loc"].index(_POLICY)] for detail in details if _POLICY in detail["loc"]}
    for detail in details:
        if detail["loc"][-1:] == ("str",) and detail["loc"][:-1] in either:
            continue
        path: Path = tuple(part for part in detail["loc"] if part != _POLICY)
        if referential and detail["type"] == "value_error" and path in {(), ("components",)}:
            continue
        if detail["type"] == "too_short" and detail["input"]:
            continue
        yield Mistake(place=place_of(tree, path), path=path, what=_told(detail, path))


#: How pydantic calls the mapping that may stand in the place of a policy's name.
_POLICY = PolicyEntry.__name__

#: Pydantic's kinds of error, in words for the writer of a catalog.
_WORDS = {
    "missing": "is missing",
    "model_type": "must be a mapping, that is lines of 'key: value'",
    "model_attributes_type": "must be a mapping, that is lines of 'key: value'",
    "dict_type": "must be a mapping, that is lines of 'key: value'",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
}


def _told(detail: ErrorDetails, path: Path) -> str:
    """Say what is wrong in words for the writer of a catalog."""
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown(str(path[-1]), fields_at(path[:-1]))
    if kind == "string_type" and isinstance(detail["input"], int | float):
        return "must be text: put it in quotes"
    return _WORDS.get(kind) or detail["msg"].removeprefix("Value error, ")


def _unknown(key: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(key, known, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
    return f"is not a key that a catalog has here; {remedy}"


def fields_at(path: Path) -> tuple[str, ...]:
    """Return the keys that the model knows at a path, as a catalog writes them."""
    model: type[BaseModel] = Catalog
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            model = next(_models(model.model_fields[part].annotation), model)
    return tuple(field.alias or name for name, field in model.model_fields.items() if name != "config")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Find the models in an annotation such as `tuple[StepDeclaration, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _references(tree: Node) -> Iterator[tuple[Path, str]]:
    """Find names that are given twice or that name nothing, each at its own place."""
    names: dict[str, str] = {}
    for path, name in _texts(tree, ("components",), "name"):
        first = names.setdefault(name.casefold(), name)
        if first is not name:
            yield path, f"another component is named {first!r}: names must be unique, whatever their case"
    exact = {name for _, name in _texts(tree, ("components",), "name")}
    for path, need, owner in _needs(tree):
        if need == owner:
            yield path, "a component cannot need itself"
        elif need not in exact:
            close = get_close_matches(need, sorted(exact), n=1)
            yield path, f"{need!r} is not in the catalog" + (f"; did you mean {close[0]!r}?" if close else "")
    yield from _gates(tree)


def _entries(tree: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    """Yield the members of the list at a path."""
    node: Node | None = tree
    for part in path:
        node = (node.items or {}).get(part, (None, None))[1] if node else None
    for index, (_, member) in ((node.items or {}) if node and not node.mapping else {}).items():
        yield (*path, index), member


def _texts(tree: Node, path: Path, key: str) -> Iterator[tuple[Path, str]]:
    """Yield the text under a key of each member of a list."""
    for where, member in _entries(tree, path):
        value = (member.items or {}).get(key, (None, None))[1]
        if value is not None and isinstance(value.scalar, str):
            yield (*where, key), value.scalar


def _needs(tree: Node) -> Iterator[tuple[Path, str, str]]:
    """Yield every declared need: its path, what is needed, and by whom."""
    for where, member in _entries(tree, ("components",)):
        name = (member.items or {}).get("name", (None, Node(place=member.place)))[1].scalar
        for path, need in _entries(member, ("needs",)):
            if isinstance(need.scalar, str):
                yield (*where, *path), need.scalar, str(name)
            target = (need.items or {}).get("component", (None, None))[1]
            if target is not None and isinstance(target.scalar, str):
                yield (*where, *path, "component"), target.scalar, str(name)


def _gates(tree: Node) -> Iterator[tuple[Path, str]]:
    """Find gates that too few people could ever pass, and roles that are misspelt.

    A catalog without roles is for one person: each role is then held by whoever owns the embedded stack.
    """
    roles = (tree.items or {}).get("roles", (None, None))[1]
    members = {
        role: {str(person.scalar) for _, person in (node.items or {}).values()}
        for role, (_, node) in ((roles.items or {}) if roles else {}).items()
    }
    for where, gate in _entries(tree, ("gates",)):
        people: set[str] = set()
        for path, role in _entries(gate, ("roles",)):
            if members and isinstance(role.scalar, str):
                if role.scalar not in members:
                    yield (*where, *path), f"the role {role.scalar!r} is not under 'roles'"
                people |= members.get(role.scalar, set())
        quorum = (gate.items or {}).get("quorum", (None, Node(place=gate.place, scalar=1)))[1].scalar
        # One that is too large for any gate is told already.
        if isinstance(quorum, int) and people and len(people) < quorum <= MOST:
            yield (*where, "quorum"), f"{quorum} must approve, and only {len(people)} may"


def _shown(source: str, place: Place) -> str:
    return f"{source}:{place.line}:{place.column}"


def _dotted(path: Path) -> str:
    """Write a path as `components[0].needs[1]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path if part != "[key]")
    return text.removeprefix(".")


def _error(source: str, mistakes: Iterable[Mistake]) -> CatalogError:
    return CatalogError("\n".join(_lines(source, mistakes)), hint=_HINT)


def _lines(source: str, mistakes: Iterable[Mistake]) -> list[str]:
    ordered = sorted(mistakes, key=lambda mistake: mistake.place)
    return list(
        dict.fromkeys(": ".join(filter(None, (_shown(source, m.place), _dotted(m.path), m.what))) for m in ordered)
    )


_HINT = "what a catalog may hold is told in docs/reference/catalog.md, or by `releasepilot schema`"
