"""The documentation agrees with the code: generated pages, links, catalogs, commands, and the tests that it names."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from docs.generate import REFERENCE, reference
from docs.pages.errors import all_errors
from docs.pages.markdown import anchor
from releasepilot.cli.main import cli, load
from releasepilot.errors import ReleasePilotError
from releasepilot.model.catalog import Catalog
from releasepilot.model.reading import read_catalog
from releasepilot.plugins.registry import Registry
from releasepilot.settings import VARIABLES

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(?P<kind>\S*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]\n]*\]\((?P<target>[^)\s]+)\)")
_TEST = re.compile(r"`(?P<path>tests/[\w/]+\.py)(?:::(?P<name>\w+))?`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def named(path: Path) -> str:
    """Show a page by its path in the repository."""
    return path.relative_to(ROOT).as_posix()


def blocks(kind: str) -> Iterator[tuple[str, str]]:
    """Give the fenced blocks of a kind, each with its page."""
    for page in PAGES:
        for found in _FENCE.finditer(page.read_text(encoding="utf-8")):
            if found["kind"] == kind:
                yield named(page), found["text"]


@pytest.mark.parametrize("name", sorted(reference()))
def test_a_page_of_the_reference_is_current(name: str) -> None:
    """`python -m docs.generate` has been run since the last change."""
    assert (REFERENCE / name).read_text(encoding="utf-8") == reference()[name]


def test_every_page_of_the_reference_is_generated() -> None:
    """Nothing in its folder is written by hand."""
    assert {path.name for path in REFERENCE.iterdir()} == set(reference())


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link names a file that is there, and a heading that is in it."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in (found["target"] for found in _LINK.finditer(text)):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{named(page)} links to {target}"
        if heading:
            headings = {anchor(found.replace("`", "")) for found in _HEADING.findall(path.read_text(encoding="utf-8"))}
            assert heading in headings, f"{named(page)} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_named_tests_exist(page: Path) -> None:
    """A sentence that names the test which proves it names one that is there."""
    for found in _TEST.finditer(page.read_text(encoding="utf-8")):
        path = ROOT / found["path"]
        assert path.exists(), found[0]
        if found["name"]:
            defined = rf"^\s*(?:async )?def {found['name']}\("
            assert re.search(defined, path.read_text(encoding="utf-8"), re.MULTILINE), found[0]


def test_error_codes_are_unique() -> None:
    """A code means one error, and its first digit its branch of the tree."""
    codes = [one.code for one in all_errors()]
    assert len(codes) == len(set(codes)) > 20
    for one in all_errors():
        parent = one.__bases__[0]
        if issubclass(parent, ReleasePilotError) and parent is not ReleasePilotError:
            assert one.code.startswith(parent.code[:3]), one


def test_written_catalogs_are_valid() -> None:
    """Every whole catalog in the documentation reads without a mistake, its steps too."""
    registry = Registry.load()
    catalogs = [(page, text) for page, text in blocks("yaml") if text.startswith("version: 1")]
    assert len(catalogs) >= 3
    for page, text in catalogs:
        located = read_catalog(text, page)
        assert isinstance(located.catalog, Catalog)
        assert registry.check(located.catalog) == [], page


def test_written_commands_exist() -> None:
    """Each `releasepilot` command in a block for the shell has a name and options that the program knows."""
    seen = 0
    for page, text in [*blocks("sh"), *blocks("console")]:
        for line in text.replace("\\\n", " ").splitlines():
            found = re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*releasepilot (.+)", line)
            if found:
                check_command(page, found[1])
                seen += 1
    assert seen > 20


def check_command(page: str, words: str) -> None:
    """Hold the words after `releasepilot` against the program's commands and options."""
    rest = shlex.split(re.split(r" (?:\||\|\||&&|>|;|#) ?", words)[0])
    known = options(cli)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        assert option in known, f"{page}: {words}"
        if known[option]:
            rest.pop(0)
    if not rest:
        return
    command = load(rest.pop(0))
    if isinstance(command, click.Group):
        assert rest[:1], f"{page}: {words}"
        _, found, rest = command.resolve_command(click.Context(command), rest)
        assert found is not None, f"{page}: {words}"
        command = found
    for word in rest:
        assert not re.match("-[a-z-]", word) or word.partition("=")[0] in options(command), f"{page}: {words}"


def options(command: click.Command) -> dict[str, bool]:
    """Return each option of a command, and whether it takes a value."""
    given = [one for one in command.get_params(click.Context(command)) if isinstance(one, click.Option)]
    return {name: not one.is_flag for one in given for name in one.opts}


def test_named_variables_exist() -> None:
    """Every variable of ours that a page tells people to set is one that something reads."""
    read_elsewhere = {
        "RELEASEPILOT_POSTGRES_PASSWORD",  # docker-compose.yml
        "RELEASEPILOT_CORPUS",  # the tests
        *(f"RELEASEPILOT_{name}" for name in ("NAME", "VERSION", "FROM_VERSION", "TAG", "TRAIN", "EFFECT_KEY", "TREE")),
    }
    for page in PAGES:
        found = set(re.findall(r"RELEASEPILOT_[A-Z_]+", page.read_text(encoding="utf-8")))
        assert found <= {*VARIABLES.values(), *read_elsewhere}, named(page)


def test_every_dependency_is_explained() -> None:
    """Each library that pyproject.toml asks for has its line in the explanation, and no other has one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *(entry for extra in project["project"]["optional-dependencies"].values() for entry in extra),
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    names = {re.split(r"[\[<>=!~; ]", entry)[0].lower() for entry in wanted}
    text = (ROOT / "docs" / "explanation" / "dependencies.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)) == names


def test_the_schema_is_json() -> None:
    """Editors can read the copy in the documentation."""
    assert json.loads((REFERENCE / "releasepilot.schema.json").read_text(encoding="utf-8"))["title"] == "Catalog"
