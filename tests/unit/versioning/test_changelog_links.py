"""Where links of a changelog lead, and which repositories have any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.changelogs import SHA

from releasepilot.model.notes import ChangelogEntry, Forge
from releasepilot.versioning.changelog import Links, links_of


@pytest.mark.parametrize(
    ("repo", "forge", "base"),
    [
        ("https://github.com/acme/web.git", "github", "https://github.com/acme/web"),
        ("https://user:secret@github.com/acme/web", "github", "https://github.com/acme/web"),
        ("git@github.com:acme/web.git", "github", "https://github.com/acme/web"),
        ("ssh://git@ssh.github.com:443/acme/web.git", "github", "https://github.com/acme/web"),
        (
            "ssh://git@gitlab.example.org:2222/team/group/web.git/",
            "gitlab",
            "https://gitlab.example.org/team/group/web",
        ),
        ("https://gitlab.com/team/web", "gitlab", "https://gitlab.com/team/web"),
        ("http://gitea.local:3000/acme/web.git", "gitea", "http://gitea.local:3000/acme/web"),
        ("https://codeberg.org/acme/web", "gitea", "https://codeberg.org/acme/web"),
        ("git@code.forgejo.org:acme/web.git", "gitea", "https://code.forgejo.org/acme/web"),
    ],
)
def test_the_forge_is_found_by_the_address(repo: str, forge: str, base: str) -> None:
    """https, ssh and scp-like addresses lead to the page; accounts and the port of ssh do not."""
    assert links_of(ChangelogEntry(), repo) == Links(forge=Forge(forge), base=base)


@pytest.mark.parametrize(
    "repo",
    [
        "../web.git",
        "/srv/git/github.com/acme/web.git",
        "C:/git/web.git",
        "file:///srv/github.com/web.git",
        "https://git.example.org/acme/web.git",
        "https://notgithub.com/acme/web.git",
        "https://github.com/web",
        "https://github.com/acme/../web",
        "https://github.com/acme/we(b)",
        "https://github.com/acme/web?x=[y]",
        "git@github.com",
        "",
    ],
)
def test_where_there_is_no_page_there_are_no_links(repo: str) -> None:
    """Local paths, unknown hosts, and addresses that are no repository's."""
    assert links_of(ChangelogEntry(), repo) is None


def test_the_catalog_decides() -> None:
    """`url` and `forge` go before the address, and `none` turns links off."""
    entry = ChangelogEntry(forge=Forge.GITEA, url="https://git.example.org/code/acme/web/")
    found = links_of(entry, "../web.git")
    assert found == Links(forge=Forge.GITEA, base="https://git.example.org/code/acme/web")
    assert links_of(ChangelogEntry(forge=Forge.NONE), "https://github.com/acme/web") is None
    assert links_of(ChangelogEntry(forge=Forge.GITLAB), "git@git.example.org:a/b.git") is not None


@pytest.mark.parametrize(
    ("forge", "page", "tag"),
    [("github", "", "releases/tag"), ("gitea", "", "releases/tag"), ("gitlab", "/-", "tags")],
)
def test_addresses_of_each_forge(forge: str, page: str, tag: str) -> None:
    """Commits, comparisons, tags and issues have their places."""
    links = Links(forge=Forge(forge), base="https://x.org/a/b")
    assert links.commit(SHA) == f"https://x.org/a/b{page}/commit/{SHA}"
    assert links.compare("v1", "web@2") == f"https://x.org/a/b{page}/compare/v1...web%402"
    assert links.tag("pkg/v1 (x)") == f"https://x.org/a/b{page}/{tag}/pkg/v1%20%28x%29"
    assert links.referring("#12", str) == f"[#12](https://x.org/a/b{page}/issues/12)"
    assert links.referring("o/r#3", str) == f"[o/r#3](https://x.org/o/r{page}/issues/3)"


def test_references_are_those_of_the_forge() -> None:
    """`!12` is GitLab's merge request, `GH-12` GitHub's and Gitea's other way to write an issue."""
    github, gitlab = (Links(forge=forge, base="https://x.org/a/b") for forge in (Forge.GITHUB, Forge.GITLAB))
    assert github.referring("!12 GH-12", str) == "!12 [GH-12](https://x.org/a/b/issues/12)"
    assert gitlab.referring("!12 GH-12", str) == "[!12](https://x.org/a/b/-/merge_requests/12) GH-12"
    assert gitlab.referring("a/b!3", str) == "[a/b!3](https://x.org/a/b/-/merge_requests/3)"


@pytest.mark.parametrize("text", ["a#1", "##1", "#1a", "&#38;", "C#", "#", "!#1", "x/#1", "#1234567890", "a/..#1"])
def test_what_is_no_reference(text: str) -> None:
    """Words, entities and colours are left alone."""
    assert Links(forge=Forge.GITHUB, base="https://x.org/a/b").referring(text, str) == text


def test_closed_issues() -> None:
    """Each once, in their order, ten at most, from any of the usual words."""
    links = Links(forge=Forge.GITHUB, base="https://x.org/a/b")
    assert links.closed("fix: a\n\nCloses #1, #2 & o/r#3 and GH-4\nResolved: #5, and #1") == (
        "#1", "#2", "o/r#3", "GH-4", "#5",
    )  # fmt: skip
    assert links.closed("fix: #1 is near #2, see #3") == ("#1",)
    assert len(links.closed("closes " + ", ".join(f"#{number}" for number in range(1, 100)))) == 10
    assert links.closed("closes nothing") == ()


@given(st.text(max_size=40))
def test_an_id_that_is_none_has_no_address(sha: str) -> None:
    """Only hexadecimal ids become part of an address."""
    url = Links(forge=Forge.GITHUB, base="https://x.org/a/b").commit(sha)
    assert url == "" or set(url.removeprefix("https://x.org/a/b/commit/")) <= set("0123456789abcdef")
