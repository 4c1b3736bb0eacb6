"""Versions in files that no ecosystem knows."""

from __future__ import annotations

import pytest

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.dependency import Place
from releasepilot.model.plan import FileEdit
from releasepilot.versioning.constraint import admits, move
from releasepilot.versioning.ecosystems import MANIFESTS, places

IMAGE = Place(path="k8s/web.yaml", pattern=r"image: acme/core:(?P<version>\S+)", of="core")
OWN = Place(path="src/web.py", pattern=r'^__version__ = "(?P<version>[^"]+)"$')
TEXTS = {
    "k8s/web.yaml": "- image: acme/core:1.0.0\r\n- image: acme/tools:1.0.0\r\n- image: acme/core:1.0.1 # é\r\n",
    "src/web.py": 'é = 1\n__version__ = "1.2.3"\n',
}


def test_every_match_is_found_and_replaced() -> None:
    """Lines are matched one by one, line endings stay, and a component that is not released keeps its texts."""
    assert [(each.place.of, each.text) for each in places.matches((IMAGE, OWN), TEXTS)] == [
        ("core", "1.0.0"),
        ("core", "1.0.1"),
        (None, "1.2.3"),
    ]
    edits = places.edits("web", (IMAGE, OWN), TEXTS, {"web": "1.3.0", "core": "2.0.0"})
    after = {
        name: FileEdit(path=name, before="x", splices=splices).apply(TEXTS[name]) for name, splices in edits.items()
    }
    assert after == {
        "k8s/web.yaml": TEXTS["k8s/web.yaml"].replace("core:1.0.0", "core:2.0.0").replace("core:1.0.1", "core:2.0.0"),
        "src/web.py": TEXTS["src/web.py"].replace("1.2.3", "1.3.0"),
    }
    assert list(places.edits("web", (IMAGE, OWN), TEXTS, {"web": "1.3.0"})) == ["src/web.py"]


@pytest.mark.parametrize(
    ("texts", "said", "remedy"),
    [
        ({}, "there is no file src/web.py", "component's folder"),
        ({"src/web.py": "x = 1"}, "src/web.py: nothing in it matches the place '^__version__", "expression"),
        ({"src/web.py": '__version__ = ""'}, "nothing in it matches", "expression"),
        ({"src/web.py": "x" * (places.LIMIT + 1)}, "at most 1 MiB", "smaller file"),
    ],
)
def test_a_place_that_is_not_there_is_named(texts: dict[str, str], said: str, remedy: str) -> None:
    """A missing file, an expression that matches nothing, and a file that is too long for one."""
    with pytest.raises(ManifestError) as caught:
        list(places.matches((OWN,), texts))
    assert said in caught.value.message
    assert remedy in caught.value.hint


def test_what_a_place_found_is_one_version_exactly() -> None:
    """No other text is accepted, not even an equal version; what moves becomes the version."""
    assert admits(Ecosystem.REGEX, "1.2.0", "1.2.0")
    assert not admits(Ecosystem.REGEX, "1.2", "1.2.0")
    assert admits(Ecosystem.REGEX, "", "1.2.0")
    assert move(Ecosystem.REGEX, "latest", "1.2.0") == "1.2.0"
    assert move(Ecosystem.REGEX, "", "1.2.0") == ""


def test_a_component_of_places_alone_has_no_manifests() -> None:
    """Whatever lies in its folder."""
    own = MANIFESTS[Ecosystem.REGEX]
    assert own.files == ()
    assert own.read({"package.json": "{", "VERSION": "1"}) == own.read({})
    assert own.edit({"package.json": "{"}, "1.0.0", {}) == {}
    assert own.normalise("A_b") == "A_b"


def test_an_expression_that_would_take_for_ever_is_given_up() -> None:
    """Repetitions inside of repetitions end after seconds, with the place and the remedy."""
    slow = Place(path="a", pattern=r"^(?P<version>(a|aa)+)$")
    with pytest.raises(ManifestError, match="takes more than 5 seconds") as caught:
        list(places.matches((slow,), {"a": "a" * 60 + "b"}))
    assert "without repetitions" in caught.value.hint


@pytest.mark.parametrize("pattern", [r'name="(?P<version>[^"]+)', r"(?P<version>version 1.0.0)", r"(?P<version>.*)"])
def test_what_is_no_version_is_never_replaced(pattern: str) -> None:
    """An expression that matches a name or a whole line is refused with its place."""
    with pytest.raises(ManifestError, match=r"a:1: .* is no version"):
        list(places.matches((Place(path="a", pattern=pattern),), {"a": 'name="api" version 1.0.0\n'}))
