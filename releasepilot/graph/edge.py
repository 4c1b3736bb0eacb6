"""An edge of the dependency graph, and what a new version means to it."""

from __future__ import annotations

from dataclasses import dataclass

from releasepilot.errors import ReleasePilotError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning import constraint as ranges
from releasepilot.versioning import declared_range


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Edge:
    """One component needs another."""

    dependent: str
    dependency: str
    #: The dependency's name as the manifest writes it; empty where the catalog declares the edge.
    package: str = ""
    #: runtime, optional, peer, build or dev.
    kind: str = "runtime"
    #: The range that the manifest declares; empty where there is none.
    constraint: str = ""
    #: The manifest, relative to the dependent's folder; empty where the catalog declares the edge.
    path: str = ""
    #: Whose rules the range follows.
    ecosystem: Ecosystem = Ecosystem.GENERIC
    #: The range that was published for a constraint such as `workspace:^`, which says none itself; else empty.
    published: str = ""

    @property
    def written(self) -> bool:
        """Whether the range stands in a file, where it can be moved."""
        return bool(self.path)

    @property
    def range(self) -> str:
        """The range that consumers of the last release see."""
        return self.published or self.constraint

    def admits(self, version: str) -> bool:
        """Whether the range accepts a version of the dependency; PlanError where one of the two cannot be read."""
        if not self.constraint:
            return True
        judge = ranges.admits if self.written else declared_range.meets
        try:
            return judge(self.ecosystem, self.range, version)
        except ReleasePilotError as error:
            error.component = error.component or self.dependent
            raise

    def lies_above(self, version: str) -> bool:
        """Whether the range accepts only versions that are newer."""
        return self.written and bool(self.constraint) and ranges.lies_above(self.ecosystem, self.range, version)

    def left_by(self, version: str, current: str | None = None) -> bool:
        """Whether a new version has left the range upwards: a range that lies above it is not left.

        `current` is what the dependency was before; a range that accepts it cannot lie above.
        """
        if self.admits(version):
            return False
        return (current is not None and self.admits(current)) or not self.lies_above(version)

    def moved_to(self, version: str) -> str:
        """Return what the constraint must become to accept a version.

        Itself where it does already, is in no file, or is made a range by the tool that publishes.
        """
        if not self.written or not self.constraint or self.published:
            return self.constraint
        return ranges.move(self.ecosystem, self.constraint, version)

    def range_after(self, version: str) -> str:
        """Return the range that consumers see once the dependent is released beside a version."""
        return ranges.move(self.ecosystem, self.published, version) if self.published else self.moved_to(version)
