"""Manifests as they lie in real repositories: found by pattern, in folders above, and by the catalog's places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue
from support.corpus import needs_corpus
from support.families import FAMILIES, expected_edges, family_remotes
from support.remotes import Change, Remote, make_remote

from releasepilot.errors import ManifestError
from releasepilot.graph.planner import make_plan
from releasepilot.graph.view import GraphView, view_of
from releasepilot.model.catalog import Catalog, Ecosystem
from releasepilot.model.plan import Plan
from releasepilot.model.snapshot import Snapshot
from releasepilot.model.step import ActuatorTraits, Queue, SagaClass, Undo
from releasepilot.model.train import Request
from releasepilot.repositories.command import Git
from releasepilot.repositories.contents import Folder, read_contents
from releasepilot.repositories.snapshot import take_snapshot

_GIT = ActuatorTraits(
    name="git.stage",
    saga_class=SagaClass.COMPENSATABLE,
    undo=Undo.FULL,
    queue=Queue.GIT,
    declarable=False,
)
_ACTUATORS = (_GIT, _GIT.model_copy(update={"name": "git.publish", "undo": Undo.REVERT}))


def catalog_of(*components: dict[str, JsonValue]) -> Catalog:
    """Make a catalog of these components."""
    return Catalog.model_validate({"version": 1, "train": "june", "components": list(components)})


def plan_of(catalog: Catalog, snapshot: Snapshot) -> Plan:
    """Plan a train of everything in the catalog."""
    return make_plan(snapshot, Request(catalog=catalog, date="2026-01-02", actuators=_ACTUATORS))


def released(plan: Plan, component: str, remote: Remote) -> dict[str, str]:
    """Return the files that the release of a component changes, as they would be, without its changelog."""
    return {
        edit.path: edit.apply(remote.show(edit.path))
        for edit in plan.release_of(component).edits
        if not edit.path.endswith("CHANGELOG.md")
    }


@needs_corpus
@pytest.mark.parametrize("family", FAMILIES)
async def test_a_real_family_has_the_edges_that_it_has(tmp_path: Path, family: str) -> None:
    """Every edge is found once, with its kind and range, and no other; circles are cut at dev and peer edges alone."""
    remotes = family_remotes(tmp_path / "remotes", family)
    catalog = catalog_of(*({"name": name, "repo": remote.url} for name, remote in remotes.items()))
    view = view_of(catalog, await take_snapshot(catalog, tmp_path / "cache"))
    expected = expected_edges(family)
    keys = ("dependent", "dependency", "kind", "constraint")
    assert Counter(tuple(getattr(edge, key) for key in keys) for edge in view.edges) == Counter(
        tuple(edge[key] for key in keys) for edge in expected["edges"]
    )
    assert set(view.components) == set(expected["repos"])
    assert_cut(view, [set(circle) for circle in expected["cycles"]["all"]])


def assert_cut(view: GraphView, circles: list[set[str]]) -> None:
    """Cut are dev and peer edges inside the known circles, each with a notice, and the rest is in order."""
    cut = [edge for edge in view.edges if edge.cut]
    assert bool(cut) == bool(circles)
    assert len(view.notices) == len({(edge.dependent, edge.dependency) for edge in cut})
    for edge in cut:
        assert edge.kind in {"dev", "peer"}
        assert any({edge.dependent, edge.dependency} <= circle for circle in circles)
    order = view.components.index
    assert all(order(edge.dependency) < order(edge.dependent) for edge in view.edges if not edge.cut)


async def test_a_gem_is_found_by_its_specification(tmp_path: Path) -> None:
    """The specification and the version constant in `lib` are read by what the folder lists, and edited."""
    spec = "Gem::Specification.new do |s|\n  s.name = '{0}'\n  s.version = {1}\n{2}end\n"
    core = make_remote(
        tmp_path / "core.git",
        [
            Change(
                files={
                    "acme-core.gemspec": spec.format("acme-core", "Acme::Core::VERSION", ""),
                    "lib/acme/core/version.rb": "module Acme\n  module Core\n    VERSION = '1.0.0'\n  end\nend\n",
                    "lib/acme.rb": "x",
                    "Gemfile": "gemspec\n",
                },
                tag="v1.0.0",
            ),
            "feat!: break\n\nBREAKING CHANGE: it",
        ],
    )
    needs = "  s.add_dependency 'acme-core', '~> 1.0'\n"
    web_files = {
        "web/web.gemspec": spec.format("web", "WebThing::VERSION", needs),
        "web/lib/web_thing/version.rb": "module WebThing\n  VERSION = '2.0.0'\nend\n",
        "web/lib/other/README.md": "x",
    }
    web = make_remote(tmp_path / "web.git", [Change(files=web_files, tag="v2.0.0"), Change(files={"web/a": "b"})])
    catalog = catalog_of(
        {"name": "core", "repo": core.url},
        {"name": "web", "repo": web.url, "path": "web", "needs": []},
    )
    snapshot = await take_snapshot(catalog, tmp_path / "cache")
    assert [source.ecosystem for source in snapshot.components] == [Ecosystem.RUBY, Ecosystem.RUBY]
    assert [file.path for file in snapshot.components[1].files] == ["web/web.gemspec", "web/lib/web_thing/version.rb"]
    plan = plan_of(catalog, snapshot)
    constant = core.show("lib/acme/core/version.rb").replace("1.0.0", "2.0.0")
    assert released(plan, "core", core) == {"lib/acme/core/version.rb": constant}
    (edge,) = view_of(catalog, snapshot).edges
    assert (edge.dependent, edge.dependency, edge.kind, edge.constraint) == ("web", "core", "runtime", "~> 1.0")


WORKSPACE = """\
[workspace]
members = ["crates/*"]
[workspace.package]
version = "1.0.0"
[workspace.dependencies]
core = { version = "1.0.0", path = "crates/core" }
"""


MEMBER = """\
[package]
name = "web"
version.workspace = true
[dependencies]
core.workspace = true
"""


async def test_a_crate_reads_the_workspace_above_its_folder(tmp_path: Path) -> None:
    """Version and requirement that it inherits are known and moved in the root's file, under its own path."""
    files = {
        "Cargo.toml": WORKSPACE,
        "crates/core/Cargo.toml": '[package]\nname = "core"\nversion = "1.0.0"\n',
        "crates/web/Cargo.toml": MEMBER,
        "crates/web/package.json": "{",
    }
    breaking = Change(message="feat: new\n\nBREAKING CHANGE: gone", files={"crates/core/a": "b"})
    tags = {"core-v1.0.0": 0, "web-v1.0.0": 0}
    remote = make_remote(tmp_path / "mono.git", [Change(files=files), breaking], tags=tags)
    catalog = catalog_of(
        *(
            {
                "name": name,
                "repo": remote.url,
                "path": f"crates/{name}",
                "tag": "{name}-v{version}",
                "ecosystem": "cargo",
            }
            for name in ("core", "web")
        )
    )
    snapshot = await take_snapshot(catalog, tmp_path / "cache")
    plan = plan_of(catalog, snapshot)
    assert [(release.component, release.to_version) for release in plan.releases] == [
        ("core", "2.0.0"),
        ("web", "1.0.1"),
    ]
    assert released(plan, "core", remote) == {
        "crates/core/Cargo.toml": files["crates/core/Cargo.toml"].replace("1.0.0", "2.0.0")
    }
    root = WORKSPACE.replace('version = "1.0.0", path', 'version = "2.0.0", path').replace('"1.0.0"', '"1.0.1"')
    assert released(plan, "web", remote) == {"Cargo.toml": root}
    (update,) = plan.release_of("web").updates
    assert (update.path, update.before, update.after) == ("../../Cargo.toml", "1.0.0", "2.0.0")


async def test_places_are_read_and_moved_beside_any_ecosystem(tmp_path: Path) -> None:
    """The edge goes to the component by its name; its text is an exact pin, so that every release is followed."""
    core = make_remote(tmp_path / "core.git", [Change(files={"VERSION": "1.0.0\n"}, tag="v1.0.0"), "fix: mend"])
    files = {
        "pyproject.toml": '[project]\nname = "web"\nversion = "2.0.0"\ndependencies = ["core==1.0.0"]\n',
        "src/web.py": '__version__ = "2.0.0"\n',
        "k8s/deploy.yaml": "image: core:1.0.0\nimage: core:1.0.0\n",
    }
    web = make_remote(tmp_path / "web.git", [Change(files=files, tag="v2.0.0")])
    image = {"path": "k8s/deploy.yaml", "pattern": r"core:(?P<version>\S+)", "of": "core"}
    own = {"path": "src/web.py", "pattern": '"(?P<version>[^"]+)"'}
    same = {"path": "pyproject.toml", "pattern": 'version = "(?P<version>[^"]+)"'}
    catalog = catalog_of(
        {"name": "core", "repo": core.url},
        {"name": "web", "repo": web.url, "places": [image, own, same]},
    )
    snapshot = await take_snapshot(catalog, tmp_path / "cache")
    (edge,) = view_of(catalog, snapshot).edges
    assert (edge.dependent, edge.dependency, edge.kind, edge.constraint) == ("web", "core", "runtime", "1.0.0")
    plan = plan_of(catalog, snapshot)
    assert released(plan, "web", web) == {
        # The manifest's own dependency of that name is another package: it stays.
        "pyproject.toml": files["pyproject.toml"].replace("2.0.0", "2.0.1"),
        "src/web.py": files["src/web.py"].replace("2.0.0", "2.0.1"),
        "k8s/deploy.yaml": files["k8s/deploy.yaml"].replace("1.0.0", "1.0.1"),
    }
    (update,) = plan.release_of("web").updates
    assert (update.component, update.package, update.path) == ("core", "core", "k8s/deploy.yaml")


async def test_a_place_whose_file_is_missing_is_named(tmp_path: Path) -> None:
    """The error names the component, the path and the remedy."""
    remote = make_remote(tmp_path / "web.git", files={"package.json": "{"})
    place = {"path": "src/web.py", "pattern": '"(?P<version>[^"]+)"'}
    catalog = catalog_of({"name": "web", "repo": remote.url, "ecosystem": "regex", "places": [place]})
    snapshot = await take_snapshot(catalog, tmp_path / "cache")
    with pytest.raises(ManifestError, match=r"web: there is no file src/web\.py") as caught:
        plan_of(catalog, snapshot)
    assert "path" in caught.value.hint


class CountingGit(Git):
    """Git, and which of its commands were run."""

    def run(self, *words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """Note the command and run it."""
        self.verbs = (*getattr(self, "verbs", ()), words[0])
        return super().run(*words, stdin=stdin, env=env)


def test_ordinary_repositories_need_one_process(tmp_path: Path) -> None:
    """However many folders are read; a second one is started only where a folder lists what is found by pattern."""
    plain = {"package.json": '{"name": "a"}', "lib/a/version.rb": "VERSION = '1'", "requirements/dev.txt": "a"}
    listed = {"setup.py": "", "requirements-dev.txt": "a==1", "requirements/docs.txt": "b"}
    remote = make_remote(tmp_path / "a.git", files={**plain, **{f"py/{name}": text for name, text in listed.items()}})
    git = CountingGit(remote.folder)
    head = remote.head()
    ordinary = [Folder(head=head, path="."), Folder(head=head, path="lib"), Folder(head=head, path="gone")]
    root, lib, gone = read_contents(git, ordinary)
    assert git.verbs == ("cat-file",)
    assert root is not None
    assert (root.ecosystem, list(root.files)) == (Ecosystem.NPM, ["package.json"])
    assert lib is not None
    assert (lib.ecosystem, list(lib.files)) == (Ecosystem.GENERIC, [])
    assert gone is None
    *_, python = read_contents(git, [*ordinary, Folder(head=head, path="py", files=("requirements/docs.txt",))])
    assert git.verbs == ("cat-file",) * 3
    assert python is not None
    assert set(python.files) == set(listed)


async def test_names_that_mean_harm_are_not_asked_for(tmp_path: Path) -> None:
    """A newline in a file's name starts no second question, and a link is not read as a manifest."""
    remote = make_remote(tmp_path / "a.git", files={"a.gemspec": "Gem::Specification.new do |s|\nend\n"})
    blob = remote.blob("a.gemspec")
    entries = (
        f'100644 blob {blob}\t"evil\\nHEAD:a.gemspec"',
        f"120000 blob {blob}\tb.gemspec",
        f"100644 blob {blob}\tc.gemspec",
    )
    tree = remote.git("mktree", stdin="".join(f"{entry}\n" for entry in entries).encode())
    who = ("-c", "user.name=R", "-c", "user.email=r@example.org")
    remote.git("update-ref", "refs/heads/main", remote.git(*who, "commit-tree", tree, "-m", "fix: odd"))
    snapshot = await take_snapshot(catalog_of({"name": "a", "repo": remote.url}), tmp_path / "cache")
    assert [file.path for file in snapshot.components[0].files] == ["c.gemspec"]


def linked(remote: Remote, *paths: str) -> None:
    """Commit symbolic links in the place of files."""
    who = ("-c", "user.name=R", "-c", "user.email=r@example.org")
    target = remote.git("hash-object", "-w", "--stdin", stdin=b"elsewhere")
    listed = remote.git("ls-tree", "-r", "main").splitlines()
    kept = [line for line in listed if line.partition("\t")[2] not in paths]
    index = "".join(f"{line}\n" for line in [*kept, *(f"120000 blob {target}\t{path}" for path in paths)])
    remote.git("read-tree", "--empty")
    remote.git("update-index", "--index-info", stdin=index.encode())
    remote.git("update-ref", "refs/heads/main", remote.git(*who, "commit-tree", remote.git("write-tree"), "-m", "x"))


@pytest.mark.parametrize(
    "path",
    ["lib/a/Cargo.toml", "lib/a/CHANGELOG.md", "lib/a/docs/conf.py", "Cargo.toml", "lib/Cargo.toml"],
)
async def test_a_link_in_the_place_of_a_file_is_refused(tmp_path: Path, path: str) -> None:
    """A manifest, a changelog, a place, and a workspace in a folder above: the path and the remedy are told."""
    own = '[package]\nname = "a"\nversion = "1.0.0"\n'
    files = {"lib/a/Cargo.toml": own, "lib/a/docs/conf.py": "release = '1.0.0'\n", "lib/a/package.json": "{}"}
    remote = make_remote(tmp_path / "a.git", files=files)
    # What another ecosystem reads is nothing to this one.
    linked(remote, path, "lib/a/package.json", "package.json")
    place: JsonValue = {"path": "docs/conf.py", "pattern": "release = '(?P<version>[^']+)'"}
    entry: dict[str, JsonValue] = {"name": "a", "repo": remote.url, "path": "lib/a", "ecosystem": "cargo"}
    with pytest.raises(ManifestError) as refused:
        await take_snapshot(catalog_of({**entry, "places": [place]}), tmp_path / "cache")
    assert str(refused.value) == f"a: {path} is a symbolic link, and editing it would break it"
    assert refused.value.hint == "commit the file itself in its place"


async def test_a_link_that_nobody_reads_is_no_matter(tmp_path: Path) -> None:
    """Neither are those of other ecosystems, nor a file where a folder is looked for."""
    files = {"package.json": '{"name": "a"}', "lib": b"\xff", "Cargo.toml": "", "README.md": ""}
    remote = make_remote(tmp_path / "a.git", files=files)
    linked(remote, "Cargo.toml", "README.md")
    catalog = catalog_of({"name": "a", "repo": remote.url, "ecosystem": "npm"})
    snapshot = await take_snapshot(catalog, tmp_path / "cache")
    assert [file.path for file in snapshot.components[0].files] == ["package.json"]
