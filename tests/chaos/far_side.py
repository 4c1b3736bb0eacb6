"""What trains act on: bare repositories, and a registry that is a folder and counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.remotes import Change, Remote, make_remote
from support.trains import Before, catalog_of

from releasepilot.model.catalog import Catalog
from releasepilot.model.gate import Actor
from releasepilot.model.plan import Plan

#: A chain: each needs the one before it.
NAMES = ("core", "client", "service", "site")

#: A hard link is made or is there already, whoever comes first; nothing that was published is published over.
_PUBLISH = """
set -e
draft=$(mktemp "$REGISTRY/draft.XXXXXX")
echo "$RELEASEPILOT_VERSION" > "$draft"
if ln "$draft" "$REGISTRY/$RELEASEPILOT_NAME-$RELEASEPILOT_VERSION"; then word=published; else word=doubled; fi
rm "$draft"
echo "$word $RELEASEPILOT_NAME" >> "$REGISTRY/log"
"""
_LOOK = 'test -e "$REGISTRY/$RELEASEPILOT_NAME-$RELEASEPILOT_VERSION"'
_YANK = 'rm -f "$REGISTRY/$RELEASEPILOT_NAME-$RELEASEPILOT_VERSION"'
#: A registry that never takes the last component.
_REFUSE = 'echo "the registry is read-only" >&2; exit 1'


@dataclass(frozen=True, kw_only=True)
class FarSide:
    """The repositories and the registry of one train."""

    remotes: dict[str, Remote]
    before: dict[str, Before]
    registry: Path
    catalog: Catalog

    @classmethod
    def make(cls, folder: Path, *, refuses: bool = False, gated: bool = False) -> FarSide:
        """Make four repositories with something to release; with `refuses` the last one cannot be published."""
        registry = folder / "registry"
        registry.mkdir(parents=True)
        remotes = {}
        for index, name in enumerate(NAMES):
            needs = f'dependencies = ["{NAMES[index - 1]}>=1.0,<2"]\n' if index else ""
            manifest = f'[project]\nname = "{name}"\nversion = "1.0.0"\n{needs}'
            first = Change(message="feat: begin", files={"pyproject.toml": manifest}, tag="v1.0.0")
            remotes[name] = make_remote(folder / f"{name}.git", [first, "feat!: begin anew\n\nBREAKING CHANGE: all"])
        components: list[dict[str, Any]] = [
            {
                "name": name,
                "repo": str(remote.folder),
                "publish": [
                    {
                        "uses": "exec",
                        "name": "publish",
                        "shell": True,
                        "tree": False,
                        "env": {"REGISTRY": str(registry)},
                        "apply": _REFUSE if refuses and name == NAMES[-1] else _PUBLISH,
                        "observe": _LOOK,
                        "revert": _YANK,
                        # Enough for a few faults in a row, and soon over where it is refused for good.
                        "attempts": 3 if refuses and name == NAMES[-1] else 60,
                    }
                ],
            }
            for name, remote in remotes.items()
        ]
        gates = [{"uses": "approval", "name": "release", "roles": ["managers"]}] if gated else []
        catalog = catalog_of(components, gates=gates, roles={"managers": ["mia"]}, versioning={"policy": POLICY})
        before = {name: Before.of(remote) for name, remote in remotes.items()}
        return cls(remotes=remotes, before=before, registry=registry, catalog=catalog)

    def published(self) -> set[str]:
        """The components that the registry holds."""
        return {path.name.partition("-")[0] for path in self.registry.glob("*-*")}

    def effects(self) -> int:
        """How much can be seen from outside: refs of all kinds, and artefacts."""
        return sum(len(remote.refs()) for remote in self.remotes.values()) + len(self.published())

    def assert_released(self, plan: Plan) -> None:
        """Each branch and tag holds exactly the planned release, and each artefact is there, once."""
        for name, before in self.before.items():
            before.assert_released(plan, name)
        assert self.published() == set(NAMES)
        self._assert_nothing_doubled()

    def assert_taken_back(self) -> None:
        """Nothing of it is left but the commits and their reverts."""
        for before in self.before.values():
            before.assert_taken_back()
        assert self.published() == set()
        self._assert_nothing_doubled()

    def _assert_nothing_doubled(self) -> None:
        log = self.registry / "log"
        assert not log.exists() or "doubled" not in log.read_text()


POLICY = "conventionalcommits"
MIA = Actor(account="mia")
