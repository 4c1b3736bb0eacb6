"""What a catalog says of changelogs."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from releasepilot.model.value import Value


class ChangelogStyle(StrEnum):
    """The headings and their order."""

    #: conventional-changelog's: Features, Bug fixes, and so on, breaking changes first.
    CONVENTIONAL = "conventional"
    #: Keep a Changelog 1.1.0: Added, Changed, Fixed, and so on.
    KEEP_A_CHANGELOG = "keep-a-changelog"


class Forge(StrEnum):
    """Whose addresses commits, comparisons and issues have."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    #: No links.
    NONE = "none"


class ChangelogEntry(Value):
    """How changelogs are written."""

    style: ChangelogStyle = ChangelogStyle.CONVENTIONAL
    #: Type to heading, beside those of the policy and the style; an empty heading leaves the type out.
    headings: dict[str, str] = Field(default_factory=dict)
    #: A Jinja 2 template of one release's section with its heading, in place of the style.
    template: str | None = Field(default=None, max_length=100_000)
    #: Name the author behind each entry; addresses are never told.
    authors: bool = False
    #: Found by the repository's host where absent.
    forge: Forge | None = None
    #: The repository's page, such as `https://git.example.org/acme/web`; made of its address where absent.
    url: str | None = Field(
        default=None, pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+){2,}/?$", max_length=1000
    )
