"""Changelogs in Markdown. Commit messages are untrusted text: nothing in them can become markup."""

from releasepilot.versioning.changelog.escape import escape
from releasepilot.versioning.changelog.full import full
from releasepilot.versioning.changelog.insert import insert
from releasepilot.versioning.changelog.kinds import Kind, Selection, selection_of
from releasepilot.versioning.changelog.links import Links, links_of
from releasepilot.versioning.changelog.look import Look, ReleaseNotes, look_of, unreleased
from releasepilot.versioning.changelog.section import section
from releasepilot.versioning.changelog.select import Entry, Read, select
from releasepilot.versioning.changelog.template import check_template
from releasepilot.versioning.changelog.train import train_changelog

__all__ = [
    "Entry",
    "Kind",
    "Links",
    "Look",
    "Read",
    "ReleaseNotes",
    "Selection",
    "check_template",
    "escape",
    "full",
    "insert",
    "links_of",
    "look_of",
    "section",
    "select",
    "selection_of",
    "train_changelog",
    "unreleased",
]
