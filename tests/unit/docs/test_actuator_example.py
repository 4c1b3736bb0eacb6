"""The actuator that the documentation shows is one: it passes the contract that it tells others to pass."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from support.calls import a_call, a_release
from support.remotes import make_remote

from releasepilot.plugins.contract import ActuatorContract, Scene
from releasepilot.plugins.registry import Registry
from releasepilot.plugins.spec import Actuator, Tools

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "write-an-actuator.md"


def shown() -> type[Actuator[Any]]:
    """Return the class that stands in the first block of the page."""
    block = re.search(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert block is not None
    names: dict[str, Any] = {"__name__": "acme_releasepilot"}
    exec(compile(block[1], PAGE.name, "exec", dont_inherit=True), names)  # noqa: S102 the text is our own
    actuator: type[Actuator[Any]] = names["Shelf"]
    return actuator


class TestTheActuatorOfTheDocumentation(ActuatorContract):
    """A file on a shelf."""

    def scene(self, folder: Path) -> Scene:
        """Make the scene as the page does."""
        actuator = shown()
        call = a_call(actuator, a_release(make_remote(folder / "api.git")), {"folder": str(folder)})
        file = folder / f"{call.release.component}.txt"
        return Scene(
            actuator=actuator(Tools(cache=folder / "cache")),
            call=call,
            effects=lambda: int(file.exists()),
            clash=lambda: file.write_text("0.0.0"),
        )


def test_the_registry_takes_it() -> None:
    """Its traits and its configuration are complete, so a catalog may name it."""
    registry = Registry.load(extra=[shown()])
    assert "acme.shelf" in registry.names
    assert registry.schemas()["acme.shelf"]["required"] == ["folder"]
