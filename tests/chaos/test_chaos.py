"""A short run with a known seed; `make chaos` runs the long one."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.far_side import FarSide
from chaos.run import chaos


@pytest.mark.slow
@pytest.mark.takes(110)
@pytest.mark.timeout(600)
async def test_what_goes_wrong_leaves_no_train_between_released_and_undone(tmp_path: Path) -> None:
    """A worker killed after every effect, then faults of all kinds: the promise holds, and no effect is doubled."""
    tally = await chaos(tmp_path, faults=14, seed=3)
    assert not tally.violations
    assert tally.faults["kill -9 worker after an effect"] >= 4
    assert tally.faults.total() >= 14
    assert tally.outcomes


def test_the_net_can_catch(tmp_path: Path) -> None:
    """What is published twice, half, or not at all is told."""
    far_side = FarSide.make(tmp_path)
    far_side.assert_taken_back()
    (far_side.registry / "core-2.0.0").touch()
    with pytest.raises(AssertionError):
        far_side.assert_taken_back()
    (far_side.registry / "core-2.0.0").unlink()
    (far_side.registry / "log").write_text("doubled core\n")
    with pytest.raises(AssertionError):
        far_side.assert_taken_back()
    (far_side.registry / "log").unlink()
    far_side.remotes["core"].git("tag", "v2.0.0", "main")
    with pytest.raises(AssertionError):
        far_side.assert_taken_back()
