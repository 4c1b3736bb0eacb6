"""Releases that follow from others: every kind of dependency, every strategy, groups, and what cannot be.

The cases are those in which changesets 3, release-please and Nx are known to differ or to have been wrong.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plans import planned, source, versions

from releasepilot.errors import PlanError, VersionConflict
from releasepilot.graph.edge import Edge
from releasepilot.graph.propagation import Decided, Node, propagate
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import Plan
from releasepilot.model.snapshot import ComponentSource, SourceFile
from releasepilot.model.version import Bump
from releasepilot.model.versioning import Group, Propagation
from releasepilot.versioning import bump_version
from releasepilot.versioning.ordering import newest_of

BREAK = "feat: new\n\nBREAKING CHANGE: gone"


def of(name: str, *messages: str, version: str | None = "1.0.0", **tables: dict[str, str]) -> ComponentSource:
    """Make an npm component with these tables of its manifest, such as `peerDependencies`."""
    text = json.dumps({"name": name, "version": version or "0.0.0", **tables}, indent=2) + "\n"
    base = source(name, *messages, version=version)
    return base.model_copy(update={"files": (SourceFile(path="package.json", blob="b" * 40, text=text),)})


def python(name: str, *messages: str, needs: tuple[str, ...] = ()) -> ComponentSource:
    """Make a Python component that requires these."""
    text = f'[project]\nname = "{name}"\nversion = "1.0.0"\ndependencies = {json.dumps(list(needs))}\n'
    file = SourceFile(path="pyproject.toml", blob="c" * 40, text=text)
    return source(name, *messages).model_copy(update={"ecosystem": Ecosystem.PYTHON, "files": (file,)})


def text_of(plan: Plan, name: str, path: str = "package.json") -> str:
    """Return what a plan writes into a file, pieces of it."""
    return "".join(splice.text for edit in plan.release_of(name).edits if edit.path == path for splice in edit.splices)


@pytest.mark.parametrize("table", ["dependencies", "peerDependencies", "optionalDependencies"])
def test_a_range_that_is_left_releases_its_dependent_by_a_patch(table: str) -> None:
    """Whatever the kind: since changesets 3 a peer dependency is no reason for a major version."""
    plan = planned(of("lib", BREAK), of("app", **{table: {"lib": "^1.0.0"}}))
    assert versions(plan) == {"lib": "2.0.0", "app": "1.0.1"}
    assert plan.release_of("app").reasons == ("lib 2.0.0 left its range ^1.0.0",)


def test_a_development_range_moves_and_releases_nobody() -> None:
    """It is rewritten where its component is released anyway, and is no reason of its own."""
    plan = planned(of("lib", BREAK), of("app", devDependencies={"lib": "^1.0.0"}))
    assert versions(plan) == {"lib": "2.0.0"}
    plan = planned(of("lib", BREAK), of("app", "fix: x", devDependencies={"lib": "^1.0.0"}))
    assert versions(plan) == {"lib": "2.0.0", "app": "1.0.1"}
    assert "^2.0.0" in text_of(plan, "app")
    assert plan.release_of("app").reasons == ("patch: fix: x",)


def test_an_exact_pin_follows_every_release_and_a_satisfied_range_none() -> None:
    """A patch leaves `1.0.0` and not `^1.0.0`."""
    plan = planned(
        of("lib", "fix: x"), of("pin", dependencies={"lib": "1.0.0"}), of("wide", dependencies={"lib": "^1"})
    )
    assert versions(plan) == {"lib": "1.0.1", "pin": "1.0.1"}


def test_a_diamond_of_exact_pins_yields_one_release_with_both_reasons() -> None:
    """The consumer is released once, and says why twice."""
    plan = planned(
        of("lib", "fix: x"),
        of("left", dependencies={"lib": "1.0.0"}),
        of("right", dependencies={"lib": "1.0.0"}),
        of("top", dependencies={"left": "1.0.0", "right": "1.0.0"}),
    )
    assert plan.release_of("top").reasons == ("left 1.0.1 left its range 1.0.0", "right 1.0.1 left its range 1.0.0")


def test_a_dependency_that_is_new_in_this_train_is_no_reason() -> None:
    """Its first release is inside the range that its dependent declares already."""
    plan = planned(of("new", "feat: begin", version=None), of("app", "feat: use it", dependencies={"new": "^1.0.0"}))
    assert versions(plan) == {"new": "1.0.0", "app": "1.1.0"}
    assert plan.release_of("app").needs == ("new",)
    assert plan.release_of("app").updates == ()


def test_a_circle_of_peers_comes_to_an_end() -> None:
    """Two that name each other as peers are released once each."""
    plan = planned(of("a", BREAK, peerDependencies={"b": "1.0.0"}), of("b", peerDependencies={"a": "^1.0.0"}))
    assert versions(plan) == {"a": "2.0.0", "b": "1.0.1"}
    assert "circle" in plan.notices[0]


def test_a_private_component_follows_like_any_other() -> None:
    """That npm publishes it nowhere changes neither version nor range."""
    app = of("app", private=True, dependencies={"lib": "^1.0.0"})  # type: ignore[arg-type] # a flag beside tables
    plan = planned(of("lib", BREAK), app)
    assert versions(plan) == {"lib": "2.0.0", "app": "1.0.1"}
    assert plan.notices == ()
    published = {"app": {"publish": [{"uses": "exec", "apply": "true"}]}}
    notices = planned(of("lib", BREAK), app, components=published).notices
    assert notices == ("app: its manifest says that it is private, and the catalog publishes it",)


def test_an_ignored_component_is_left_alone_and_the_plan_says_so() -> None:
    """Neither its own commits nor what it needs releases it, and nothing goes on behind it."""
    plan = planned(
        of("lib", BREAK),
        of("mid", BREAK, dependencies={"lib": "^1.0.0"}),
        of("top", dependencies={"mid": "1.0.0"}),
        components={"mid": {"ignore": True}},
    )
    assert versions(plan) == {"lib": "2.0.0"}
    assert plan.notices == ("mid keeps lib ^1.0.0, which 2.0.0 leaves: it is ignored",)


def strategy(name: str) -> dict[str, dict[str, Any]]:
    """Give the component `app` a strategy."""
    return {"app": {"versioning": {"propagate": name}}}


@pytest.mark.parametrize(
    ("name", "message", "version"),
    [
        ("always", "fix: x", "1.0.1"),
        ("always", BREAK, "1.0.1"),
        ("follow", "fix: x", "1.0.1"),
        ("follow", "feat: x", "1.1.0"),
        ("follow", BREAK, "2.0.0"),
        ("never", BREAK, None),
        ("out-of-range", "feat: x", None),
    ],
)
def test_a_strategy_decides_whether_and_by_how_much(name: str, message: str, version: str | None) -> None:
    """Over a range that admits everything, only the strategy speaks."""
    plan = planned(of("lib", message), of("app", dependencies={"lib": "*"}), components=strategy(name))
    assert versions(plan).get("app") == version


def test_what_follows_is_raised_over_its_own_commits() -> None:
    """The higher of the two bumps wins, and both reasons are told."""
    app = of("app", "fix: y", dependencies={"lib": "*"})
    plan = planned(of("lib", "feat: x"), app, components=strategy("follow"))
    assert versions(plan)["app"] == "1.1.0"
    assert plan.release_of("app").reasons == ("patch: fix: y", "lib 1.1.0 is released, and it follows every release")


def test_a_fixed_group_is_released_as_one() -> None:
    """All members get the highest bump over the highest current version."""
    plan = planned(
        of("a", "feat: x", version="1.2.0"),
        of("b", version="1.4.1"),
        of("c", version="0.9.0"),
        groups=[{"fixed": ["a", "b"]}],
    )
    assert versions(plan) == {"a": "1.5.0", "b": "1.5.0"}
    assert plan.release_of("b").reasons == ("one version with a",)


def test_a_linked_group_shares_a_version_among_those_that_are_released() -> None:
    """A member without a change of its own stays, and still counts for the current version."""
    plan = planned(
        of("a", "feat: x", version="1.2.0"),
        of("b", "fix: y", version="1.0.0"),
        of("c", version="3.0.0"),
        groups=[{"linked": ["a", "b", "c"]}],
    )
    assert versions(plan) == {"a": "3.1.0", "b": "3.1.0"}


def test_a_group_hands_its_version_to_dependents_outside() -> None:
    """A dependent outside follows the version that the group gave, not the one of the member's own commits."""
    plan = planned(
        of("a", BREAK),
        of("b"),
        of("out", dependencies={"b": "^1.0.0"}),
        groups=[{"fixed": ["a", "b"]}],
    )
    assert versions(plan) == {"a": "2.0.0", "b": "2.0.0", "out": "1.0.1"}


def test_a_component_that_follows_can_raise_its_group() -> None:
    """What comes to one member by its dependency comes to all."""
    plan = planned(
        of("lib", BREAK),
        of("app", dependencies={"lib": "*"}),
        of("twin"),
        components=strategy("follow"),
        groups=[{"fixed": ["app", "twin"]}],
    )
    assert versions(plan) == {"lib": "2.0.0", "app": "2.0.0", "twin": "2.0.0"}


def demanding(version: str) -> str:
    """Write a commit that demands a version."""
    return f"feat: x\n\nRelease-As: {version}"


PLEASE = {"defaults": {"versioning": {"policy": "release-please"}}}


def test_a_demanded_version_is_obeyed_where_it_is_possible() -> None:
    """It wins over the bump; what is not above the last release is refused with both versions named."""
    assert versions(planned(of("lib", demanding("1.7.0")), **PLEASE)) == {"lib": "1.7.0"}
    for version in ("0.1.0", "1.0.0"):
        with pytest.raises(
            PlanError, match=rf"lib: a Release-As footer demands {version}, which is not above .* 1\.0\.0"
        ):
            planned(of("lib", demanding(version)), **PLEASE)


def test_a_demand_that_is_no_version_is_none() -> None:
    """The commit counts as what it says otherwise."""
    assert versions(planned(of("lib", demanding("1.2.3-a..b")), **PLEASE)) == {"lib": "1.1.0"}


def test_a_demanded_version_is_that_of_the_whole_group() -> None:
    """Two different demands are refused."""
    group = [{"fixed": ["a", "b"]}]
    assert versions(planned(of("a", demanding("5.0.0")), of("b"), groups=group, **PLEASE)) == {
        "a": "5.0.0",
        "b": "5.0.0",
    }
    with pytest.raises(PlanError, match=r"demand 5\.0\.0 and 6\.0\.0"):
        planned(of("a", demanding("5.0.0")), of("b", demanding("6.0.0")), groups=group, **PLEASE)


def test_a_large_group_names_a_few_and_counts_the_rest() -> None:
    """A reason stays a line, however many share the version."""
    names = [f"c{index:02}" for index in range(20)]
    plan = planned(of("c00", "fix: x"), *(of(name) for name in names[1:]), groups=[{"fixed": names}])
    assert plan.release_of("c19").reasons == ("one version with c00, c01, c02, c03, c04 and 14 more",)


@pytest.mark.parametrize(
    ("constraint", "message", "version"),
    [
        ("exact", "fix: x", "1.0.1"),
        ("minor", "fix: x", None),
        ("minor", "feat: x", "1.0.1"),
        ("compatible", "feat: x", None),
        ("compatible", BREAK, "1.0.1"),
        ("any", BREAK, None),
    ],
)
def test_a_declared_need_follows_by_its_constraint(constraint: str, message: str, version: str | None) -> None:
    """Across ecosystems the catalog says which new versions leave the range; no file is edited for it."""
    need = {"component": "image", "constraint": constraint}
    plan = planned(of("image", message), of("chart"), components={"chart": {"needs": [need]}})
    assert versions(plan).get("chart") == version
    if version:
        assert plan.release_of("chart").updates == ()


def test_a_declared_development_need_releases_nobody() -> None:
    """Its kind counts as that of a manifest would."""
    need = {"component": "tool", "constraint": "exact", "kind": "dev"}
    assert versions(planned(of("tool", "fix: x"), of("app"), components={"app": {"needs": [need]}})) == {
        "tool": "1.0.1"
    }


def test_a_range_is_never_lowered() -> None:
    """A component that asks for more than is released stops the train, with both named."""
    with pytest.raises(VersionConflict, match=r"app: it needs lib \^3\.0\.0, and this train releases lib 1\.1\.0"):
        planned(of("lib", "feat: x"), of("app", "fix: y", dependencies={"lib": "^3.0.0"}))


def test_a_range_above_what_is_released_is_no_reason_to_follow() -> None:
    """Nor is it the business of a train that leaves its component alone."""
    plan = planned(of("lib", "feat: x"), of("app", dependencies={"lib": "^3.0.0"}))
    assert versions(plan) == {"lib": "1.1.0"}
    assert plan.notices == ("app asks for lib ^3.0.0, and 1.1.0 is below that",)


def test_a_development_range_above_what_is_released_stays() -> None:
    """It stops nobody, and is not lowered."""
    plan = planned(of("lib", "feat: x"), of("app", "fix: y", devDependencies={"lib": "^3.0.0"}))
    assert plan.release_of("app").updates == ()


def test_two_dependents_that_cannot_meet_are_a_conflict_with_both_ranges() -> None:
    """One keeps its range, the other moves, and a third needs both: no version of the first satisfies them."""
    stuck = {"left": {"versioning": {"propagate": "never"}}}
    sources = (
        python("lib", BREAK),
        python("left", needs=("lib<2",)),
        python("right", needs=("lib>=1,<2",)),
        python("top", needs=("left", "right")),
    )
    with pytest.raises(VersionConflict) as caught:
        planned(*sources, components=stuck)
    for said in ("no version of lib", "left, which keeps <2", "right, which needs >=2.0.0,<3", "top needs both"):
        assert said in caught.value.message
    assert versions(planned(*sources[:3], components=stuck)) == {"lib": "2.0.0", "right": "1.0.1"}


def test_npm_installs_two_versions_side_by_side_but_not_of_a_peer() -> None:
    """The same graph is no conflict for runtime dependencies of npm, and one for a peer."""
    stuck = {"left": {"versioning": {"propagate": "never"}}}
    for table, fails in (("dependencies", False), ("peerDependencies", True)):
        sources = (
            of("lib", BREAK),
            of("left", **{table: {"lib": "^1.0.0"}}),
            of("right", dependencies={"lib": "^1.0.0"}),
            of("top", dependencies={"left": "*", "right": "*"}),
        )
        if fails:
            with pytest.raises(VersionConflict):
                planned(*sources, components=stuck)
        else:
            plan = planned(*sources, components=stuck)
            assert "left keeps lib ^1.0.0, which 2.0.0 leaves: it never follows" in plan.notices


def test_below_one_the_plan_states_the_policys_rule() -> None:
    """A 0.x version comes with the policy and what it does there; others do not."""
    cargo = {"versioning": {"policy": "cargo-zero"}}
    plan = planned(of("old", BREAK), of("young", BREAK, version="0.4.2"), components={"young": cargo})
    young = plan.release_of("young")
    assert (young.to_version, young.policy) == ("0.5.0", "cargo-zero")
    assert "a breaking change raises the minor version" in young.below_one
    assert plan.release_of("old").below_one == ""


def node(name: Propagation, current: str = "1.0.0") -> Node:
    """Make a component for propagation alone."""
    return Node(strategy=name, current=current, raised=lambda bump, over: bump_version(over or current, bump, "knope"))


NAMES = [f"c{index}" for index in range(8)]
RANGES = ("", "*", "^1.0.0", "~1.0.0", "1.0.0", ">=1.0.0")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, Node], list[Edge], dict[str, Decided], list[Group]]:
    """Make any graph, circles included, with own releases and groups."""
    nodes = {name: node(draw(st.sampled_from(list(Propagation)))) for name in NAMES}
    pairs = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=20))
    edges = [
        Edge(
            dependent=one,
            dependency=other,
            kind=draw(st.sampled_from(["runtime", "peer", "dev"])),
            constraint=draw(st.sampled_from(RANGES)),
            path="package.json",
            ecosystem=Ecosystem.NPM,
        )
        for one, other in pairs
        if one != other
    ]
    own = {
        name: Decided(version=bump_version("1.0.0", bump, "knope"), bump=bump, reasons=(bump.value,))
        for name, bump in draw(
            st.dictionaries(st.sampled_from(NAMES), st.sampled_from([Bump.PATCH, Bump.MINOR, Bump.MAJOR]), max_size=3)
        ).items()
    }
    cut = draw(st.integers(0, 4))
    groups = [Group(fixed=tuple(NAMES[:cut]))] if cut > 1 else []
    linked = draw(st.integers(0, 4))
    groups += [Group(linked=tuple(NAMES[-linked:]))] if linked > 1 else []
    return nodes, edges, own, groups


@settings(max_examples=200, deadline=None)
@given(world=worlds(), chance=st.randoms())
def test_the_fixpoint_is_one_whatever_the_order(
    world: tuple[dict[str, Node], list[Edge], dict[str, Decided], list[Group]], chance: random.Random
) -> None:
    """Shuffled edges give the same releases, and once more over the result changes nothing."""
    nodes, edges, own, groups = world
    decided = propagate(nodes, edges, own, groups, highest=newest_of)
    shuffled = list(edges)
    chance.shuffle(shuffled)
    assert propagate(nodes, shuffled, own, groups, highest=newest_of) == decided
    again = propagate(nodes, edges, decided, groups, highest=newest_of)
    assert {name: one.version for name, one in again.items()} == {name: one.version for name, one in decided.items()}


@settings(max_examples=200, deadline=None)
@given(world=worlds())
def test_nobody_is_left_out_of_range_who_should_follow(
    world: tuple[dict[str, Node], list[Edge], dict[str, Decided], list[Group]],
) -> None:
    """After propagation every range that was left upwards belongs to a release, or to one that never follows."""
    nodes, edges, own, groups = world
    decided = propagate(nodes, edges, own, groups, highest=newest_of)
    for edge in edges:
        if edge.kind == "dev" or edge.dependency not in decided:
            continue
        follows = nodes[edge.dependent].strategy is not Propagation.NEVER
        if follows and edge.left_by(decided[edge.dependency].version):
            assert edge.dependent in decided
    for name, one in decided.items():
        assert one.reasons, name
