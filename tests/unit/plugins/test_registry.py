"""The registry finds actuators, refuses broken ones, and checks what catalogs say to them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from pydantic import BaseModel, ConfigDict, JsonValue

from releasepilot.errors import CatalogError, ReleasePilotError
from releasepilot.model.catalog import Catalog, StepDeclaration
from releasepilot.plugins.builtin.exec import Exec, ExecConfig
from releasepilot.plugins.builtin.wait import Wait
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Tools

CHANGES = tuple(f"{system}.{verb}" for system in ("jira", "servicenow") for verb in ("change", "check", "close"))
BUILTIN = tuple(
    sorted(("exec", "git.publish", "git.stage", "http", "verify", "wait", "jira.deployed", "jira.gate", *CHANGES))
)


def catalog_with(*publish: dict[str, JsonValue]) -> Catalog:
    """Make a catalog whose second component publishes by these steps."""
    components: list[JsonValue] = [{"name": "a", "repo": "/a"}, {"name": "b", "repo": "/b", "publish": list(publish)}]
    return Catalog.model_validate({"version": 1, "train": "june", "components": components})


def a_plugin(folder: Path, body: str, entry: str = "acme.deploy = acme_plugin:Deploy") -> None:
    """Install a distribution named acme-releasepilot into a folder, as pip would."""
    (folder / "acme_plugin.py").write_text(body)
    info = folder / "acme_releasepilot-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-releasepilot\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text(f"[releasepilot.actuators]\n{entry}\n")


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of installed packages that is on the path of imports."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "acme_plugin", raising=False)
    return tmp_path


def test_the_builtin_actuators_come_through_the_same_door() -> None:
    """Ours are entry points too, and their traits need no construction."""
    registry = Registry.load()
    assert registry.names == BUILTIN
    assert [traits.name for traits in registry.traits() if traits.declarable] == ["exec"]
    assert [traits.name for traits in registry.traits() if traits.effect] == sorted(
        (
            "exec",
            "git.publish",
            "git.stage",
            "jira.deployed",
            "jira.gate",
            *(name for name in CHANGES if not name.endswith("check")),
        )
    )
    assert [traits.name for traits in registry.traits() if traits.prior] == [
        "jira.change",
        "jira.gate",
        "servicenow.change",
    ]
    assert [traits.name for traits in registry.traits() if traits.patient] == sorted(
        ("jira.gate", *(name for name in CHANGES if not name.endswith("close")))
    )


def test_an_actuator_is_made_once(tmp_path: Path) -> None:
    """The registry hands out the same actuator each time; without tools it hands out none."""
    registry = Registry.load(Tools(cache=tmp_path))
    assert registry.actuator("wait") is registry.actuator("wait")
    with pytest.raises(ReleasePilotError, match="to look at"):
        Registry.load().actuator("wait")


def test_an_installed_plugin_is_found(plugins: Path) -> None:
    """A distribution with the entry point is enough."""
    a_plugin(
        plugins,
        "from releasepilot.plugins.builtin.wait import Wait\nclass Deploy(Wait):\n    name = 'acme.deploy'\n",
    )
    assert "acme.deploy" in Registry.load().names


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import acme_sdk_that_is_missing", "cannot be imported: ModuleNotFoundError"),
        ("raise SystemError('boom')", "cannot be imported: SystemError: boom"),
        ("Other = 1", "cannot be imported: AttributeError"),
        ("class Deploy: pass", "is broken: acme_plugin.Deploy has no `Config`"),
        ("Deploy = 'text'", "is broken: 'text' is not a class"),
        ("from releasepilot.plugins.builtin.wait import Wait as Deploy", "calls itself 'wait'"),
    ],
)
def test_a_broken_plugin_names_its_distribution(plugins: Path, body: str, said: str) -> None:
    """Whoever reads the error knows which package to update or uninstall."""
    a_plugin(plugins, body)
    with pytest.raises(ReleasePilotError, match=r"'acme\.deploy' of acme-releasepilot 2\.1") as caught:
        Registry.load()
    assert said in caught.value.message
    assert "acme-releasepilot 2.1" in caught.value.hint


def test_two_actuators_of_one_name_are_refused() -> None:
    """Nothing decides silently which of the two would touch the world."""

    class Another(Wait):
        """Takes a name that is taken."""

    with pytest.raises(ReleasePilotError, match="two actuators are named 'wait'"):
        Registry.load(extra=[Another])


def test_a_class_without_its_traits_is_refused() -> None:
    """What the planner must know is known before a train depends on it."""

    class Vague(Wait):
        """Does not say whether it can be undone."""

        name = "vague"
        undo: ClassVar[Any] = None

    with pytest.raises(ReleasePilotError, match="does not state its `undo`"):
        Registry(cast("list[type[Any]]", [Vague]))


def test_a_configuration_is_parsed_strictly() -> None:
    """A valid one becomes its model; text for a number and unknown keys are refused, with the known keys as hint."""
    registry = Registry.load()
    parsed = registry.parse(StepDeclaration.model_validate({"uses": "exec", "apply": "make 'the release'"}))
    assert isinstance(parsed, ExecConfig)
    assert parsed.apply == ("make", "the release")
    with pytest.raises(CatalogError, match=r"expect\.int: .*aply: there is no such key") as caught:
        registry.parse(StepDeclaration.model_validate({"uses": "http", "url": "http://x", "expect": "200", "aply": 1}))
    assert "url" in caught.value.hint
    with pytest.raises(CatalogError, match=r"no actuator 'nope': installed are exec, git\.publish"):
        registry.parse(StepDeclaration(uses="nope"))


def test_a_plugin_that_forgets_to_forbid_is_strict_all_the_same() -> None:
    """Unknown keys are refused whatever the plugin's model says, in its schema too."""

    class Loose(BaseModel):
        """Allows anything."""

        model_config = ConfigDict(extra="allow")

    class Lax(Exec):
        """Has a loose configuration."""

        name = "lax"
        Config = Loose

    registry = Registry(cast("list[type[Any]]", [Lax]))
    assert registry.schemas()["lax"]["additionalProperties"] is False
    with pytest.raises(CatalogError, match="no such key"):
        registry.parse(StepDeclaration.model_validate({"uses": "lax", "anything": 1}))


def test_a_catalog_is_checked_with_the_place_of_each_fault() -> None:
    """Paths lead to the key that is wrong, whatever is wrong; good steps give nothing."""
    catalog = catalog_with(
        {"uses": "exec", "apply": "make", "class": "pivot", "undo": "none"},
        {"uses": "exec", "aply": "make"},
        {"uses": "http", "url": "ftp://example.org"},
        {"uses": "wait", "for": "soon"},
        {"uses": "git.publish", "class": "pivot"},
        {"uses": "npm"},
    )
    found = dict(Registry.load().check(catalog))
    at = ("components", 1, "publish")
    assert {path: message for path, message in found.items() if path[3] == 1} == {
        (*at, 1, "apply"): "this key is missing",
        (*at, 1, "aply"): "there is no such key",
    }
    assert "http://" in found[*at, 2, "url"]
    assert "72h" in found[*at, 3, "for"]
    assert "leave `class` out" in found[*at, 4, "class"]
    assert "installed are exec, git.publish" in found[*at, 5, "uses"]
    assert not any(path[3] == 0 for path in found)


def test_a_word_that_yaml_reads_as_no_text_is_told_with_the_remedy() -> None:
    """Numbers and booleans among the words of a command, or in its environment, want quotes."""
    catalog = catalog_with(
        {"uses": "exec", "apply": ["sleep", 80], "undo": "none"},
        {"uses": "exec", "apply": [False], "undo": "none"},
        {"uses": "exec", "apply": "make", "env": {"PORT": 80}, "undo": "none"},
    )
    at = ("components", 1, "publish")
    assert Registry.load().check(catalog) == [
        ((*at, 0, "apply", 1), "each word must be a text: put it in quotes"),
        ((*at, 1, "apply", 0), "each word must be a text: put it in quotes"),
        ((*at, 2, "env", "PORT"), "this must be a text: put it in quotes"),
    ]


def test_an_undo_without_a_command_for_it_is_refused() -> None:
    """A plan must not promise what nothing can do; `undo: none` says how it is."""
    registry = Registry.load()
    [(place, message)] = registry.check(catalog_with({"uses": "exec", "apply": "deploy"}))
    assert place == ("components", 1, "publish", 0)
    assert "undo: none" in message
    assert registry.check(catalog_with({"uses": "exec", "apply": "deploy", "undo": "none"})) == []
    assert registry.check(catalog_with({"uses": "exec", "apply": "deploy", "revert": "undeploy"})) == []


def test_schemas_speak_the_catalogs_words() -> None:
    """Aliases such as `for` are what a catalog writes."""
    schemas = Registry.load().schemas()
    assert set(schemas) == set(BUILTIN)
    properties = schemas["http"]["properties"]
    assert isinstance(properties, dict)
    secrets = {"token", "secret_headers"}
    assert {"url", "expect", "contains", "for", "within", "interval"} | secrets == set(properties)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"uses": "wait", "for": "10m", "attempts": 1}, "never be asked again"),
        ({"uses": "http", "url": "http://a.example.org/", "for": "20m"}, "raise `timeout`"),
    ],
)
def test_a_step_that_cannot_succeed_is_refused(step: dict[str, JsonValue], said: str) -> None:
    """What its own time or its attempts forbid is told when the catalog is read."""
    registry = Registry.load()
    assert [said in what for _, what in registry.check(catalog_with(step))] == [True]
    mended = {**step, "attempts": 2} if step["uses"] == "wait" else {**step, "timeout": "30m"}
    assert registry.check(catalog_with(mended)) == []


@pytest.mark.parametrize("on_failure", ["rollback_dependents", "rollback_all", "stop"])
@pytest.mark.parametrize("owners", [0, 1, 2])
def test_one_change_for_components_that_may_fail_one_by_one_is_doubted(on_failure: str, owners: int) -> None:
    """Only where some have a change and some have none, and a failure takes back but its dependents."""
    change = {"uses": "servicenow.change", "url": "https://x.example", "token": "env:X"}
    components = [
        {"name": name, "repo": f"/{name}", "publish": [change] if number < owners else []}
        for number, name in enumerate(("a", "b"))
    ]
    catalog = Catalog.model_validate(
        {"version": 1, "train": "june", "components": components, "on_failure": on_failure}
    )
    found = list(Registry.load().doubts(catalog))
    assert bool(found) is (on_failure == "rollback_dependents" and owners == 1)
    assert all(path == ("on_failure",) and "'a'" in what for path, what in found)
