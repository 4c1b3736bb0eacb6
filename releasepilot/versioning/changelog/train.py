"""Write what a whole train releases, component by component, and why those follow that have no change of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from releasepilot.model.plan import Release
from releasepilot.versioning.changelog.escape import inline


def train_changelog(*, train: str, date: str, releases: Sequence[Release]) -> str:
    """Render what a train releases, by component in the order given, which is the order of the releases.

    Where a component follows what it needs, a line tells that before its changes.
    """
    versions = {release.component: release.to_version for release in releases}
    parts = [f"# {inline(train)} ({inline(date)})"]
    for release in releases:
        step = f"{release.from_version} → {release.to_version}" if release.from_version else release.to_version
        parts.append(f"## {inline(release.component)} {inline(step)}")
        story = list(_story(release, versions))
        if story:
            parts.append("\n".join(story))
        first, _, rest = release.changelog.partition("\n")
        # A template may write no heading.
        body = rest if first.startswith("#") else release.changelog
        if body.strip():
            parts.append(body.strip())
    return "\n\n".join(parts) + "\n"


def _story(release: Release, versions: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each release of this train that made the component follow.

    A cause of that kind begins with the other component and its version; one that is a commit begins with a bump and a
    colon, which no component's name has in it.
    """
    for reason in release.reasons:
        name, _, rest = reason.partition(" ")
        version, _, why = rest.partition(" ")
        if versions.get(name) == version:
            yield f"{inline(f'{release.component} {release.to_version}')} because {inline(f'{name} {version} {why}')}"
