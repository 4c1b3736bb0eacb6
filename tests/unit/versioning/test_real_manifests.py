"""Real manifests of three families of repositories: edges, ranges and edits."""

from __future__ import annotations

import json
from pathlib import Path

from support.corpus import CORPUS, needs_corpus

from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.constraint import admits, move
from releasepilot.versioning.ecosystems import ALL_FILES, MANIFESTS

pytestmark = needs_corpus

FAMILIES = {"semantic-release": Ecosystem.NPM, "pallets": Ecosystem.PYTHON, "hashicorp-go": Ecosystem.GO}


def repositories() -> list[tuple[Ecosystem, str, Path]]:
    """Return every repository of the families."""
    return [
        (ecosystem, family, folder)
        for family, ecosystem in FAMILIES.items()
        for folder in sorted((CORPUS / "families" / family).glob("*/"))
    ]


def texts(folder: Path) -> dict[str, str]:
    """Read the manifests of a repository as they are."""
    return {name: (folder / name).read_bytes().decode() for name in ALL_FILES if (folder / name).is_file()}


def test_real_manifests_have_the_expected_edges() -> None:
    """Every dependency inside the three families is found, with its constraint and kind, and no other."""
    for family, ecosystem in FAMILIES.items():
        expected = json.loads((CORPUS / "families" / family / "expected_edges.json").read_text())
        manifests = MANIFESTS[ecosystem]
        names = {manifests.normalise(repo["package"]): name for name, repo in expected["repos"].items()}
        found = {
            (folder.name, names[key], dependency.constraint, dependency.kind)
            for _, where, folder in repositories()
            if where == family
            for dependency in manifests.read(texts(folder)).dependencies
            if (key := manifests.normalise(dependency.package)) in names
        }
        assert found == {
            (edge["dependent"], edge["dependency"], edge["constraint"], edge["kind"]) for edge in expected["edges"]
        }


def test_real_constraints_are_judged_as_expected() -> None:
    """Whether a range accepts the newest version agrees with what the ecosystem's own tools say."""
    for family, ecosystem in FAMILIES.items():
        expected = json.loads((CORPUS / "families" / family / "expected_edges.json").read_text())
        for edge in expected["edges"]:
            version = expected["repos"][edge["dependency"]]["current_version"]
            if edge["admits_current"] is not None:
                assert admits(ecosystem, edge["constraint"], version) is edge["admits_current"], edge


def test_real_manifests_change_in_the_moved_spans_alone() -> None:
    """Setting what is there already changes nothing; moving one range changes exactly that text."""
    for ecosystem, _, folder in repositories():
        files = texts(folder)
        manifests = MANIFESTS[ecosystem]
        package = manifests.read(files)
        assert manifests.edit(files, package.version or "1.0.0", {}) == {}
        for dependency in package.dependencies:
            key = (manifests.normalise(dependency.package), dependency.constraint)
            new = move(ecosystem, dependency.constraint, "99.0.0")
            edits = manifests.edit(files, package.version or "1.0.0", {key: new})
            for name, splices in edits.items():
                assert all(files[name][each.start : each.end] in {key[1], dependency.package} for each in splices)
                assert new in {each.text for each in splices}
            assert edits or new == dependency.constraint
