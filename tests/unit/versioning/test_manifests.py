"""Manifests: what they say, and edits that touch nothing else."""

from __future__ import annotations

import pytest
from support.manifests import edited, told

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.ecosystems import ALL_FILES, MANIFESTS, detect

PYPROJECT = """\
# a comment\r
[build-system]\r
requires = ["hatchling >=1.27"]

[project] # here
name = "Acme.Web"
version = '1.2.3'   # keep me
dependencies = [
  "acme-core[fast, safe] >=1.2,<2 ; python_version < '3.12'", # one
  'acme_tools (~=1.4)',
  "bare", "direct @ https://a.example/b.whl",
]
optional-dependencies.async = ["acme-core>=1.2,<2"]

[dependency-groups]
dev = ["ruff", {include-group = "docs"}]
docs = ["sphinx<9"]

[tool.poetry.dependencies]
python = "^3.11"
acme-extra = { version = "^1.0", optional = true }
both = [{ version = "1.0", python = "<3.12" }, { version = "^2.0" }]

[tool.poetry.group.test.dependencies]
pytest = "*"

[[tool.other]]
"quoted.key" = "not a dependency"
"""


def test_pyproject_is_read_in_full() -> None:
    """PEP 621, PEP 735 and Poetry's tables; normalised names are PEP 503's."""
    package = MANIFESTS[Ecosystem.PYTHON].read({"pyproject.toml": PYPROJECT})
    assert (package.name, package.version) == ("Acme.Web", "1.2.3")
    assert [told(each) for each in package.dependencies] == [
        ("acme-core", ">=1.2,<2", "runtime", ""),
        ("acme_tools", "~=1.4", "runtime", ""),
        ("bare", "", "runtime", ""),
        ("direct", "@ https://a.example/b.whl", "runtime", ""),
        ("acme-core", ">=1.2,<2", "optional", "async"),
        ("ruff", "", "dev", "dev"),
        ("sphinx", "<9", "dev", "docs"),
        ("hatchling", ">=1.27", "build", ""),
        ("acme-extra", "^1.0", "optional", ""),
        ("both", "1.0", "runtime", ""),
        ("both", "^2.0", "runtime", ""),
        ("pytest", "*", "dev", "test"),
    ]
    assert MANIFESTS[Ecosystem.PYTHON].normalise("Acme.Web__x") == "acme-web-x"


def test_pyproject_is_edited_in_place() -> None:
    """Extras, markers, quotes, comments and mixed line endings stay byte for byte."""
    moves = {
        ("acme-core", ">=1.2,<2"): ">=2.0.0,<3",
        ("acme-tools", "~=1.4"): "~=2.0",
        ("bare", ""): ">=2",
        ("both", "^2.0"): "^3.0",
    }
    text = edited(Ecosystem.PYTHON, {"pyproject.toml": PYPROJECT}, "1.3.0", moves)["pyproject.toml"]
    expected = (
        PYPROJECT.replace("'1.2.3'", "'1.3.0'")
        .replace(">=1.2,<2", ">=2.0.0,<3")
        .replace("~=1.4", "~=2.0")
        .replace('"bare"', '"bare>=2"')
        .replace("^2.0", "^3.0")
    )
    assert text == expected


def test_an_escaped_marker_survives() -> None:
    """A specifier before an escaped marker is replaced alone."""
    text = '[project]\ndependencies = ["a>=1; python_version < \\"3\\""]\n'
    moved = edited(Ecosystem.PYTHON, {"pyproject.toml": text}, "1.0.0", {("a", ">=1"): ">=2"})
    assert moved["pyproject.toml"] == text.replace(">=1", ">=2")


def test_a_dynamic_version_is_left_alone() -> None:
    """Where the build takes the version from the tag there is nothing to write."""
    files = {"pyproject.toml": '[project]\nname = "a"\ndynamic = ["version"]\n'}
    assert MANIFESTS[Ecosystem.PYTHON].read(files).version is None
    assert MANIFESTS[Ecosystem.PYTHON].edit(files, "1.0.0", {}) == {}


PACKAGE = """\
{
\t"name": "@acme/web", "version": "0.0.0-development",
  "dependencies": {"@acme/core" : "^1.2.0", "left": "npm:@acme/right@^1.0.0", "nested": "\\u005e1.0.0"},
  "devDependencies": {"@acme/core": "^1.2.0"},
  "peerDependencies": {"@acme/core": ">=1"},
  "optionalDependencies": {"opt": "1.x"},
  "bin": {"@acme/core": "^1.2.0"}, "list": ["^1.2.0", {"version": "9"}, []], "x": {}
}"""


def test_package_json_is_read() -> None:
    """Four tables, aliases by their original name; other keys are no dependencies."""
    package = MANIFESTS[Ecosystem.NPM].read({"package.json": PACKAGE})
    assert (package.name, package.version) == ("@acme/web", "0.0.0-development")
    assert [told(each) for each in package.dependencies] == [
        ("@acme/core", "^1.2.0", "runtime", ""),
        ("@acme/right", "npm:@acme/right@^1.0.0", "runtime", ""),
        ("nested", "^1.0.0", "runtime", ""),
        ("@acme/core", "^1.2.0", "dev", ""),
        ("@acme/core", ">=1", "peer", ""),
        ("opt", "1.x", "optional", ""),
    ]


def test_package_json_is_edited_in_place() -> None:
    """Indentation and the missing last newline stay; the placeholder version is set."""
    moves = {("@acme/core", "^1.2.0"): "^2.0.0", ("nested", "^1.0.0"): "^2.0.0"}
    text = edited(Ecosystem.NPM, {"package.json": PACKAGE}, "1.0.0", moves)["package.json"]
    expected = PACKAGE.replace('core" : "^1.2.0"', 'core" : "^2.0.0"').replace(
        's": {"@acme/core": "^1.2', 's": {"@acme/core": "^2.0'
    )
    assert text == expected.replace("0.0.0-development", "1.0.0").replace("\\u005e1.0.0", "^2.0.0")


CARGO = """\
[package]
name = "acme-web"
version = "0.3.0"

[dependencies]
core = { package = "acme-core", version = "1.2", features = ["a"] } # why
acme_tools = "0.3"
shared.workspace = true
local = { path = "../local" }

[dependencies.big]
version = '1'
optional = true

[dev-dependencies]
acme_tools = "0.3"

[target.'cfg(unix)'.build-dependencies]
nix = "^0.27"

[workspace.dependencies]
shared = { version = "2.0" }
"""


def test_cargo_toml_is_read() -> None:
    """Renamed, detailed, inherited and target dependencies."""
    package = MANIFESTS[Ecosystem.CARGO].read({"Cargo.toml": CARGO})
    assert (package.name, package.version) == ("acme-web", "0.3.0")
    assert [told(each) for each in package.dependencies] == [
        ("acme-core", "1.2", "runtime", ""),
        ("acme_tools", "0.3", "runtime", ""),
        ("shared", "2.0", "runtime", ""),
        ("local", "", "runtime", ""),
        ("big", "1", "optional", ""),
        ("acme_tools", "0.3", "dev", ""),
        ("nix", "^0.27", "build", "cfg(unix)"),
        ("shared", "2.0", "runtime", "workspace"),
    ]


def test_cargo_toml_is_edited_in_place() -> None:
    """Only the moved requirements and the version change; dash and underscore are one name."""
    moves = {("acme-core", "1.2"): "2.0", ("acme-tools", "0.3"): "0.4", ("shared", "2.0"): "3.0", ("big", "1"): "2"}
    text = edited(Ecosystem.CARGO, {"Cargo.toml": CARGO}, "0.4.0", moves)["Cargo.toml"]
    expected = CARGO.replace('"0.3.0"', '"0.4.0"').replace('"1.2"', '"2.0"').replace('"0.3"', '"0.4"')
    assert text == expected.replace('{ version = "2.0" }', '{ version = "3.0" }').replace("'1'", "'2'")


def test_an_inherited_version_is_set_where_it_stands() -> None:
    """A workspace root that is a package takes its version from the workspace's table."""
    text = '[package]\nname = "a"\nversion.workspace = true\n[workspace.package]\nversion = "1.0.0"\n'
    assert MANIFESTS[Ecosystem.CARGO].read({"Cargo.toml": text}).version == "1.0.0"
    assert edited(Ecosystem.CARGO, {"Cargo.toml": text}, "1.1.0", {})["Cargo.toml"] == text.replace("1.0.0", "1.1.0")


GO_MOD = """\
module example.com/web // the module

go 1.22

require example.com/single v1.0.0
require (\r
\texample.com/core v1.2.3\r
\t"example.com/quoted/v2" v2.0.1 // indirect
\t// a comment
)
replace example.com/core => ../core
exclude (
\texample.com/core v1.2.0
)
"""


def test_go_mod_is_read() -> None:
    """Single and grouped requirements; replace and exclude are none; a major suffix is no other module."""
    package = MANIFESTS[Ecosystem.GO].read({"go.mod": GO_MOD})
    assert (package.name, package.version) == ("example.com/web", None)
    assert [told(each) for each in package.dependencies] == [
        ("example.com/single", "v1.0.0", "runtime", ""),
        ("example.com/core", "v1.2.3", "runtime", ""),
        ("example.com/quoted/v2", "v2.0.1", "runtime", "indirect"),
    ]
    assert MANIFESTS[Ecosystem.GO].normalise("example.com/quoted/v2") == "example.com/quoted"


def test_go_mod_is_edited_in_place() -> None:
    """Versions move, and the path's major suffix where the new version needs another one."""
    moves = {("example.com/core", "v1.2.3"): "v1.3.0", ("example.com/quoted", "v2.0.1"): "v3.0.0"}
    text = edited(Ecosystem.GO, {"go.mod": GO_MOD}, "9.9.9", moves)["go.mod"]
    assert text == GO_MOD.replace("v1.2.3", "v1.3.0").replace('/v2" v2.0.1', '/v3" v3.0.0')


CHART = """\
apiVersion: v2
name: web # the chart
version:  1.2.3
appVersion: "1.2.3"
dependencies:
- name: core\r
  version: ">=1.0.0, <2.0.0"\r
  repository: "@acme"
- {name: tools, version: '~1.2.0'}
- name: plain
  version: ^1.0.0  # a caret
- name: none
"""


def test_chart_yaml_is_read_and_edited_in_place() -> None:
    """Quotes, flow style, comments and line endings stay; the application's version is not the chart's."""
    helm = MANIFESTS[Ecosystem.HELM]
    package = helm.read({"Chart.yaml": CHART})
    assert (package.name, package.version) == ("web", "1.2.3")
    assert [told(each)[:2] for each in package.dependencies] == [
        ("core", ">=1.0.0, <2.0.0"),
        ("tools", "~1.2.0"),
        ("plain", "^1.0.0"),
        ("none", ""),
    ]
    moves = {("core", ">=1.0.0, <2.0.0"): ">=2.0.0, <3.0.0", ("tools", "~1.2.0"): "~1.3.0", ("plain", "^1.0.0"): ">=2"}
    text = edited(Ecosystem.HELM, {"Chart.yaml": CHART}, "1.3.0", moves)["Chart.yaml"]
    expected = CHART.replace("version:  1.2.3", "version:  1.3.0").replace(">=1.0.0, <2.0.0", ">=2.0.0, <3.0.0")
    assert text == expected.replace("~1.2.0", "~1.3.0").replace("version: ^1.0.0", 'version: ">=2"')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version: &own 1.0.0\nx: *own\n", "version: &own 2.0.0\nx: *own\n"),
        ('version: !!str "1.0.0"\n', 'version: !!str "2.0.0"\n'),
        ("version: >-\n  1.0.0\nname: a\n", 'version: "2.0.0"\nname: a\n'),
        ("{name: a, version: 1.0.0}", "{name: a, version: 2.0.0}"),
        ("\ufeffversion: 1.0.0 # 😀\r\n", "\ufeffversion: 2.0.0 # 😀\r\n"),
    ],
)
def test_every_way_to_write_a_scalar_is_edited(before: str, after: str) -> None:
    """Anchors, tags, block and flow style, and a byte order mark."""
    assert edited(Ecosystem.HELM, {"Chart.yaml": before}, "2.0.0", {})["Chart.yaml"] == after


def test_a_version_file_is_enough() -> None:
    """Where nothing else is there, VERSION holds the version; prose is left alone."""
    generic = MANIFESTS[Ecosystem.GENERIC]
    assert generic.read({"VERSION": "v1.2.3\r\n"}).version == "1.2.3"
    assert edited(Ecosystem.GENERIC, {"VERSION": "v1.2.3\r\n"}, "1.3.0", {}) == {"VERSION": "v1.3.0\r\n"}
    assert generic.read({"VERSION": "see the tags"}).version is None
    assert generic.edit({"VERSION": "see the tags"}, "1.0.0", {}) == {}
    assert generic.edit({}, "1.0.0", {}) == {}


@pytest.mark.parametrize(
    ("ecosystem", "name", "text", "said"),
    [
        (Ecosystem.NPM, "package.json", '{\n"a": }', "package.json:2:6"),
        (Ecosystem.NPM, "package.json", "[]", "not a JSON object"),
        (Ecosystem.NPM, "package.json", "[" * 100_000, "nested too deeply"),
        (Ecosystem.NPM, "package.json", '{"dependencies": {"a": 1}}', "'a' in dependencies"),
        (Ecosystem.PYTHON, "pyproject.toml", "a = 1\nb = = 2", "pyproject.toml:2"),
        (Ecosystem.PYTHON, "pyproject.toml", "a = " + "[" * 100_000, "pyproject.toml"),
        (Ecosystem.PYTHON, "pyproject.toml", '[project]\ndependencies = ["a b c"]', "'a b c' in project.dependencies"),
        (Ecosystem.PYTHON, "pyproject.toml", "project = 1", "project is not a table"),
        (Ecosystem.PYTHON, "pyproject.toml", "[tool.poetry]\ndependencies = 1", "is not a table"),
        (Ecosystem.CARGO, "Cargo.toml", "[package", "Cargo.toml:1"),
        (Ecosystem.GO, "go.mod", "module a\nrequire b", "go.mod:2"),
        (Ecosystem.HELM, "Chart.yaml", "a: b\nc: [", "Chart.yaml:2"),
        (Ecosystem.HELM, "Chart.yaml", "- a", "not a mapping"),
        (Ecosystem.HELM, "Chart.yaml", "a: \x00", "Chart.yaml"),
        (Ecosystem.HELM, "Chart.yaml", "[" * 100_000, "Chart.yaml:1: it is nested too deeply"),
        (Ecosystem.HELM, "Chart.yaml", "a:\n  " + "[" * 33 + "]" * 33, "Chart.yaml:2: it is nested too deeply"),
        (Ecosystem.HELM, "requirements.yaml", "a: b\nc: [", "requirements.yaml:2"),
        (Ecosystem.NPM, "package.json", '{"a": ' + "1" * 5000 + "}", "package.json"),
        (Ecosystem.NPM, "package.json", r'{"name": "\ud800"}', "package.json"),
        (Ecosystem.CARGO, "Cargo.toml", "a = " + "1" * 5000, "Cargo.toml"),
        (Ecosystem.CARGO, "Cargo.toml", "a." * 500_000 + "b = 1", "Cargo.toml:1: the line has more than"),
        (Ecosystem.PYTHON, "setup.cfg", "[metadata]\nname = a\nwhat is this", "setup.cfg:3"),
        (Ecosystem.PYTHON, "setup.cfg", "name = a", "setup.cfg:1"),
        (Ecosystem.PYTHON, "setup.cfg", "[options]\ninstall_requires =\n  a\n  b c", "setup.cfg:4: 'b c'"),
        (Ecosystem.PYTHON, "setup.py", "x = 1\nprint 'two'", "setup.py:2"),
        (Ecosystem.PYTHON, "setup.py", "x = " + "(" * 100_000, "setup.py"),
        (Ecosystem.PYTHON, "setup.py", "x = " + "-" * 100_000 + "1", "setup.py: it has null bytes or is nested"),
        (Ecosystem.PYTHON, "setup.py", "\0", "setup.py"),
        (Ecosystem.PYTHON, "setup.py", "\nsetup(install_requires=['a b'])", "setup.py:2: 'a b'"),
        (Ecosystem.MAVEN, "pom.xml", "<project>\n<a></project>", "pom.xml:2: mismatched tag"),
        (Ecosystem.MAVEN, "pom.xml", "<settings/>", "its root is 'settings'"),
        (Ecosystem.MAVEN, "pom.xml", "<project>\x01</project>", "pom.xml:1"),
        (Ecosystem.MAVEN, "pom.xml", "", "pom.xml:1: no element found"),
    ],
)
def test_a_broken_manifest_is_named(ecosystem: Ecosystem, name: str, text: str, said: str) -> None:
    """File, line and cause are told, and a remedy."""
    manifests = MANIFESTS[ecosystem]
    with pytest.raises(ManifestError) as unread:
        manifests.read({name: text})
    with pytest.raises(ManifestError) as unedited:
        manifests.edit({name: text}, "1.0.0", {})
    assert said in unread.value.message
    assert unread.value.hint
    assert unread.value.message == unedited.value.message


@pytest.mark.parametrize(
    ("names", "ecosystem"),
    [
        (["README.md", "package.json", "Cargo.toml"], Ecosystem.NPM),
        (["go.mod", "pom.xml"], Ecosystem.GO),
        (["pom.xml", "a.gemspec"], Ecosystem.MAVEN),
        (["Gemfile", "a.gemspec", "Chart.yaml", "setup.cfg"], Ecosystem.RUBY),
        (["Chart.yaml", "VERSION", "requirements.txt"], Ecosystem.HELM),
        (["setup.cfg", "Gemfile"], Ecosystem.PYTHON),
        (["Gemfile", "setup.py"], Ecosystem.PYTHON),
        (["Gemfile", "requirements.txt"], Ecosystem.PYTHON),
        (["Gemfile"], Ecosystem.RUBY),
        (["requirements/dev.txt", "lib/a.gemspec"], Ecosystem.GENERIC),
        ([], Ecosystem.GENERIC),
    ],
)
def test_the_file_names_tell_the_ecosystem(names: list[str], ecosystem: Ecosystem) -> None:
    """The first known file decides, files in other folders do not, and everything else is generic."""
    assert detect(names) is ecosystem
    assert {"pyproject.toml", "package.json", "Cargo.toml", "go.mod", "Chart.yaml", "VERSION"} <= set(ALL_FILES)


WORKSPACE = """\
[workspace]
members = ["crates/*"]

[workspace.package]
version = "1.0.0" # of all

[workspace.dependencies]
acme-core = { version = "1.0", path = "crates/core" }
other = "2"
"""

MEMBER = """\
[package]
name = "acme-web"
version.workspace = true
publish = false

[dependencies]
acme-core = { workspace = true, features = ["a"] }
own = "3"

[dev-dependencies]
other.workspace = true
"""


def test_a_crate_inherits_from_the_workspace_above_it() -> None:
    """The nearest workspace above holds version and requirements, and is changed there; the crate's file stays."""
    files = {
        "Cargo.toml": MEMBER,
        "../Cargo.toml": "[package]\nname = 'between'",
        "../../Cargo.toml": WORKSPACE,
        "../../../Cargo.toml": WORKSPACE.replace("1.0.0", "9.9.9"),
    }
    package = MANIFESTS[Ecosystem.CARGO].read(files)
    assert (package.name, package.version, package.private) == ("acme-web", "1.0.0", True)
    assert [(*told(each), each.path) for each in package.dependencies] == [
        ("own", "3", "runtime", "", "Cargo.toml"),
        ("acme-core", "1.0", "runtime", "", "../../Cargo.toml"),
        ("other", "2", "dev", "", "../../Cargo.toml"),
    ]
    texts = edited(Ecosystem.CARGO, files, "1.1.0", {("acme-core", "1.0"): "2.0", ("own", "3"): "4"})
    assert texts == {
        **files,
        "Cargo.toml": MEMBER.replace('"3"', '"4"'),
        "../../Cargo.toml": WORKSPACE.replace("1.0.0", "1.1.0").replace('"1.0"', '"2.0"'),
    }


def test_what_no_workspace_gives_is_left_alone() -> None:
    """Without a workspace above there is nothing to move; one that is not asked for is not even read."""
    package = MANIFESTS[Ecosystem.CARGO].read({"Cargo.toml": MEMBER})
    assert (package.version, told(package.dependencies[0])) == (None, ("acme-core", "", "runtime", ""))
    own = {"Cargo.toml": '[package]\nname = "a"\nversion = "1.0.0"\n', "../Cargo.toml": "= broken"}
    assert edited(Ecosystem.CARGO, own, "1.1.0", {})["Cargo.toml"] == own["Cargo.toml"].replace("1.0.0", "1.1.0")


@pytest.mark.parametrize(
    ("ecosystem", "name", "text"),
    [
        (Ecosystem.NPM, "package.json", '{"name": "a", "private": true}'),
        (Ecosystem.PYTHON, "pyproject.toml", '[project]\nname = "a"\nclassifiers = ["Private :: Do Not Upload"]'),
        (Ecosystem.PYTHON, "pyproject.toml", "[tool.poetry]\npackage-mode = false"),
        (Ecosystem.CARGO, "Cargo.toml", '[package]\nname = "a"\npublish = false'),
        (
            Ecosystem.MAVEN,
            "pom.xml",
            "<project><properties><maven.deploy.skip>true</maven.deploy.skip></properties></project>",
        ),
    ],
)
def test_a_package_says_that_it_is_private(ecosystem: Ecosystem, name: str, text: str) -> None:
    """Each ecosystem has its own word for what is never published."""
    assert MANIFESTS[ecosystem].read({name: text}).private
    assert not MANIFESTS[ecosystem].read({}).private


def test_aliases_are_known_by_the_package_behind_them() -> None:
    """Npm's and pnpm's aliases; what only looks like one is not."""
    text = '{"dependencies": {"a": "npm:b@^1", "c": "workspace:@s/d@*", "e": "workspace:^", "f": "workspace:../f"}}'
    package = MANIFESTS[Ecosystem.NPM].read({"package.json": text})
    assert [each.package for each in package.dependencies] == ["b", "@s/d", "e", "f"]


GO_OLD = """\
\ufeffmodule gopkg.in/acme.v2
toolchain go1.22.1
retract [v1.0.0, v1.0.5] // broken
retract (
\tv1.1.0
)
tool example.com/tool
require gopkg.in/core.v1 v1.2.0
require example.com/old v2.0.0+incompatible
"""


def test_go_mod_of_older_habits() -> None:
    """gopkg.in names a major version by a dot; `+incompatible` needs no suffix; other directives are none."""
    package = MANIFESTS[Ecosystem.GO].read({"go.mod": GO_OLD})
    assert package.name == "gopkg.in/acme.v2"
    assert [told(each)[:2] for each in package.dependencies] == [
        ("gopkg.in/core.v1", "v1.2.0"),
        ("example.com/old", "v2.0.0+incompatible"),
    ]
    moves = {("gopkg.in/core", "v1.2.0"): "v3.0.0", ("example.com/old", "v2.0.0+incompatible"): "v3.0.0+incompatible"}
    text = edited(Ecosystem.GO, {"go.mod": GO_OLD}, "9.9.9", moves)["go.mod"]
    assert text == GO_OLD.replace("core.v1 v1.2.0", "core.v3 v3.0.0").replace("v2.0.0+", "v3.0.0+")


def test_charts_of_the_first_format_list_their_dependencies_beside() -> None:
    """requirements.yaml is read and edited; an alias keeps the chart's name, and a condition makes it optional."""
    files = {
        "Chart.yaml": "name: web\nversion: 1.0.0\n",
        "requirements.yaml": "dependencies:\n- {name: core, alias: db, version: ~1.0.0, condition: db.enabled}\n",
    }
    package = MANIFESTS[Ecosystem.HELM].read(files)
    assert (package.version, [told(each) for each in package.dependencies]) == (
        "1.0.0",
        [("core", "~1.0.0", "optional", "")],
    )
    texts = edited(Ecosystem.HELM, files, "1.1.0", {("core", "~1.0.0"): "~2.0.0"})
    assert texts == {
        "Chart.yaml": files["Chart.yaml"].replace("1.0.0", "1.1.0"),
        "requirements.yaml": files["requirements.yaml"].replace("~1.0.0", "~2.0.0"),
    }
