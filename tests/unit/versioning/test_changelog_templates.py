"""Templates of the catalog's: what they see, and what they cannot do."""

from __future__ import annotations

import re
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.changelogs import GITHUB, commit, look, notes
from support.markdown import structure, targets

from releasepilot.errors import PlanError
from releasepilot.model.catalog import Catalog, Ecosystem
from releasepilot.model.commit import Commit
from releasepilot.model.reading import read_catalog
from releasepilot.versioning.changelog import ReleaseNotes, check_template, look_of, section
from releasepilot.versioning.dialect import Change

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "write-changelogs.md"


def blocks(language: str) -> list[str]:
    """Return the guide's blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def catalogs() -> list[Catalog]:
    """Read the guide's catalogs."""
    return [read_catalog(text, "guide").catalog for text in blocks("yaml")]


def test_the_guides_template_gives_what_the_guide_says() -> None:
    """The worked example is rendered as it is printed there."""
    catalog = catalogs()[1]
    entry = catalog.components[0]
    assert entry.ecosystem is None
    how = look_of(
        catalog.changelog_of(entry), repo=entry.repo, policy="conventionalcommits", ecosystem=Ecosystem.GENERIC
    )
    made = notes(
        commit("feat(io)!: close files, see #12\n\nBREAKING CHANGE: files are closed", author="Ann"),
        component="core",
        previous="1.4.0",
        from_tag="v1.4.0",
    )
    assert section(made, how) == blocks("markdown")[0]


def filled(template: str, *commits: Commit) -> str:
    """Fill a template in."""
    return section(notes(*commits), look(GITHUB, template=template))


@pytest.mark.parametrize(
    ("template", "line", "said"),
    [
        ("a\n{% for x in %}\n{% endfor %}", 2, "Expected"),
        ("a\nb\n{{ x", 3, "unexpected"),
        ("{{ x | random }}", 1, "random"),
        ("{% include 'x' %}{{", 1, "unexpected"),
    ],
)
def test_a_template_that_cannot_be_read_is_told(template: str, line: int, said: str) -> None:
    """With its line, what is wrong, and where the rules are."""
    with pytest.raises(PlanError, match=f"line {line} of the changelog template.*{said}") as caught:
        check_template(template)
    assert "write-changelogs.md" in caught.value.hint


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("a\n{{ nothing }}", 2),
        ("\n\n{{ sections[0].nothing }}", 3),
        ("{{ ''.__class__.__mro__ }}", 1),
        ("{{ sections.append(1) }}", 1),
        ("{{ version.format(1) }}", 1),
        ("{{ '{:>9}'.format(1) }}", 1),
        ("{{ range(1000000) | list }}", 1),
        ("{{ 'x' * 100000 }}", 1),
        ("{{ 2 ** 3 }}", 1),
        ("{% for i in range(9999) %}{{ 'x' * 999 }}{% endfor %}", 0),
        ("\n{{ namespace(t='x').t }}", 2),
        ("{{ joiner()() }}", 1),
        ("{{ lipsum() }}", 1),
        ("{{ cycler(1).next() }}", 1),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", 1),
        ("{% include 'x' %}", 1),
        ("{{ 1 / 0 }}", 1),
        ("{{ self.__init__.__globals__ }}", 1),
    ],
)
def test_a_template_that_fails_is_told(template: str, line: int) -> None:
    """Unknown names, what the sandbox keeps away, and what would grow without an end."""
    check_template(template)
    with pytest.raises(PlanError) as caught:
        filled(template, commit("feat: x"))
    assert caught.value.message.startswith(f"line {line} of the changelog template: " if line else "the changelog")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "expression",
    [
        "version.upper",
        "version['upper']",
        "[version.upper]",
        "{'a': [version.upper]}",
        "version.upper ~ ''",
        "version.upper | string",
        "[version.upper] | join",
        "[[version.upper]] | map('string') | first",
        "[version] | map(attribute='upper') | list",
        "'%s' % version.upper",
        "version | replace('2', version.upper)",
        "range",
        "self",
    ],
)
def test_only_plain_values_become_text(expression: str) -> None:
    """A method would show where in memory it is, and no two plans would be equal; the line and the remedy are told."""
    template = f"\n{{{{ {expression} }}}}"
    check_template(template)
    with pytest.raises(PlanError, match="line 2 of the changelog template") as caught:
        filled(template, commit("feat: x"))
    assert " at 0x" not in caught.value.message
    assert "write-changelogs.md" in caught.value.hint


TALKATIVE = (
    "{% macro big() %}{% for i in range(9999) %}{% for i in range(9999) %}word{% endfor %}{% endfor %}{% endmacro %}"
    "{{ big() }}"
)
DOUBLED = "{% macro more(x, n) %}{% if n %}{{ more(EXPRESSION, n - 1) }}{% else %}{{ x }}{% endif %}{% endmacro %}"


@pytest.mark.parametrize(
    "template",
    [
        TALKATIVE,
        "{{ '%900000000d' % 1 }}",
        DOUBLED.replace("EXPRESSION", "x ~ x") + "{{ more('x', 40) }}",
        DOUBLED.replace("EXPRESSION", "x + x") + "{{ more('x', 40) }}",
        DOUBLED.replace("EXPRESSION", "x + x") + "{{ more([1], 40) }}",
        DOUBLED.replace("EXPRESSION", "[x, x]") + "{{ more('x', 40) }}",
        DOUBLED.replace("EXPRESSION", "[x, x]") + "{{ more('x', 40) | string }}",
        DOUBLED.replace("EXPRESSION", "[x, x] | join") + "{{ more('x', 40) }}",
        DOUBLED.replace("EXPRESSION", "x * x") + "{{ more(9, 40) }}",
        DOUBLED.replace("EXPRESSION", "x + x") + "{{ more(9, 400) }}",
        DOUBLED.replace("EXPRESSION", "x | replace('x', 'xxxxxxxxxx')") + "{{ more('x', 40) }}",
        DOUBLED.replace("EXPRESSION", "x | replace('', 'xxxxxxxxxx')") + "{{ more('x', 40) }}",
        DOUBLED.replace("EXPRESSION", "[x, x] | sum(start=[])") + "{{ more([1], 40) }}",
        DOUBLED.replace("EXPRESSION", "(x | e) ~ ''") + "{{ more('&' * 9999, 40) }}",
        "{{ (range(9999) | list | string) | replace(',', range(9999) | string) }}",
        "{{ range(9999) | join('x' * 9999) }}",
        "{{ ('f' * 17) | int(base=16) }}",
        "{{ 1e300 | int }}",
        "{{ 2 ** 99 }}",
        "{{ (1).to_bytes(900000000) }}",
        "{{ 'x'.rjust(900000000) }}",
        "{{ 'x'.center(900000000) }}",
        "{{ 'x'.zfill(900000000) }}",
        "{{ 'x'.expandtabs(900000000) }}",
        "{{ '{:900000000}'.format(1) }}",
        "{{ 'x' | center(900000000) }}",
        "{{ '%900000000d' | format(1) }}",
        "{{ 'x' | indent(900000000) }}",
        "{{ [1] | batch(900000000, 1) | list }}",
        "{{ [1] | slice(900000000) | list }}",
        "{% set big %}{% for i in range(9999) %}{{ 'x' * 9999 }}{% endfor %}{% endset %}",
        "{% set y = range(9999) | list %}{% for i in y %}{% set x = y + y %}{% endfor %}",
    ],
)
def test_a_small_template_makes_nothing_large(template: str) -> None:
    """Whatever grows is told, and takes no more memory than a few times what may be written."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PlanError):
        filled(template, commit("feat: x"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("range(3)", "[0, 1, 2]"),
        ("[1, none, true, 1.5, 'x', {'a': (2,)}]", "[1, None, True, 1.5, 'x', {'a': (2,)}]"),
        ("['a', 'b'] | map('upper')", "['A', 'B']"),
        ("{'a': 1}.items()", "[('a', 1)]"),
        ("['b', 'a'] | sort | join(', ')", "a, b"),
        ("[{'n': 1}, {'n': 2}] | sum(attribute='n')", "3"),
        ("[{'n': 1}, {'n': 2}] | join('-', attribute='n')", "1-2"),
        ("[{'n': 1}, {'n': 2}] | selectattr('n', 'gt', 1) | list | length", "1"),
        ("[{'n': 1}, {'n': 1}] | groupby('n') | length", "1"),
        ("'a.b.c' | replace('.', '-', 1)", "a-b.c"),
        ("'one two three' | truncate(7, true, '…', 0)", "one tw…"),
        ("'x' | upper ~ 1 ~ ' y' | trim", "X1y"),
        ("nothing | default('z')", "z"),
        ("7 % 4 * 2 + 1", "7"),
        ("dict(a=1).get('a')", "1"),
        ("[3, 1] | min", "1"),
        ("['a', 'a'] | unique | list", "['a']"),
        ("'abc' | reverse", "cba"),
        ("[1, 2] | reverse", "[2, 1]"),
    ],
)
def test_what_a_template_may_do(expression: str, value: str) -> None:
    """The bounds change no result."""
    assert filled(f"{{{{ {expression} }}}}") == f"{value}\n"


def test_a_loop_tells_of_itself() -> None:
    """Its counts, its neighbours and its turns."""
    template = "{% for x in 'ab' %}{{ loop.index }}{{ loop.cycle('o', 'e') }}{{ ', ' if not loop.last }}{% endfor %}"
    assert filled(template) == "1o, 2e\n"


def test_what_a_template_sees() -> None:
    """Texts are escaped wherever they may stand; `raw` alone holds them as they were written."""
    message = "feat(a*)!: # <b> @ann\n\nCloses #4.\n\nBREAKING CHANGE: one\ntwo\n\nthree"
    every = "{% for s in sections %}{% for e in s.entries %}{{ EXPRESSION }};{% endfor %}{% endfor %}"
    seen = {
        "e.kind": "breaking;features;",
        "e.text": "one two three;\\# \\<b\\> `@ann`;",
        "e.scope": "a\\*;a\\*;",
        "e.raw.text": "one\ntwo\n\nthree;# <b> @ann;",
        "e.raw.scope": "a*;a*;",
        "e.paragraphs | length": "2;1;",
        "e.closes | join": "[#4](https://github.com/acme/web/issues/4);" * 2,
        "e.short_sha": "0123456;0123456;",
        "e.author": ";;",
        "e.breaking": "True;True;",
    }
    for expression, value in seen.items():
        assert filled(every.replace("EXPRESSION", expression), commit(message, author="Ann")) == f"{value}\n"


def test_what_is_filled_in_is_no_template() -> None:
    """A message with Jinja's own marks is shown, not run."""
    assert filled("{{ sections[0].entries[0].raw.text }}", commit("feat: {{ 7 * 7 }}")) == "{{ 7 * 7 }}\n"


@given(st.text(), st.text(), st.text())
def test_texts_of_a_template_are_no_markup(words: str, scope: str, author: str) -> None:
    """At the beginning of a line, in a heading, in a list and in a link's text."""
    change = Change(subject="x", type="feat", scope=scope, description=words)
    made = ReleaseNotes(component=words, version=scope, date="", changes=[(commit("x", author=author), (change,))])
    text = section(made, look(authors=True, template=EVERYWHERE))
    seen = structure(text)
    assert seen["h2"] == seen["link"] == seen["list_item"] == 1
    assert set(seen) <= {"h2", "bullet_list", "list_item", "paragraph", "strong", "link"}
    assert targets(text) == ["y"]


EVERYWHERE = """\
## x {{ component }} {{ version }}
{% for entry in sections[0].entries %}

{{ entry.text }}
{{ entry.author }}

- **{{ entry.scope }}** [x{{ component }}{{ version }}](y)
{% endfor %}
"""
