"""How the changelog of one component is written: its style, its sections, its links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from releasepilot.model.catalog import Ecosystem
from releasepilot.model.notes import ChangelogEntry, ChangelogStyle
from releasepilot.model.plan import DependencyUpdate
from releasepilot.model.versioning import PolicyEntry
from releasepilot.versioning.changelog.kinds import Selection, selection_of
from releasepilot.versioning.changelog.links import Links, links_of
from releasepilot.versioning.changelog.select import Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one component's changelog is written."""

    selection: Selection
    style: ChangelogStyle = ChangelogStyle.CONVENTIONAL
    #: A template of the catalog's in place of the style; None where there is none.
    template: str | None = None
    #: Name who made each change.
    authors: bool = False
    #: None where there is no forge to link to.
    links: Links | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseNotes:
    """What is to be told of one release."""

    #: Empty for what is not released yet.
    version: str
    #: ISO 8601.
    date: str
    #: Newest first, read by the component's own policy.
    changes: Sequence[Read] = ()
    component: str = ""
    #: The version before; None at a first release.
    previous: str | None = None
    #: The tag of this release, and the one before; without both nothing is compared.
    tag: str = ""
    from_tag: str | None = None
    #: Ranges that move because their targets are released in the same train.
    updates: Sequence[DependencyUpdate] = ()
    #: The new version of each component that `updates` name.
    versions: Mapping[str, str] = field(default_factory=dict)
    #: One line for each cause of the release; told where nothing else is.
    reasons: Sequence[str] = ()


def look_of(entry: ChangelogEntry, *, repo: str, policy: str | PolicyEntry, ecosystem: Ecosystem) -> Look:
    """Return how the catalog wants a component's changelog; the policy decides which commits have a section."""
    return Look(
        selection=selection_of(policy, ecosystem, entry.headings),
        style=entry.style,
        template=entry.template,
        authors=entry.authors,
        links=links_of(entry, repo),
    )


def unreleased(look: Look, tag: str) -> str:
    """Return where `[Unreleased]` leads once this tag is made: empty in another style, or without a forge."""
    if look.style is not ChangelogStyle.KEEP_A_CHANGELOG or look.links is None:
        return ""
    return look.links.compare(tag, "HEAD")
