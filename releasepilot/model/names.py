"""Texts that become parts of git refs, addresses, paths and workflow ids, each checked where it is read."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def _name(value: str) -> str:
    """Names become parts of git refs, workflow ids and file names."""
    if not _NAME.fullmatch(value) or ".." in value or value.endswith((".", ".lock")):
        raise ValueError(
            "a name begins with a letter or digit, has at most 63 letters, digits, dots, dashes and underscores, "
            "no '..', and does not end in '.' or '.lock'"
        )
    return value


#: The name of a component, train, step or role.
Name = Annotated[str, AfterValidator(_name)]
#: What a label of a component says: `production`, `eu`.
LabelValue = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,63}$")]

_CONTROL = re.compile(r"[\x00-\x1f]")
_SCHEMES = ("file://", "ssh://", "https://", "http://", "git://", "git+ssh://")


def _repo(value: str) -> str:
    """Accept a path, an scp-like address or a URL with a plain scheme; refuse what git could read as more than that."""
    if value.startswith("-"):
        raise ValueError("a repository may not begin with '-': git would read it as an option")
    if "::" in value.split("/", 1)[0]:
        raise ValueError("remote helpers such as ext:: are not allowed: write a path, an ssh or an https address")
    if _CONTROL.search(value):
        raise ValueError("a repository address has no control characters")
    if "://" in value and not value.startswith(_SCHEMES):
        raise ValueError(f"the scheme is not one of {', '.join(_SCHEMES)}")
    if re.match(r"https?://[^/]*@|[a-z+]+://[^/@]*:[^/@]*@", value):
        raise ValueError("credentials do not belong into a catalog: use a credential helper, or ssh with a key")
    if not value:
        raise ValueError("a repository address is not empty")
    return value


def _ref(value: str) -> str:
    """Accept what git accepts as a branch name (git-check-ref-format, the rules that can be checked in one pass)."""
    if (
        not value
        or value.startswith(("-", "/", "."))
        or value.endswith(("/", ".", ".lock"))
        or any(bad in value for bad in ("..", "//", "@{", "/."))
        or re.search(r"[\x00-\x20\x7f~^:?*\[\\]", value)
    ):
        raise ValueError("this is not a name that git accepts for a branch or tag")
    return value


def _path(value: str) -> str:
    """Accept a folder inside the repository, in POSIX form."""
    parts = value.split("/")
    if value.startswith(("/", "-", ":")) or ".." in parts or "\\" in value or _CONTROL.search(value):
        raise ValueError("a path is relative to the repository, uses '/', and has no '..'")
    cleaned = "/".join(part for part in parts if part not in ("", "."))
    if ".git" in cleaned.lower().split("/"):
        raise ValueError("what is in .git is git's own, and in no commit")
    return cleaned or "."


def _file(value: str) -> str:
    """Accept a file inside the repository, which is no folder."""
    cleaned = _path(value)
    if cleaned == "." or value.endswith("/"):
        raise ValueError("this names a folder: write the path of a file")
    return cleaned


def _file_above(value: str) -> str:
    """Accept a file in the component's folder or in one above it."""
    bare = value
    while bare.startswith("../"):
        bare = bare.removeprefix("../")
    return value.removesuffix(bare) + _file(bare)


def _watched(value: str) -> str:
    """Accept a folder, a file or a pattern; behind `!` one that does not count."""
    bare = value.removeprefix("!")
    if not bare:
        raise ValueError("behind '!' stands the folder, file or pattern that does not count")
    return value.removesuffix(bare) + _path(bare)


def _tag(value: str) -> str:
    """Accept a template that holds `{version}` once and may hold `{name}`."""
    if value.count("{version}") != 1 or re.search(r"[{}]", value.replace("{version}", "").replace("{name}", "")):
        raise ValueError("a tag template holds {version} exactly once, may hold {name}, and no other braces")
    _ref(value.replace("{version}", "1.0.0").replace("{name}", "n"))
    return value


#: A repository's address.
Repo = Annotated[str, AfterValidator(_repo)]
#: A branch.
Ref = Annotated[str, AfterValidator(_ref)]
#: A folder or file inside a repository.
RepoPath = Annotated[str, AfterValidator(_path)]
#: A tag template.
TagTemplate = Annotated[str, AfterValidator(_tag)]
#: A file inside a repository.
RepoFile = Annotated[str, AfterValidator(_file)]
#: A file in a component's folder, or above it.
FileAbove = Annotated[str, AfterValidator(_file_above)]
#: A path or pattern whose commits count, or behind `!` do not.
Watched = Annotated[str, AfterValidator(_watched)]
