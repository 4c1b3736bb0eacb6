"""What holds for every ecosystem: edits are minimal, are read back, and cost no more than the file is long."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releasepilot.errors import ManifestError
from releasepilot.model.catalog import Ecosystem
from releasepilot.model.plan import FileEdit
from releasepilot.versioning.ecosystems import MANIFESTS

Declared = list[tuple[str, str]]
Writer = Callable[[Declared], str]


def lines(head: str, each: str, foot: str = "") -> Writer:
    """Write a manifest of a head, a line for each dependency, and a foot."""

    def write(declared: Declared) -> str:
        body = "".join(each.format(name=name, range=constraint) for name, constraint in declared)
        return head + body + foot

    return write


def package_json(declared: Declared) -> str:
    """Write package.json, whose last entry has no comma."""
    entries = ",\n".join(f'\t\t"{name}" : "{constraint}"' for name, constraint in declared)
    return f'{{ "version":"1.0.0","dependencies":{{\n{entries}}},\n"x": [{{}}] }}'


_XML = "<dependency><groupId>g</groupId>\n<artifactId>{name}</artifactId><version> {range} </version></dependency>\n"
_PYTHON, _NPM, _RUBY = (">=1.0", "~=1.4", "==1.2.3"), ("^1.0.0", "~1.2.3", ">=1 <2"), ("~> 1.0", ">= 1.2.3", "= 1")

#: Ecosystem, file, how it is written, and ranges that it may hold.
FORMATS: list[tuple[Ecosystem, str, Writer, tuple[str, ...]]] = [
    (
        Ecosystem.PYTHON,
        "pyproject.toml",
        lines("[project]\ndependencies = [", " '{name} {range}', # x\n", "]"),
        _PYTHON,
    ),
    (
        Ecosystem.PYTHON,
        "setup.cfg",
        lines("[options]\ninstall_requires =\n", "  {name}[a]{range}; os_name=='1' # x\n"),
        (),
    ),
    (Ecosystem.PYTHON, "setup.py", lines("setup(install_requires=[", ' "{name} ({range})",# x\n', "])"), _PYTHON),
    (Ecosystem.PYTHON, "requirements.txt", lines("-r x\n", "{name}{range} # x\n"), _PYTHON),
    (Ecosystem.NPM, "package.json", package_json, _NPM),
    (
        Ecosystem.CARGO,
        "Cargo.toml",
        lines("[package]\nversion='1.0.0'\n[dependencies]\n", "{name} = '{range}' # x\n"),
        (),
    ),
    (Ecosystem.GO, "go.mod", lines("module m\nrequire (\n", "\texample.com/{name} {range} // x\n", ")"), ("v1.0.0",)),
    (Ecosystem.MAVEN, "pom.xml", lines("<project><dependencies>", _XML, "</dependencies></project>"), ("1.0", "[1,2)")),
    (Ecosystem.RUBY, "Gemfile", lines("source 'x'\n", "gem '{name}', \"{range}\" # x\n"), _RUBY),
    (Ecosystem.RUBY, "a.gemspec", lines("", "  spec.add_dependency '{name}', '{range}'\n"), _RUBY),
    (Ecosystem.HELM, "Chart.yaml", lines("dependencies:\n", "- name: {name}\n  version: '{range}' # x\n"), _NPM),
]
_NEXT = {">=1.0": ">=2.0", "v1.0.0": "v1.1.0", "[1,2)": "[1,3)", "~> 1.0": "~> 2.0"}


@st.composite
def manifests(draw: st.DrawFn) -> tuple[Ecosystem, str, str]:
    """Write a manifest of one to five dependencies, with either kind of line ending."""
    ecosystem, name, write, ranges = draw(st.sampled_from(FORMATS))
    ranges = ranges or (_PYTHON if ecosystem is Ecosystem.PYTHON else _NPM)
    names = draw(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True), min_size=1, max_size=5, unique=True))
    text = write([(one, draw(st.sampled_from(ranges))) for one in names])
    return ecosystem, name, draw(st.sampled_from([text, text.replace("\n", "\r\n")]))


@given(manifests(), st.integers(min_value=0, max_value=4))
def test_one_range_moves_alone(manifest: tuple[Ecosystem, str, str], which: int) -> None:
    """Nothing to change is no edit; a moved range is replaced where it stands, and is read back."""
    ecosystem, name, text = manifest
    own = MANIFESTS[ecosystem]
    package = own.read({name: text})
    assert own.edit({name: text}, package.version or "1.0.0", {}) == {}
    moved = package.dependencies[which % len(package.dependencies)]
    new = _NEXT.get(moved.constraint) or moved.constraint.replace("1", "2", 1)
    moves = {(own.normalise(moved.package), moved.constraint): new}
    (splice,) = (
        each
        for each in own.edit({name: text}, package.version or "1.0.0", moves)[name]
        if text[each.start : each.end] != moved.package
    )
    assert text[splice.start : splice.end] == moved.constraint
    assert splice.text == new
    after = FileEdit(path=name, before="x", splices=(splice,)).apply(text)
    expected = [each.constraint if each != moved else new for each in package.dependencies]
    assert [each.constraint for each in own.read({name: after}).dependencies] == expected


_MANY = 1_000_000
HOSTILE = [
    ("setup.cfg", "a" + " " * _MANY + "b"),
    ("setup.cfg", "[options]\ninstall_requires = " + "a;" * 5_000),
    ("setup.cfg", "[options]\ninstall_requires =\n" + "  a>=1\n" * 5_000),
    ("setup.py", "a" + ".b" * 100_000),
    ("setup.py", "setup(name=" + "'a' " * 100_000 + ")"),
    ("requirements.txt", " " * _MANY + "#" * _MANY),
    ("requirements.txt", "a ; " + "(" * _MANY),
    ("requirements.txt", "a" + "." * _MANY),
    ("requirements.txt", "\\\n" * (_MANY // 2)),
    ("pom.xml", "<project>" + "<a>" * 100_000 + "</a>" * 100_000 + "</project>"),
    ("pom.xml", "<project><!--" + "- " * (_MANY // 2) + "--></project>"),
    ("pom.xml", "<project><artifactId><![CDATA[" + "]" * _MANY + "]]></artifactId></project>"),
    ("a.gemspec", "Gem::Specification.new" * 40_000),
    ("a.gemspec", "spec.add_dependency 'a', " + "[" * _MANY),
    ("a.gemspec", "spec.add_dependency 'a', " + " #\n" * 300_000),
    ("Gemfile", "gem 'a', x: " + "groups: [" * 50_000),
    ("Gemfile", "gem 'a'" + ", 'b'" * 100_000),
    ("Gemfile", "x do |" * 100_000),
    ("Gemfile", "group :test do\n" * 5_000 + "gem 'a'\n" * 5_000),
    ("Gemfile", "gem 'a', x: 1,\n" * 5_000),
    ("Gemfile", "<<~A " * 50_000 + "\nA" * 50_000),
    ("go.mod", "require a v" + "a" * _MANY + " b"),
    ("package.json", '{"a": "' + "\\n" * (_MANY // 2) + '"}'),
    ("Cargo.toml", 'a = """' + "\\n" * (_MANY // 2) + '"""\n[package]\nversion = "1"'),
    ("Chart.yaml", "[" * _MANY),
    ("Chart.yaml", "a: " + "{a: " * _MANY),
    ("VERSION", "1" * _MANY + " " * _MANY + "x"),
]


@pytest.mark.parametrize(("name", "text"), HOSTILE, ids=[f"{name} {index}" for index, (name, _) in enumerate(HOSTILE)])
def test_reading_a_hostile_file_costs_no_more_than_its_length(name: str, text: str) -> None:
    """Long lines, deep nesting and many repeats are read or refused within seconds."""
    ecosystem = next(each for each in MANIFESTS.values() if name in each.files or name in each.further([name]))
    began = time.process_time()
    with suppress(ManifestError):
        ecosystem.read({name: text})
        ecosystem.edit({name: text}, "2.0.0", {})
    assert time.process_time() - began < 10
