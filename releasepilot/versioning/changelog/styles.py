"""Write one release in a style: conventional-changelog's, or Keep a Changelog's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from releasepilot.model.notes import ChangelogStyle
from releasepilot.model.plan import DependencyUpdate
from releasepilot.versioning.changelog.escape import code, escape, inline, paragraphs
from releasepilot.versioning.changelog.kinds import Kind
from releasepilot.versioning.changelog.look import Look, ReleaseNotes
from releasepilot.versioning.changelog.select import Entry, select

#: Characters of a commit's id that are shown.
SHORT_SHA = 7
_UNRELEASED = "Unreleased"
_MAX_TITLE = 100

#: Section to heading. Headings stand in the order of the sections, a heading of several where its first one does.
_CONVENTIONAL: Mapping[Kind, str] = {
    Kind.BREAKING: "Breaking changes",
    Kind.FEATURES: "Features",
    Kind.FIXES: "Bug fixes",
    Kind.PERFORMANCE: "Performance",
    Kind.SECURITY: "Security",
    Kind.DEPRECATIONS: "Deprecations",
    Kind.REMOVALS: "Removals",
    Kind.REVERTS: "Reverts",
    Kind.DEPENDENCIES: "Dependencies",
    Kind.DOCUMENTATION: "Documentation",
    Kind.REFACTORING: "Refactoring",
    Kind.STYLE: "Style",
    Kind.TESTS: "Tests",
    Kind.BUILD: "Build",
    Kind.CI: "Continuous integration",
    Kind.CHORES: "Chores",
    Kind.OTHER: "Other changes",
}
#: Keep a Changelog 1.1.0 knows six headings. What breaks has changed, and stands first.
_KEEP: Mapping[Kind, str] = dict.fromkeys(Kind, "Changed") | {
    Kind.FEATURES: "Added",
    Kind.DEPRECATIONS: "Deprecated",
    Kind.REMOVALS: "Removed",
    Kind.FIXES: "Fixed",
    Kind.SECURITY: "Security",
}
TITLES: Mapping[ChangelogStyle, Mapping[Kind, str]] = MappingProxyType(
    {ChangelogStyle.CONVENTIONAL: _CONVENTIONAL, ChangelogStyle.KEEP_A_CHANGELOG: _KEEP}
)
_KEEP_ORDER = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
#: Each heading of a style and its place.
_ORDER: Mapping[ChangelogStyle, Mapping[str, int]] = MappingProxyType(
    {
        ChangelogStyle.CONVENTIONAL: {title: place for place, title in enumerate(_CONVENTIONAL.values())},
        ChangelogStyle.KEEP_A_CHANGELOG: {title: place for place, title in enumerate(_KEEP_ORDER)},
    }
)


class Group(NamedTuple):
    """What stands under one heading."""

    title: str
    entries: list[Entry]
    updates: list[DependencyUpdate]


def grouped(notes: ReleaseNotes, look: Look) -> list[Group]:
    """Sort what is to be told under the headings of the style, in their order; then those of the catalog's own."""
    titles = TITLES[look.style]
    found: dict[str, Group] = {}
    for entry in select(notes.changes, look.selection):
        section = entry.section
        title = titles[section] if isinstance(section, Kind) else _known(section, look.style)
        group = found.get(title)
        if group is None:
            group = found[title] = Group(title, [], [])
        group.entries.append(entry)
    if notes.updates:
        title = titles[Kind.DEPENDENCIES]
        found.setdefault(title, Group(title, [], [])).updates.extend(notes.updates)
    if len(found) == 1:
        return list(found.values())
    order = _ORDER[look.style]
    # Keep a Changelog has no heading for what breaks, so the heading that holds it comes first.
    return sorted(found.values(), key=lambda group: (not _breaks(group.entries), order.get(group.title, len(order))))


def _known(title: str, style: ChangelogStyle) -> str:
    """Return a heading of the style's as it writes it, where the catalog names one."""
    return next((known for known in _ORDER[style] if known.lower() == title.lower()), title)


def _breaks(entries: list[Entry]) -> bool:
    return any(entry.section is Kind.BREAKING for entry in entries)


def styled(notes: ReleaseNotes, look: Look) -> str:
    """Write a release by the style: its heading, then what changed, what breaks first, and newest first.

    Where nothing else is to be told, the reasons are.
    """
    parts = [heading(notes, look)]
    for group in grouped(notes, look):
        lines = list(dict.fromkeys(entry_line(entry, look) for entry in _ordered(group.entries)))
        lines += [update_line(update, notes.versions) for update in group.updates]
        # The style's own titles are plain words.
        title = group.title if group.title in _ORDER[look.style] else inline(group.title[:_MAX_TITLE])
        parts += [f"### {title}", "\n".join(lines)]
    if len(parts) == 1 and notes.reasons:
        title = "Changed" if look.style is ChangelogStyle.KEEP_A_CHANGELOG else "Changes"
        parts += [f"### {title}", "\n".join(f"- {escape(reason)}" for reason in dict.fromkeys(notes.reasons))]
    return "\n\n".join(parts) + "\n"


def heading(notes: ReleaseNotes, look: Look) -> str:
    """Write the heading of a release; with links it leads to what changed since the one before."""
    name = inline(notes.version or _UNRELEASED)
    links = look.links
    if links is not None and notes.tag:
        name = f"[{name}]({links.compare(notes.from_tag, notes.tag) if notes.from_tag else links.tag(notes.tag)})"
    if not notes.version or not notes.date:
        return f"## {name}"
    date = inline(notes.date)
    return f"## {name} - {date}" if look.style is ChangelogStyle.KEEP_A_CHANGELOG else f"## {name} ({date})"


def entry_line(entry: Entry, look: Look) -> str:
    """Write a list item. What breaks may go on in lines and paragraphs of the same item."""
    mark = "**Breaking:** " if entry.breaking and look.style is ChangelogStyle.KEEP_A_CHANGELOG else ""
    mark += f"**{inline(entry.scope)}:** " if entry.scope else ""
    tail = _tail(entry, look)
    if entry.section is Kind.BREAKING and "\n" in entry.text:
        first, *further = paragraphs(entry.text, look.links) or [[""]]
        begin = "\n  ".join(first)
        return "\n\n  ".join([f"- {mark}{begin}{tail}", *("\n  ".join(lines) for lines in further)])
    text = inline(entry.text, look.links) if mark else escape(entry.text, look.links)
    return f"- {mark}{text}{tail}"


def _tail(entry: Entry, look: Look) -> str:
    """Write what follows an entry: its commit, what it closes, and who made it."""
    commit, links = entry.commit, look.links
    short = commit.sha[:SHORT_SHA]
    url = links.commit(commit.sha) if links is not None else ""
    tail = f" ([{short}]({url}))" if url else f" ({short if short.isalnum() else inline(short)})" if short else ""
    if links is not None and entry.section is not Kind.BREAKING:
        # A reference that the line holds already is linked there.
        closed = [issue for issue in links.closed(commit.message) if issue not in entry.text]
        if closed:
            tail += f", closes {inline(' '.join(closed), links)}"
    if look.authors and commit.author_name:
        tail += f", by {inline(commit.author_name)}"
    return tail


def _ordered(entries: list[Entry]) -> list[Entry]:
    """Put what breaks first; the rest keeps its order."""
    if not _breaks(entries):
        return entries
    return sorted(entries, key=lambda entry: entry.section is not Kind.BREAKING)


def update_line(update: DependencyUpdate, versions: Mapping[str, str]) -> str:
    """Write a moved range."""
    version = versions.get(update.component, "")
    name = f"**{inline(update.package)}**" + (f" {inline(version)}" if version else "")
    return f"- {name}: {code(update.before or '*')} → {code(update.after or '*')}"
