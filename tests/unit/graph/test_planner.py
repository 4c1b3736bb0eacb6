"""From a snapshot to a plan: versions, propagation, order, edits, steps, digest."""

from __future__ import annotations

import json
import random

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plans import planned, request, source, versions

from releasepilot.errors import CycleError, EditClash, ManifestError, PivotError, PlanError
from releasepilot.graph.planner import make_plan
from releasepilot.graph.view import to_dot, to_mermaid, to_svg, view_of
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Plan, differences
from releasepilot.model.snapshot import ComponentSource, Snapshot, SourceFile
from releasepilot.model.step import PHASES, Phase


def test_a_dependent_follows_when_the_new_version_leaves_its_range() -> None:
    """A major of lib releases api by a patch, with its range moved; web admits it and stays."""
    plan = planned(
        source("lib", "feat: new\n\nBREAKING CHANGE: gone"),
        source("api", "chore: nothing", needs={"lib": "^1.0.0"}),
        source("web", needs={"lib": ">=1.0.0"}),
    )
    assert versions(plan) == {"lib": "2.0.0", "api": "1.0.1"}
    assert plan.unchanged == ("web",)
    api = plan.release_of("api")
    assert [(update.package, update.before, update.after) for update in api.updates] == [("lib", "^1.0.0", "^2.0.0")]
    assert "lib 2.0.0 left its range ^1.0.0" in api.reasons[0]


def test_propagation_runs_to_the_end_of_a_chain() -> None:
    """Exact pins hand a patch down a chain of four."""
    plan = planned(
        source("a", "fix: x"),
        source("b", needs={"a": "1.0.0"}),
        source("c", needs={"b": "1.0.0"}),
        source("d", needs={"c": "1.0.0"}),
    )
    assert versions(plan) == {"a": "1.0.1", "b": "1.0.1", "c": "1.0.1", "d": "1.0.1"}
    assert plan.critical_path == ("a", "b", "c", "d")
    assert plan.waves == (("a",), ("b",), ("c",), ("d",))


def test_a_diamond_yields_one_release_of_its_consumer() -> None:
    """Two reasons, one patch."""
    plan = planned(
        source("lib", "fix: x"),
        source("left", needs={"lib": "1.0.0"}),
        source("right", needs={"lib": "1.0.0"}),
        source("top", needs={"left": "1.0.0", "right": "1.0.0"}),
    )
    assert versions(plan)["top"] == "1.0.1"
    assert len(plan.release_of("top").updates) == 2


def test_development_edges_release_nobody() -> None:
    """A dev range that is left releases nothing."""
    plan = planned(source("lib", "fix: x"), source("api", dev={"lib": "1.0.0"}))
    assert versions(plan) == {"lib": "1.0.1"}


def test_always_and_never_are_the_catalogs_word() -> None:
    """`always` follows inside the range, `never` stays outside of it."""
    lib, api = source("lib", "feat: x"), source("api", needs={"lib": "^1.0.0"})
    always = planned(lib, api, defaults={"versioning": {"propagate": "always"}})
    assert versions(always)["api"] == "1.0.1"
    breaking = source("lib", "feat: x\n\nBREAKING CHANGE: y")
    never = planned(breaking, api, defaults={"versioning": {"propagate": "never"}})
    assert "api" not in versions(never)


def test_a_circle_is_named_by_its_path() -> None:
    """The error says who needs whom, all the way round."""
    with pytest.raises(CycleError, match="a needs b, b needs a"):
        planned(source("a", "fix: x", needs={"b": "^1"}), source("b", needs={"a": "^1"}))


def test_a_circle_through_a_development_edge_is_cut_there() -> None:
    """The order follows the runtime edge, and a notice says so."""
    plan = planned(source("a", "fix: x", dev={"b": "^1.0.0"}), source("b", "fix: y", needs={"a": "^1.0.0"}))
    assert [release.component for release in plan.releases] == ["a", "b"]
    assert "a needs b for dev only" in plan.notices[0]


def test_the_first_release_takes_the_policys_or_the_catalogs_initial_version() -> None:
    """Without a tag the version is 1.0.0, or what the catalog says."""
    assert versions(planned(source("a", "feat: x", version=None))) == {"a": "1.0.0"}
    started = planned(source("a", "feat: x", version=None), defaults={"versioning": {"initial": "0.1.0"}})
    assert versions(started) == {"a": "0.1.0"}


def test_nothing_to_release_is_a_plan() -> None:
    """It has no steps, and says who is unchanged."""
    plan = planned(source("a", "chore: x"))
    assert (plan.releases, plan.steps, plan.unchanged) == ((), (), ("a",))


def test_the_release_commit_edits_the_manifest_in_place_and_adds_a_changelog() -> None:
    """Only the version and the range change, and the changelog has the commit."""
    lib = source("lib", "feat: new\n\nBREAKING CHANGE: gone")
    api = source("api", "fix: mend it", needs={"lib": "^1.0.0"})
    release = planned(lib, api).release_of("api")
    by_path = {edit.path: edit for edit in release.edits}
    text = api.files[0].text
    edited = by_path["package.json"].apply(text)
    assert edited == text.replace('"version": "1.0.0"', '"version": "1.0.1"').replace("^1.0.0", "^2.0.0")
    assert "mend it" in by_path["CHANGELOG.md"].apply("")
    assert by_path["CHANGELOG.md"].before is None


def test_compensatable_steps_of_all_components_precede_the_first_pivot() -> None:
    """Staging first, then branches and tags, then the point of no return, then what is retried."""
    publish = {"publish": [{"uses": "notify"}, {"uses": "npm"}, {"uses": "exec", "apply": "x"}]}
    plan = planned(
        source("lib", "feat: x"),
        source("api", "feat: y", needs={"lib": "^1.0.0"}),
        components={"lib": publish, "api": publish},
    )
    phases = [step.phase for step in plan.steps]
    assert phases == sorted(phases, key=PHASES.index)
    assert plan.point_of_no_return == "lib/npm"
    assert "lib/npm" in plan.step_of("api/npm").needs
    assert "lib/exec" in plan.step_of("api/push").needs
    assert plan.step_of("api/stage").needs == ()
    assert {(item.component, item.step, item.unresolved) for item in plan.worst_residue} >= {
        ("lib", "npm", False),
        ("api", "notify", True),
    }


def test_a_step_without_undo_is_a_point_of_no_return_whatever_its_class() -> None:
    """A plan never says that everything can be undone where something cannot."""
    sources = (source("a", "fix: x"),)
    plan = planned(*sources, components={"a": {"publish": [{"uses": "exec", "apply": "x", "undo": "none"}]}})
    assert plan.point_of_no_return == "a/exec"


def test_asking_for_leave_precedes_everything_public() -> None:
    """Wherever it is declared, it comes after verification and before every push, without an end to its attempts."""
    plan = planned(
        source("api", "feat: a"),
        source("web", "feat: b"),
        components={
            "api": {"publish": [{"uses": "exec"}, {"uses": "board"}, {"uses": "board", "attempts": 3}]},
            "web": {"hooks": {"verify": "true"}, "health": [{"uses": "board"}]},
        },
    )
    assert plan.step_of("web/board").phase is Phase.STAGE
    names = [step.id for step in plan.steps]
    assert [step.name for step in plan.steps if step.component == "api"] == [
        "stage",
        "board",
        "board-2",
        "push",
        "exec",
    ]
    assert plan.step_of("api/board").phase is Phase.STAGE
    assert names.index("api/board-2") < min(names.index("api/push"), names.index("web/push"))
    assert (plan.step_of("api/board").attempts, plan.step_of("api/board-2").attempts) == (0, 3)
    assert plan.step_of("api/board").needs == ("api/stage",)
    residue = {one.step: one.what for one in plan.worst_residue}
    assert "stays in its system" in residue["board"]
    assert "release commit" in residue["push"]


def test_a_health_check_follows_what_it_checks() -> None:
    """After the deployment of its component, and before what depends on it."""
    plan = planned(
        source("lib", "feat: x"),
        source("api", "feat: y", needs={"lib": "^1.0.0"}),
        components={"lib": {"publish": [{"uses": "exec"}], "health": [{"uses": "http", "url": "http://x"}]}},
    )
    assert plan.step_of("lib/http").needs == ("lib/exec",)
    assert "lib/http" in plan.step_of("api/push").needs
    assert plan.step_of("lib/http").effect is False


def test_two_unordered_pivots_need_a_waiver() -> None:
    """They are refused by name, and pass with the catalog's explicit word."""
    pivot = {"publish": [{"uses": "npm"}]}
    sources = (source("a", "fix: x"), source("b", "fix: y"))
    with pytest.raises(PivotError, match="a/npm and b/npm"):
        planned(*sources, components={"a": pivot, "b": pivot})
    waived = planned(*sources, components={"a": pivot, "b": pivot}, allow_unordered_pivots=True)
    assert waived.point_of_no_return == "a/npm"


def test_components_of_one_repository_push_one_after_the_other() -> None:
    """Each moves the same branch."""
    a, b = source("a", "fix: x", path="a/"), source("b", "fix: y", path="b/")
    shared = {"repo": "/repos/mono.git", "tag": "{name}-v{version}"}
    plan = planned(a, b, components={"a": {**shared, "path": "a"}, "b": {**shared, "path": "b"}})
    assert plan.step_of("b/push").needs == ("b/stage",)
    assert plan.step_of("b/push").after == ("a/push",)


def test_two_components_may_not_write_one_file_or_tag() -> None:
    """Both clashes are named."""
    a, b = source("a", "fix: x"), source("b", "fix: y")
    with pytest.raises(EditClash, match="a and b would both write"):
        planned(a, b, components={"a": {"repo": "/m.git"}, "b": {"repo": "/m.git"}})
    c, d = source("c", "fix: x", path="c/"), source("d", "fix: y", path="d/")
    with pytest.raises(PlanError, match=r"the tag v1\.0\.1"):
        planned(c, d, components={"c": {"repo": "/m.git", "path": "c"}, "d": {"repo": "/m.git", "path": "d"}})


def with_files(one: ComponentSource, **files: str) -> ComponentSource:
    """Give a component further files; `__` in a name stands for the dot."""
    added = (SourceFile(path=name.replace("__", "."), blob="c" * 40, text=text) for name, text in files.items())
    return one.model_copy(update={"files": (*one.files, *added)})


def test_places_pin_exactly_and_are_moved_beside_the_manifest() -> None:
    """A patch is followed although the manifest's range admits it, and each text becomes the version it stands for."""
    web = with_files(
        source("web", needs={"lib": "^1.0.0"}), Dockerfile="FROM lib:1.0.0\n", web__py='version = "1.0.0"\n'
    )
    image = {"path": "Dockerfile", "pattern": "FROM lib:(?P<version>.+)", "of": "lib"}
    own = {"path": "web.py", "pattern": '"(?P<version>.+)"', "of": "web"}
    manifest = {"path": "package.json", "pattern": '"version": "(?P<version>.+)"'}
    plan = planned(source("lib", "fix: x"), web, components={"web": {"places": [image, own, manifest]}})
    release = plan.release_of("web")
    texts = {file.path: file.text for file in web.files}
    after = {edit.path: edit.apply(texts.get(edit.path, "")) for edit in release.edits}
    assert after["Dockerfile"] == "FROM lib:1.0.1\n"
    assert after["web.py"] == 'version = "1.0.1"\n'
    assert after["package.json"] == texts["package.json"].replace('"version": "1.0.0"', '"version": "1.0.1"')
    assert [(update.package, update.path, update.after) for update in release.updates] == [
        ("lib", "Dockerfile", "1.0.1")
    ]
    assert release.reasons == ("lib 1.0.1 left its range 1.0.0",)
    edges = view_of(
        request(source("lib"), web, components={"web": {"places": [image]}}).catalog,
        Snapshot(components=(source("lib"), web)),
    ).edges
    assert [(edge.kind, edge.constraint) for edge in edges] == [("runtime", "1.0.0"), ("runtime", "^1.0.0")]


def test_a_place_may_be_all_that_a_component_has() -> None:
    """Its version is then what its own place says."""
    tool = ComponentSource(
        name="tool", head="a" * 40, ecosystem=Ecosystem.REGEX, last_tag="v0.9.0", last_version="0.9.0"
    )
    tool = with_files(tool.model_copy(update={"commits": source("tool", "fix: x").commits}), tool__sh="V=1.0.0\n")
    plan = planned(tool, components={"tool": {"places": [{"path": "tool.sh", "pattern": "V=(?P<version>.*)"}]}})
    assert plan.notices == ("tool: its manifest says 1.0.0, its last release tag v0.9.0: the tag decides",)
    assert [edit.path for edit in plan.release_of("tool").edits] == ["CHANGELOG.md", "tool.sh"]


def test_a_place_may_not_contradict_what_else_is_written() -> None:
    """Neither the manifest nor the changelog, and the component is named."""
    sources = (source("lib", "fix: x"), source("web", "feat: x"))
    wrong = {"path": "package.json", "pattern": '"version": "(?P<version>.+)"', "of": "lib"}
    with pytest.raises(ManifestError, match=r"web: package\.json:\d: one text would have to become both"):
        planned(*sources, components={"web": {"places": [wrong]}})
    web = with_files(sources[1], CHANGELOG__md="# 2.0.0\n")
    log = {"path": "CHANGELOG.md", "pattern": "# (?P<version>.+)"}
    with pytest.raises(EditClash, match="a place of web and its changelog"):
        planned(web, components={"web": {"places": [log]}})


def test_two_major_versions_of_a_go_module_are_told_apart() -> None:
    """A requirement goes to the module of its own path; one that has no component goes to a later major version."""

    def module(name: str, path: str, *required: str) -> ComponentSource:
        text = f"module {path}\n" + "".join(f"require {one}\n" for one in required)
        files = (SourceFile(path="go.mod", blob="b" * 40, text=text),)
        return ComponentSource(name=name, head="a" * 40, ecosystem=Ecosystem.GO, files=files)

    old, new = module("old", "example.com/hcl"), module("new", "example.com/hcl/v2")
    both = module("both", "example.com/both", "example.com/hcl v1.0.0", "example.com/hcl/v2 v2.1.0")
    later = module("later", "example.com/later", "example.com/only v1.0.0")
    only = module("only", "example.com/only/v3")
    sources = (old, new, both, later, only)
    edges = view_of(request(*sources).catalog, Snapshot(components=sources)).edges
    assert [(edge.dependent, edge.dependency, edge.constraint) for edge in edges] == [
        ("both", "new", "v2.1.0"),
        ("both", "old", "v1.0.0"),
        ("later", "only", "v1.0.0"),
    ]


def test_an_unknown_actuator_is_named_with_those_that_are_known() -> None:
    """The error says what is installed."""
    with pytest.raises(PlanError, match="no actuator named 'ghost'") as raised:
        planned(source("a", "fix: x"), components={"a": {"publish": [{"uses": "ghost"}]}})
    assert "git.publish" in raised.value.hint


def test_a_changed_plan_is_told_by_component() -> None:
    """A moved branch, a new release and a dropped one are each one line."""
    before = planned(source("a", "fix: x"), source("b", "fix: y"), source("c"))
    after = planned(source("a", "feat: z"), source("b"), source("c", "fix: w"))
    assert differences(before, after) == (
        "a: version 1.1.0 instead of 1.0.1",
        "b: no longer released (was 1.0.1)",
        "c: now released as 1.0.1",
    )
    assert differences(before, before) == ()


def test_the_graph_is_drawn_with_hostile_names_as_text() -> None:
    """A range that looks like markup stays text in all three drawings."""
    sources = (source("a"), source("b", needs={"a": '>=1.0.0 || "<b>"'}))
    view = view_of(request(*sources).catalog, Snapshot(components=sources), "a")
    assert view.impact == ("b",)
    assert r"\"<b>\"" in to_dot(view)
    assert "<b>" not in to_mermaid(view)
    assert to_svg(view).startswith("<svg")


@st.composite
def families(draw: st.DrawFn) -> list[ComponentSource]:
    """Draw components that need earlier ones, with changes here and there."""
    size = draw(st.integers(1, 9))
    made: list[ComponentSource] = []
    for index in range(size):
        needs = draw(st.lists(st.sampled_from([one.name for one in made]), unique=True, max_size=3)) if made else []
        message = draw(st.sampled_from(["feat: x", "fix: x", "chore: x", "feat: x\n\nBREAKING CHANGE: y"]))
        ranges = draw(st.sampled_from(["^1.0.0", "1.0.0", ">=1.0.0"]))
        made.append(source(f"c{index}", message, needs=dict.fromkeys(needs, ranges)))
    return made


@given(families(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_equal_inputs_in_any_order_give_equal_bytes(sources: list[ComponentSource], chance: random.Random) -> None:
    """Digest and bytes do not depend on the order of the snapshot or of the catalog; steps respect needs and phases."""
    shuffled = list(sources)
    chance.shuffle(shuffled)
    plan, again = planned(*sources), make_plan(Snapshot(components=tuple(shuffled)), request(*sources[::-1]))
    assert plan.canonical() == again.canonical()
    assert plan.digest == again.digest
    seen: set[str] = set()
    for step in plan.steps:
        assert seen.issuperset(step.needs)
        seen.add(step.id)
    graph = nx.DiGraph((need, step.id) for step in plan.steps for need in step.needs)
    assert nx.is_directed_acyclic_graph(graph)
    assert all(
        PHASES.index(plan.step_of(one).phase) <= PHASES.index(plan.step_of(two).phase) for one, two in graph.edges
    )


def test_what_would_surprise_a_reader_is_told() -> None:
    """A `!` that the policy does not read, and a manifest that disagrees with the tags."""
    plan = planned(source("a", "feat!: drop it"))
    assert plan.releases == ()
    assert "1 commits are marked as breaking by `!`" in plan.notices[0]
    assert (
        planned(source("a", "feat!: drop it"), defaults={"versioning": {"policy": "conventionalcommits"}}).notices == ()
    )
    ahead = source("a", "fix: x").model_copy(update={"last_version": "0.9.0", "last_tag": "v0.9.0"})
    assert planned(ahead).notices == ("a: its manifest says 1.0.0, its last release tag v0.9.0: the tag decides",)


def test_our_own_commits_are_no_reason_to_release() -> None:
    """After a rollback only what people changed counts, in the version and in the changelog."""
    release = "release: a 1.0.1\n\nRelease-Train: demo-1\nRelease-Component: a"
    revert = "revert: release a 1.0.1\n\nThis reverts commit 12345678.\n\nReverts-Release: demo-1/a"
    assert planned(source("a", revert, release)).releases == ()
    again = planned(source("a", revert, release, "fix: mend it")).release_of("a")
    assert again.to_version == "1.0.1"
    assert "mend it" in again.changelog
    assert "release" not in again.changelog.lower()


def test_a_plan_survives_its_own_serialisation() -> None:
    """What is read back from JSON has the same digest."""
    plan = planned(source("a", "feat: ünïcödé \U0001f600"))
    assert Plan.model_validate_json(plan.canonical()).digest == plan.digest
    assert plan.step_of("a/stage").phase is Phase.STAGE


def go_module(path: str, message: str, version: str | None) -> ComponentSource:
    """Make a Go module of this path."""
    return source("lib", message, version=version).model_copy(
        update={
            "ecosystem": Ecosystem.GO,
            "files": (SourceFile(path="go.mod", blob="b" * 40, text=f"module {path}\n\ngo 1.22\n"),),
        }
    )


@pytest.mark.parametrize(
    ("path", "version", "declared"),
    [
        ("example.com/lib", "1.4.0", "example.com/lib/v2"),
        ("example.com/lib/v2", "2.4.0", "example.com/lib/v3"),
        ("gopkg.in/lib.v1", "1.4.0", "gopkg.in/lib.v2"),
    ],
)
def test_a_go_module_needs_the_path_of_its_major_version(path: str, version: str, declared: str) -> None:
    """Its importers would name a module that does not exist, so the plan is refused, with the path and the remedy."""
    with pytest.raises(ManifestError, match=f"the module {path} is .* must be {declared}$") as refused:
        planned(go_module(path, "feat!: new\n\nBREAKING CHANGE: gone", version))
    assert refused.value.component == "lib"
    assert "Rename the module" in refused.value.hint


@pytest.mark.parametrize(
    ("path", "version", "released"),
    [
        ("example.com/lib", "0.4.0", "1.0.0"),
        ("example.com/lib/v2", "1.4.0", "2.0.0"),
        ("gopkg.in/lib.v2", "1.4.0", "2.0.0"),
        ("example.com/lib", "2.4.0", "3.0.0"),
    ],
)
def test_a_go_module_of_the_right_path_is_released(path: str, version: str, released: str) -> None:
    """The rename may lie before the release; what was `+incompatible` before goes on without a suffix."""
    assert versions(planned(go_module(path, "feat: new\n\nBREAKING CHANGE: gone", version))) == {"lib": released}


@pytest.mark.parametrize(
    ("constraint", "message", "follows"),
    [
        ("workspace:*", "fix: x", True),
        ("workspace:~", "fix: x", False),
        ("workspace:~", "feat: x", True),
        ("workspace:^", "feat: x", False),
        ("workspace:^", "feat: x\n\nBREAKING CHANGE: y", True),
        ("workspace:lib@^", "feat: x\n\nBREAKING CHANGE: y", True),
    ],
)
def test_a_workspace_constraint_is_what_it_was_published_as(constraint: str, message: str, follows: bool) -> None:
    """The dependent follows as if it named the last version, and its text stays what it is."""
    plan = planned(source("lib", message), source("api", needs={"lib": constraint}))
    assert ("api" in versions(plan)) is follows
    if follows:
        release = plan.release_of("api")
        assert f"left its range {constraint}" in release.reasons[0]
        text = next(edit for edit in release.edits if edit.path == "package.json").apply(
            source("api", needs={"lib": constraint}).files[0].text
        )
        assert json.loads(text)["dependencies"] == {"lib": constraint}


def test_a_workspace_constraint_on_what_was_never_released_accepts_everything() -> None:
    """Nothing was published that could be left."""
    plan = planned(source("lib", "feat: x", version=None), source("api", needs={"lib": "workspace:*"}))
    assert versions(plan) == {"lib": "1.0.0"}


def test_who_shares_a_version_with_a_released_crate_is_told() -> None:
    """A workspace's version is raised for one member, and the plan names the others that take it."""

    def crate(name: str, *messages: str) -> ComponentSource:
        root = '[workspace]\nmembers = ["a", "b"]\n[workspace.package]\nversion = "1.0.0"\n'
        own = f'[package]\nname = "{name}"\nversion.workspace = true\n'
        files = (
            SourceFile(path="Cargo.toml", blob="d" * 40, text=root),
            SourceFile(path=f"{name}/Cargo.toml", blob="e" * 40, text=own),
        )
        return source(name, *messages).model_copy(update={"ecosystem": Ecosystem.CARGO, "files": files})

    entries: dict[str, dict[str, object]] = {
        name: {"repo": "/w.git", "path": name, "tag": "{name}-v{version}"} for name in ("a", "b")
    }
    plan = planned(crate("a", "fix: x"), crate("b"), components=entries)
    assert versions(plan) == {"a": "1.0.1"}
    assert plan.notices == (
        "b takes from Cargo.toml too, which the release of a changes: what shares a version is best one component",
    )
    with pytest.raises(EditClash, match=r"both write Cargo\.toml") as caught:
        planned(crate("a", "fix: x"), crate("b", "fix: y"), components=entries)
    assert "make them one component" in caught.value.hint


def test_a_declared_estimate_reaches_the_step_and_no_other_plan() -> None:
    """Of a step and of the verify hook; a plan in which nobody declares any keeps its digest."""
    entry = {
        "publish": [{"uses": "exec", "name": "deploy", "estimate": "20m"}],
        "hooks": {"verify": "make", "estimate": 90},
    }
    plan = planned(source("lib", "feat: one"), components={"lib": entry})
    assert plan.step_of("lib/deploy").estimate == 1200
    assert plan.step_of("lib/verify").estimate == 90
    assert plan.step_of("lib/push").estimate is None
    assert b"estimate" not in planned(source("lib", "feat: one")).canonical()
