"""The six components of the demonstration: what depends on what, and what happened since their last release.

A chain of four (money-lib, ledger, payments, storefront) and a diamond (money-lib, ledger and catalog-api, checkout).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

#: Run by the verify hook in the tree of the release commit.
CHECK = """import os, pathlib, sys

wanted = os.environ["RELEASEPILOT_VERSION"]
manifest = pathlib.Path("{manifest}").read_text()
sys.exit(0 if wanted in manifest else f"{manifest} does not say {{wanted}}")
"""

#: A check that finds something, for a release that must not happen.
FAILING_CHECK = """import sys

sys.exit("1 of 12 tests failed: the total of an empty basket is not 0")
"""


@dataclass(frozen=True, kw_only=True)
class Component:
    """One repository of the demonstration."""

    name: str
    #: The version of its last release.
    version: str
    #: Commit messages since then, oldest first.
    since: tuple[str, ...]
    #: Dependency to the range that its manifest declares.
    requires: tuple[tuple[str, str], ...] = ()
    npm: bool = False
    #: Edges across ecosystems, which no manifest can hold.
    needs: tuple[str, ...] = ()
    #: It runs, so it has a health check.
    service: bool = True

    @property
    def manifest(self) -> str:
        """The name of its manifest."""
        return "package.json" if self.npm else "pyproject.toml"

    def manifest_text(self) -> str:
        """Write the manifest as of the last release."""
        if self.npm:
            fields = {
                "name": self.name,
                "version": self.version,
                "private": True,
                "dependencies": dict(self.requires),
            }
            return json.dumps(fields, indent=2) + "\n"
        dependencies = "".join(f'    "{name}{bounds}",\n' for name, bounds in self.requires)
        return (
            f'[project]\nname = "{self.name}"\nversion = "{self.version}"\n'
            f'requires-python = ">=3.11"\ndependencies = [\n{dependencies}]\n'
        )


SHOP = (
    Component(
        name="money-lib",
        version="1.4.0",
        since=(
            "feat!: amounts are decimals\n\nBREAKING CHANGE: floats are refused",
            "fix(round): round half to even",
        ),
        service=False,
    ),
    Component(
        name="ledger",
        version="2.1.3",
        requires=(("money-lib", ">=1.4,<2"),),
        since=("fix: book refunds on the day of the refund",),
    ),
    Component(
        name="catalog-api",
        version="0.9.2",
        requires=(("money-lib", ">=1.2,<2"),),
        since=("docs: explain the price list",),
    ),
    Component(
        name="payments",
        version="3.0.1",
        requires=(("ledger", ">=2.1,<3"),),
        since=("feat(sepa): instant transfers", "test: cover declined cards"),
    ),
    Component(
        name="checkout",
        version="5.2.0",
        npm=True,
        needs=("ledger", "catalog-api"),
        since=("feat: pay with one click",),
    ),
    Component(
        name="storefront",
        version="7.0.4",
        npm=True,
        requires=(("checkout", "~5.2.0"),),
        needs=("payments",),
        since=("chore: new screenshots",),
    ),
)
