"""Write changelogs in Markdown. Commit messages are untrusted text: nothing in them can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from releasepilot.model.commit import Commit
from releasepilot.model.plan import DependencyUpdate, Release, Splice
from releasepilot.versioning.conventional import ConventionalCommit, Revert, parse, parse_header, revert_of, subject

_TITLE = "# Changelog"
_HEADINGS = {"feat": "Features", "feature": "Features", "fix": "Bug fixes", "perf": "Performance"}
_ORDER = ("Breaking changes", "Features", "Bug fixes", "Performance", "Reverts")
_SHORT_SHA = 7
_MAX_LINE = 500

#: What Markdown reads as markup anywhere in a line, and an underscore that is not inside a word.
_MARKUP = re.compile(r"[\\`*\[\]<>|~&$]|(?<![^\W_])_|_(?![^\W_])")
#: What it reads as markup at the beginning of a line.
_OPENING = re.compile(r"(?:[-+#=]|[0-9]{1,9}(?=[.)]))")
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_RELEASE = re.compile(r"#{1,3} .*?\d+\.\d+")
_NO_VERSIONS: Mapping[str, str] = MappingProxyType({})


def section(
    *,
    version: str,
    date: str,
    commits: Sequence[Commit] = (),
    updates: Sequence[DependencyUpdate] = (),
    versions: Mapping[str, str] = _NO_VERSIONS,
    reasons: Sequence[str] = (),
) -> str:
    """Render one release: its heading, then what changed by kind, newest first.

    `date` is ISO 8601, `versions` holds the new version of each component that `updates` name. A commit and its
    revert leave no trace where both are among the commits. Where nothing else is to be told, the reasons are.
    """
    entries: dict[str, list[str]] = {heading: [] for heading in _ORDER}
    for commit, reverts in _standing(commits):
        for heading, line in _entries(commit, reverts):
            entries[heading].append(line)
    entries["Dependencies"] = [_update(update, versions) for update in updates]
    if not any(entries.values()):
        entries["Changes"] = [escape(reason) for reason in reasons]
    parts = [f"## {_inline(version)} ({_inline(date)})"]
    for heading, lines in entries.items():
        if lines:
            parts.append(f"### {heading}")
            parts.append("\n".join(f"- {line}" for line in dict.fromkeys(lines)))
    return "\n\n".join(parts) + "\n"


def insert(text: str | None, new: str) -> tuple[Splice, ...]:
    """Put a section into a changelog: before the newest release, after the title, intro and unreleased entries.

    The file's own line endings are used. `text` is None where there is no changelog yet.
    """
    if text is None or not text.strip():
        return (Splice(start=0, end=len(text or ""), text=f"{_TITLE}\n\n{new.rstrip()}\n"),)
    newline = "\r\n" if "\r\n" in text else "\n"
    body = new.rstrip().replace("\n", newline)
    at = _newest_release(text)
    if at is None:
        end = len(text.rstrip())
        return (Splice(start=end, end=len(text), text=f"{newline * 2}{body}{newline}"),)
    before = "" if not text[:at].strip() or text[:at].endswith(newline * 2) else newline
    return (Splice(start=at, end=at, text=f"{before}{body}{newline * 2}"),)


def train_changelog(*, train: str, date: str, releases: Sequence[Release]) -> str:
    """Render what a whole train releases, component by component, in the order given."""
    parts = [f"# {_inline(train)} ({_inline(date)})"]
    for release in releases:
        step = f"{release.from_version} → {release.to_version}" if release.from_version else release.to_version
        _, _, body = release.changelog.partition("\n")
        parts.append(f"## {_inline(release.component)} {_inline(step)}")
        if body.strip():
            parts.append(body.strip())
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, as a line of its own.

    Markup characters are escaped. Words that a forge would link or notify (addresses, @names) become code, which no
    forge interprets. Invisible and direction-changing characters are dropped, and what is too long is cut.
    """
    line = _inline(text)
    opening = _OPENING.match(line)
    if opening is None:
        return line
    at = opening.end() if opening[0].isdigit() else 0
    return f"{line[:at]}\\{line[at:]}"


def _inline(text: str) -> str:
    """Do the same for text that stands inside a line."""
    cut = text if len(text) <= _MAX_LINE else text[:_MAX_LINE] + "…"
    words = _INVISIBLE.sub(" ", cut).split()
    if not _live(cut):
        return _plain(" ".join(words))
    return " ".join(_code(word) if _live(word) else _plain(word) for word in words)


def _live(text: str) -> bool:
    return "@" in text or "://" in text or "www." in text


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)


def _code(word: str) -> str:
    """Show a word as code: a forge or a browser would link it, or notify somebody."""
    return f"`{word.replace('`', '')}`"


def _standing(commits: Sequence[Commit]) -> list[tuple[Commit, Revert | None]]:
    """Leave out each revert together with what it reverts, where both are there; newest first, with what each reverts.

    A reverted revert does not count, so its original stands.
    """
    gone: set[str] = set()
    read = [(commit, revert_of(commit.message)) for commit in commits]
    for commit, reverts in read:
        if reverts is not None and commit.sha not in gone:
            targets = _targets(reverts.shas, commits)
            gone |= targets | {commit.sha} if targets else set()
    return [(commit, reverts) for commit, reverts in read if commit.sha not in gone]


def _targets(shas: Iterable[str], commits: Sequence[Commit]) -> set[str]:
    """Return the full ids of the named commits that are among these; ids may be shortened."""
    wanted = tuple(shas)
    return {commit.sha for commit in commits if wanted and commit.sha.startswith(wanted)}


def _entries(commit: Commit, reverts: Revert | None) -> Iterable[tuple[str, str]]:
    """Yield heading and line for each thing that a commit says; a breaking feature stands in both places."""
    # Only a footer can say more than the first line, and few messages have it.
    parsed = parse(commit.message) if "BREAKING" in commit.message else parse_header(commit.message)
    sha = f" ({commit.sha[:_SHORT_SHA]})" if commit.sha else ""
    if reverts is not None:
        yield "Reverts", escape(reverts.header or subject(commit.message)) + sha
    if parsed is None:
        return
    if parsed.breaking:
        yield "Breaking changes", _line(parsed, parsed.breaking_change.partition("\n\n")[0]) + sha
    heading = _HEADINGS.get(parsed.kind)
    if heading is not None and reverts is None:
        yield heading, _line(parsed, parsed.description) + sha


def _line(commit: ConventionalCommit, text: str) -> str:
    """Render a text with its scope."""
    return f"**{_inline(commit.scope)}:** {_inline(text)}" if commit.scope else escape(text)


def _update(update: DependencyUpdate, versions: Mapping[str, str]) -> str:
    """Render a moved range."""
    version = versions.get(update.component, "")
    name = f"**{_inline(update.package)}**" + (f" {_inline(version)}" if version else "")
    return f"{name}: {_code(update.before or '*')} → {_code(update.after or '*')}"


def _newest_release(text: str) -> int | None:
    """Return where the first heading with a version begins, outside of code blocks."""
    at = 0
    fenced = False
    for line in text.splitlines(keepends=True):
        if line.startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced and _RELEASE.match(line):
            return at
        at += len(line)
    return None
