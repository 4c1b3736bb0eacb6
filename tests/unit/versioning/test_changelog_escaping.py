"""What hostile text cannot do in a changelog, judged by a real renderer."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.changelogs import GITHUB, SHA, commit, look
from support.markdown import loose, shown, structure, targets

from releasepilot.model.notes import ChangelogStyle
from releasepilot.model.plan import DependencyUpdate
from releasepilot.versioning.changelog import Look, ReleaseNotes, escape, section
from releasepilot.versioning.changelog.escape import code
from releasepilot.versioning.dialect import Change

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- <b> -->",
    "<?php ?> <![CDATA[x]]> <!DOCTYPE html>",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "![#1 #2](x) !#3 !GH-4",
    "https://evil.example www.evil.example WWW.evil.example me@evil.example",
    "javascript:alert(1) mailto:me tel:1 data:text/html,x magnet:?x",
    "thanks @everyone and @org/team",
    "# heading",
    "## 9.9.9 #",
    "- list",
    "+ list",
    "1. list",
    "12) list",
    "1.",
    "> quote",
    "*a* _b_ ~~c~~ `d` **e** __f__ ***g***",
    "&lt;b&gt; &#64;user &#x40;user &amp;",
    "``@x` <b>",
    "a\u2028# b\u202e c\x00d\r# e",
    "a\u200b@b\u2066c\u00ad@d",
    "<https://evil.example> <me@evil.example>",
    "[a]: https://evil.example",
    "[a][a] [a][] [a] [^1] [x]",
    "| a | b |",
    ":-: | :-:",
    "$x$ \\<b> \\\\[x](y) \\",
    "- [ ] task",
    "www.`x`@y",
    "======",
    "------",
    "***",
    "```",
    "~~~ html",
    "    code",
    "\tcode",
    "{{ 7 * 7 }} {% include x %} {{{x}}} @{{x}}",
    "/close",
    "evil/repo#1 ../..#2 a_b_/c_d_#3 o/..#4 _a/b_#5",
    "#1](https://evil.example) [#2 (#3)[x] #4: #5!",
    "line  \nbreak\\\nbreak",
    "x" * 5000,
]

LIVE = re.compile(r"@|://|www\.|(?<![a-z0-9])(?:javascript|mailto|magnet):\S", re.IGNORECASE)
WORDS = st.one_of(st.text(max_size=60), st.sampled_from(HOSTILE), st.lists(st.sampled_from(HOSTILE)).map("\n".join))
LOOKS = st.builds(
    look,
    repo=st.sampled_from(["../web.git", GITHUB, "https://gitlab.com/acme/web.git"]),
    style=st.sampled_from(ChangelogStyle),
    authors=st.booleans(),
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    """No markup, link, heading, list, HTML or mention comes out of a text that stands in a line."""
    for line in (f"- {escape(text)}\n", f"- **{escape(text)}:** x\n"):
        assert set(structure(line)) <= {"bullet_list", "list_item", "paragraph", "strong"}
        assert structure(line)["list_item"] == 1
        assert not live(line)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_of_its_own_is_a_paragraph(text: str) -> None:
    """Neither does it where the text begins a line, or follows one that an underline would make a heading."""
    assert set(structure(f"{escape(text)}\n")) <= {"paragraph"}
    assert structure(f"a\n{escape(text)}\n") == {"paragraph": 1}
    assert structure(f"- a\n  {escape(text)}\n") == {"bullet_list": 1, "list_item": 1, "paragraph": 1}


@given(st.text(max_size=80), st.sampled_from(HOSTILE))
def test_any_text_stays_text(tail: str, head: str) -> None:
    """What follows hostile text gives it no meaning, and neither does what stands around both."""
    for text in (head + tail, tail + head, f"{tail} {head}"):
        for line in (f"- {escape(text)}x\n", f"- ({escape(text)})\n"):
            assert set(structure(line)) == {"bullet_list", "list_item", "paragraph"}
            assert structure(line)["list_item"] == 1
            assert not live(line)


@settings(max_examples=300)
@given(st.data(), LOOKS)
def test_no_text_of_a_release_adds_structure(data: st.DataObject, how: Look) -> None:
    """Headings, items and links are those that were written, whatever the texts of commits and packages are."""
    scope, words, note, author, package, reason, component = (data.draw(WORDS) for _ in range(7))
    change = Change(subject=words, type="feat", scope=scope, description=words, breaking=True, notes=(note,))
    made = ReleaseNotes(
        version="2.0.0",
        date="2026-01-31",
        component=component,
        tag="v2.0.0",
        from_tag="v1.0.0",
        changes=[(commit(words, author=author), (change,))],
        updates=[
            DependencyUpdate(component=component, package=package, kind="dev", path="", before=reason, after=note)
        ],
        versions={component: reason},
    )
    text = section(made, how)
    seen = structure(text)
    assert seen["h2"] == 1
    assert seen["h3"] == (3 if how.style is ChangelogStyle.CONVENTIONAL else 2)
    assert seen["bullet_list"] == seen["h3"]
    assert seen["list_item"] == 3
    assert set(seen) <= {"h2", "h3", "bullet_list", "list_item", "paragraph", "strong", "link"}
    assert all(how.links and target.startswith(how.links.base.rsplit("/", 2)[0] + "/") for target in targets(text))
    assert not live(text)


def live(text: str) -> list[str]:
    """Return the texts that a forge would make a link of, or notify somebody for."""
    found = [part for part in loose(text) if LIVE.search(part)]
    # Site generators look at the file itself.
    return [*found, *(mark for mark in ("{{", "{%", "{#") if mark in text)]


@given(st.text(max_size=80))
def test_nothing_but_space_is_lost(text: str) -> None:
    """A reader sees the text, with white space and invisible characters as one space."""
    line = escape(text)
    if "`" not in text and "{" not in text:
        assert shown(f"- {line}").split() == shown("- x " + line).split()[1:]


def test_plain_text_is_left_alone() -> None:
    """What is no markup is not escaped, and what is too long is cut."""
    plain = "fix foo_bar (#12), 3.5 times: a-b's c, für Ärger → 中文 🎉"
    assert escape(plain) == plain
    assert escape("3.5 is a version") == "3.5 is a version"
    assert escape("close the file: a, data: b") == "close the file: a, data: b"
    assert len(escape("x" * 10_000_000)) < 1000
    assert len(escape("<" * 10_000_000)) < 2000
    assert len(code("`" * 10_000_000)) < 1000


def test_what_escaping_writes() -> None:
    """Markup is escaped, addresses and names become code, and what would begin a list begins none."""
    assert escape("use <b> and *c*, thanks @ann") == "use \\<b\\> and \\*c\\*, thanks `@ann`"
    assert escape("1. one") == "1\\. one"
    assert escape("- one") == "\\- one"
    assert escape("see https://x.example now") == "see `https://x.example` now"
    assert escape("{{ x }}") == "{\\{ x }}"
    assert code("a`b {{x}}") == "`ab { {x}}`"


def test_issues_are_linked_by_the_repository_alone() -> None:
    """A link leads to the repository's own forge, and only where the text names an issue."""
    links = look(GITHUB).links
    assert escape("fix it (#12), see o/r#3", links) == (
        "fix it ([#12](https://github.com/acme/web/issues/12)), see [o/r#3](https://github.com/o/r/issues/3)"
    )
    assert escape(f"nothing here {SHA} a#b #x C# &#38;", links) == f"nothing here {SHA} a#b #x C# \\&#38;"
