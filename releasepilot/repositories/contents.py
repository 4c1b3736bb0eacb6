"""Read the files of components at their commits, for any number of components with two processes at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from releasepilot.model.catalog import Ecosystem
from releasepilot.model.paths import above, from_root
from releasepilot.repositories.command import Git
from releasepilot.repositories.objects import GitObject, read_objects
from releasepilot.versioning.ecosystems import ALL_ABOVE, ALL_FILES, ALL_FOLDERS, MANIFESTS, detect

_LINK = "120000"
_SUBMODULE = "160000"
_TREE = "40000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Where a component is, and what is asked of it."""

    head: str
    #: From the root of the repository.
    path: str
    #: Detected from the manifests where absent.
    ecosystem: Ecosystem | None = None
    #: What is read beside the manifests, relative to the folder.
    files: tuple[str, ...] = ()

    @property
    def fixed(self) -> tuple[str, ...]:
        """The names that are asked for, whatever the folder holds."""
        return tuple(dict.fromkeys((*ALL_FILES, *self.files)))

    @property
    def above(self) -> tuple[str, ...]:
        """The names that are asked for in the folders above."""
        return tuple(each for name in ALL_ABOVE for each in above(self.path, name))

    def object_of(self, name: str) -> str:
        """Return how git names what the folder calls `name`."""
        return f"{self.head}:{from_root(self.path, name)}"

    @property
    def around(self) -> tuple[str, ...]:
        """The other folders that hold what is asked for: a file's mode stands in the tree of its folder alone."""
        names = (*self.fixed, *self.above)
        return tuple(dict.fromkeys(folder for name in names if (folder := _folder_of(name))))

    @property
    def tree(self) -> str:
        """How git names the folder itself."""
        return f"{self.head}:{'' if self.path == '.' else self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a folder has."""

    ecosystem: Ecosystem
    #: By their names relative to the folder.
    files: Mapping[str, GitObject]
    #: The names of those files that are symbolic links: what was read of them is where they point to.
    links: tuple[str, ...] = ()


def read_contents(git: Git, folders: Sequence[Folder]) -> list[Contents | None]:
    """Read folders in the order asked for; None for each that is not there.

    The second process is started only where a folder lists files that an ecosystem finds by what is there.
    """
    first = _read(git, [(folder, _first_names(folder)) for folder in folders])
    listings = [_listing(objects) for objects in first]
    ecosystems = [
        folder.ecosystem or detect([*_blobs(objects, folder.fixed), *listed])
        for folder, objects, listed in zip(folders, first, listings, strict=True)
    ]
    wanted = [
        [name for name in MANIFESTS[ecosystem].further(listed) if name not in objects]
        for ecosystem, objects, listed in zip(ecosystems, first, listings, strict=True)
    ]
    second = _read(git, list(zip(folders, wanted, strict=True)))
    return [
        _contents(folder, ecosystem, {**before, **after}) if _is_tree(before[""]) else None
        for folder, ecosystem, before, after in zip(folders, ecosystems, first, second, strict=True)
    ]


_Objects = Mapping[str, GitObject | None]


def _first_names(folder: Folder) -> list[str]:
    """Name the folder itself as the empty name, the folders that are listed, and the files."""
    return list(dict.fromkeys(("", *ALL_FOLDERS, *folder.around, *folder.fixed, *folder.above)))


def _read(git: Git, asked: Sequence[tuple[Folder, Sequence[str]]]) -> list[_Objects]:
    """Read all names of all folders with one process."""
    names = [folder.object_of(name) if name else folder.tree for folder, asked_of in asked for name in asked_of]
    objects = iter(read_objects(git, names))
    return [{name: next(objects) for name in asked_of} for _, asked_of in asked]


def _contents(folder: Folder, ecosystem: Ecosystem, objects: _Objects) -> Contents:
    """Keep the files that the ecosystem reads, and those that were asked for beside them."""
    manifests = MANIFESTS[ecosystem]
    others = {*ALL_FILES, *ALL_FOLDERS, *folder.around, *folder.above} - {*manifests.files, *folder.files}
    others -= {each for name in manifests.above for each in above(folder.path, name)}
    files = _blobs(objects, [name for name in objects if name not in others])
    return Contents(ecosystem=ecosystem, files=files, links=tuple(name for name in files if _is_link(objects, name)))


def _blobs(objects: _Objects, names: Sequence[str]) -> dict[str, GitObject]:
    return {name: found for name in names if (found := objects[name]) and found.kind == "blob"}


def _is_tree(found: GitObject | None) -> bool:
    return found is not None and found.kind == "tree"


def _is_link(objects: _Objects, name: str) -> bool:
    """Tell whether the tree that a file stands in calls it a symbolic link."""
    tree = objects.get(_folder_of(name))
    if tree is None or tree.kind != "tree":
        return False
    last = name.rpartition("/")[2]
    return any(mode == _LINK and each == last for mode, each in _named(tree))


def _folder_of(name: str) -> str:
    """Return the folder that a file's name leads to; empty for the component's own."""
    return name.rpartition("/")[0]


def _listing(objects: _Objects) -> list[str]:
    """List the folder and those that are looked into, folders with a `/` at their end."""
    listed: list[str] = []
    for folder in ("", *ALL_FOLDERS):
        found = objects[folder]
        if found is not None and found.kind == "tree":
            listed += [f"{folder}/{name}" if folder else name for name in _entries(found)]
    return listed


def _entries(tree: GitObject) -> Iterator[str]:
    """Yield the names in a tree object, of folders with a `/` at their end.

    Links and submodules are left out, and names that could not stand on a line of text.
    """
    for mode, name in _named(tree):
        if name.isprintable() and "\ufffd" not in name and mode not in {_LINK, _SUBMODULE}:
            yield f"{name}/" if mode == _TREE else name


def _named(tree: GitObject) -> Iterator[tuple[str, str]]:
    """Yield mode and name of what is in a tree object: mode, space, name, NUL, and the id as bytes."""
    width = len(tree.oid) // 2
    at = 0
    while at < len(tree.data):
        end = tree.data.index(b"\0", at)
        mode, _, raw = tree.data[at:end].partition(b" ")
        at = end + 1 + width
        yield mode.decode(), raw.decode("utf-8", "replace")
