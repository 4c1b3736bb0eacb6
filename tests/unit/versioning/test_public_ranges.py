"""The ranges of the ecosystems, by the examples that they publish themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from releasepilot.errors import PlanError
from releasepilot.model.catalog import Ecosystem
from releasepilot.versioning.constraint import admits, lies_above, move

LINES = (Path(__file__).parent / "vectors" / "ranges.txt").read_text(encoding="utf-8").splitlines()
VECTORS = [line.split(" :: ") for line in LINES if line and not line.startswith("#")]
READABLE = [(Ecosystem(each[0]), each[1], each[2].split()) for each in VECTORS if len(each) > 2]
UNREADABLE = [(Ecosystem(each[0]), each[1]) for each in VECTORS if len(each) == 2]


@pytest.mark.parametrize(("ecosystem", "constraint", "versions"), READABLE)
def test_ranges_accept_what_their_tools_say(ecosystem: Ecosystem, constraint: str, versions: list[str]) -> None:
    """And nothing of what they refuse."""
    wrong = [text for text in versions if admits(ecosystem, constraint, text.removeprefix("!")) is text.startswith("!")]
    assert wrong == []


@pytest.mark.parametrize(("ecosystem", "constraint", "versions"), READABLE)
def test_moved_ranges_accept_the_version(ecosystem: Ecosystem, constraint: str, versions: list[str]) -> None:
    """Whatever they refused before; and what is accepted moves nothing."""
    for text in versions:
        version = text.removeprefix("!")
        moved = move(ecosystem, constraint, version)
        assert (moved == constraint) is not text.startswith("!"), version
        assert admits(ecosystem, moved, version), (version, moved)
        assert not lies_above(ecosystem, moved, version)


@pytest.mark.parametrize(("ecosystem", "constraint"), UNREADABLE)
def test_what_their_tools_refuse_is_refused(ecosystem: Ecosystem, constraint: str) -> None:
    """The error quotes it and says how to write one."""
    with pytest.raises(PlanError) as refused:
        admits(ecosystem, constraint, "1.0.0")
    assert repr(constraint) in str(refused.value)
    assert refused.value.hint
