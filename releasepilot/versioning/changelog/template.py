"""Write a release by a template of the catalog's, with values that are escaped already.

What a template says is trusted as the rest of the catalog is; what it fills in is not. So every text that it gets is
one line of Markdown that shows itself, and the texts as they were written are found under `raw` alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from releasepilot.model.plan import DependencyUpdate
from releasepilot.versioning.changelog.escape import code, escape, inline, paragraphs
from releasepilot.versioning.changelog.kinds import Kind
from releasepilot.versioning.changelog.look import Look, ReleaseNotes
from releasepilot.versioning.changelog.sandbox import compiled, fill
from releasepilot.versioning.changelog.select import Entry
from releasepilot.versioning.changelog.styles import SHORT_SHA, Group, entry_line, grouped, update_line


def check_template(text: str) -> None:
    """Raise PlanError, which names the line, where a template cannot be read. What it fills in is not looked at."""
    compiled(text)


def templated(text: str, notes: ReleaseNotes, look: Look) -> str:
    """Write a release by a template. PlanError with line and remedy where it fails or writes too much."""
    return fill(text, variables(notes, look)).strip() + "\n"


def variables(notes: ReleaseNotes, look: Look) -> Mapping[str, object]:
    """Return what a template may use: texts, truth values, and lists and mappings of these."""
    links = look.links
    compare = links.compare(notes.from_tag, notes.tag) if links and notes.from_tag and notes.tag else ""
    return {
        "component": escape(notes.component),
        "version": escape(notes.version),
        "previous": escape(notes.previous or ""),
        "date": escape(notes.date),
        "tag": escape(notes.tag),
        "compare_url": compare,
        "sections": [_section(group, look) for group in grouped(notes, look)],
        "updates": [_update(update, notes.versions) for update in notes.updates],
        "reasons": [escape(reason) for reason in notes.reasons],
    }


def _section(group: Group, look: Look) -> Mapping[str, object]:
    return {"title": inline(group.title), "entries": [_entry(entry, look) for entry in group.entries]}


def _entry(entry: Entry, look: Look) -> Mapping[str, object]:
    commit, links = entry.commit, look.links
    kind = entry.section.value if isinstance(entry.section, Kind) else ""
    return {
        "line": entry_line(entry, look),
        "kind": kind,
        "scope": escape(entry.scope),
        "text": escape(entry.text, links),
        "paragraphs": [" ".join(lines) for lines in paragraphs(entry.text, links)],
        "breaking": entry.breaking,
        "sha": commit.sha,
        "short_sha": commit.sha[:SHORT_SHA],
        "url": links.commit(commit.sha) if links else "",
        "author": escape(commit.author_name) if look.authors else "",
        "closes": [escape(issue, links) for issue in links.closed(commit.message)] if links else [],
        "raw": {"scope": entry.scope, "text": entry.text, "message": commit.message},
    }


def _update(update: DependencyUpdate, versions: Mapping[str, str]) -> Mapping[str, object]:
    return {
        "line": update_line(update, versions),
        "component": escape(update.component),
        "package": escape(update.package),
        "version": escape(versions.get(update.component, "")),
        "before": code(update.before or "*"),
        "after": code(update.after or "*"),
    }
