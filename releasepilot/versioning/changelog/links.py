"""Links to commits, comparisons and issues of GitHub, GitLab and Gitea.

An address is made of the repository's own address and of parts that were looked at; no address is ever taken from a
commit message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from releasepilot.model.notes import ChangelogEntry, Forge

_SHA = re.compile(r"[0-9a-f]{7,64}")
_WEB = re.compile(r"(https?)://(?:[^@/\s]*@)?([A-Za-z0-9.-]+(?::[0-9]{1,5})?)/(\S+)")
_SSH = re.compile(r"(?:git\+)?ssh://(?:[^@/\s]*@)?([A-Za-z0-9.-]+)(?::[0-9]{1,5})?/(\S+)")
#: `git@host:path`; one letter before the colon would be a drive.
_SCP = re.compile(r"(?:[^@/:\s]+@)?([A-Za-z0-9.-]{2,}):(?!//)/?(\S+)")
_PATH = re.compile(r"[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)+")
#: The host that shows the pages, where another one takes the connections.
_PAGES = {"ssh.github.com": "github.com", "www.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
#: Whose a host is, by a word of its name.
_HOSTS: dict[str, Forge] = {"github": Forge.GITHUB, "gitlab": Forge.GITLAB, "gitea": Forge.GITEA}
_HOSTS |= {"codeberg": Forge.GITEA, "forgejo": Forge.GITEA}

#: An issue or a change request: `#12`, `GH-12`, `!12`.
_NUMBER = re.compile(r"(?:([#!])|GH-)([0-9]{1,9})(?![\w#!-])")
#: The project that may stand before it.
_PROJECT = re.compile(r"(?<![\w/#!&\\.-])[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}\Z")
_MAX_PROJECT = 140
#: What a reference does not follow: it would be another word, an image, or an entity.
_GLUED = re.compile(r"[\w/#!&\\.-]")
_CLOSES = re.compile(r"\b(?:clos(?:e|es|ed)|fix(?:es|ed)?|resolv(?:e|es|ed)):?[ \t]+(?=[#!A-Za-z0-9])", re.IGNORECASE)
_NEXT = re.compile(r"[ \t]*(?:,|&|\band\b)[ \t]*(?:and[ \t]+)?")
#: Characters of a message that are searched for closed issues, and issues that are told of one commit.
_SEARCHED = 20_000
_MAX_CLOSED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The addresses of one repository on its forge."""

    forge: Forge
    #: The repository's page, without a slash at the end.
    base: str

    def commit(self, sha: str) -> str:
        """Return the address of a commit; empty where it is no commit id."""
        return f"{self._page}/commit/{sha}" if _SHA.fullmatch(sha) else ""

    def compare(self, old: str, new: str) -> str:
        """Return the address of what lies between two tags."""
        return f"{self._page}/compare/{quote(old)}...{quote(new)}"

    def tag(self, name: str) -> str:
        """Return the address of a tag."""
        return f"{self._page}/{'tags' if self.forge is Forge.GITLAB else 'releases/tag'}/{quote(name)}"

    def referring(self, text: str, plain: Callable[[str], str]) -> str:
        """Link the issues that a line names; what stands between them goes through `plain`."""
        if "#" not in text and "!" not in text and "GH-" not in text:
            return plain(text)
        parts: list[str] = []
        at = 0
        for start, end, url in self._references(text):
            parts += [plain(text[at:start]), f"[{plain(text[start:end])}]({url})"]
            at = end
        return "".join([*parts, plain(text[at:])]) if parts else plain(text)

    def closed(self, message: str) -> tuple[str, ...]:
        """Return the issues that a message closes, as they are written, each once and ten at most."""
        if "#" not in message and "!" not in message and "GH-" not in message:
            return ()
        text = message[:_SEARCHED]
        ends = [action.end() for action in _CLOSES.finditer(text)]
        if not ends:
            return ()
        found = {start: end for start, end, _ in self._references(text)}
        closed: dict[str, None] = {}
        for begin in ends:
            at = begin
            while at in found and len(closed) < _MAX_CLOSED:
                closed[text[at : found[at]]] = None
                more = _NEXT.match(text, found[at])
                at = more.end() if more else -1
        return tuple(closed)

    @property
    def _page(self) -> str:
        return f"{self.base}/-" if self.forge is Forge.GITLAB else self.base

    def _references(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield where each reference of this forge's form begins and ends, and its address."""
        least = 0
        for found in _NUMBER.finditer(text):
            start, end = found.span()
            project = None
            if found[1] and start and text[start - 1] not in " \n(":
                project = _PROJECT.search(text[max(least, start - _MAX_PROJECT) : start])
            begin = start - len(project[0]) if project else start
            if begin and begin == start and _GLUED.match(text[begin - 1]):
                continue
            url = self._issue(project[0] if project else "", found[1] or "", found[2])
            if url:
                yield begin, end, url
                least = end

    def _issue(self, project: str, sign: str, number: str) -> str:
        """Return the address of a reference; empty where this forge does not write it so."""
        base = self._other(project) if project else self.base
        if self.forge is not Forge.GITLAB:
            # Both lead on from an issue's address to the change request of that number.
            return f"{base}/issues/{number}" if base and sign != "!" else ""
        if not sign or not base:
            return ""
        return f"{base}/-/{'merge_requests' if sign == '!' else 'issues'}/{number}"

    def _other(self, project: str) -> str:
        """Return the page of another project of the same forge; empty where its name is none."""
        if project.rpartition("/")[2] in {".", ".."}:
            return ""
        return f"{self.base.rsplit('/', 2)[0]}/{project}"


def links_of(entry: ChangelogEntry, repo: str) -> Links | None:
    """Return the links of a repository; None where it has no page that is known.

    `forge` and `url` of the catalog decide. Without them the address does, by the words github, gitlab, gitea, codeberg
    and forgejo in its host's name; a local path has no page. Accounts and passwords of the address are left out.
    """
    if entry.forge is Forge.NONE:
        return None
    base, host = _page_of(entry.url or repo)
    forge: Forge | None = entry.forge or next((_HOSTS[word] for word in re.split("[.-]", host) if word in _HOSTS), None)
    return Links(forge=forge, base=base) if base and forge is not None else None


def _page_of(address: str) -> tuple[str, str]:
    """Return the page and the host of an address; both empty where it is a path or not understood."""
    web = _WEB.fullmatch(address)
    if web is not None:
        scheme, host, path = web.groups()
    else:
        ssh = _SSH.fullmatch(address) or ("://" not in address and _SCP.fullmatch(address))
        if not ssh:
            return "", ""
        scheme, host, path = "https", ssh[1], ssh[2]
    path = path.strip("/").removesuffix(".git").rstrip("/")
    if _PATH.fullmatch(path) is None or any(part in {".", ".."} for part in path.split("/")):
        return "", ""
    host = _PAGES.get(host.lower(), host.lower())
    return f"{scheme}://{host}/{path}", host
