"""Plugins that behave as badly as they can: the train ends in the promise, and others go on."""

from __future__ import annotations

import pytest
from support.temporal import Stage, train_name
from support.world import plan_of, step

from releasepilot.model.train import Outcome


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ("before", "broken before its effect"),
        ("hang", "did not answer in time"),
        ("ignore cancellation", "did not answer in time"),
        ("five megabytes", "mark wants to keep 5120003 letters for its undo"),
        ("long error", "mark broke with ValueError: …"),
        ("exit", "mark broke with SystemExit: 3"),
        ("interrupt", "KeyboardInterrupt"),
        ("group", "ExceptionGroup: several (2 sub-exceptions)"),
        ("surrogate", "\\udcff"),
        ("cancel itself", "CancelledError"),
        ("nonsense", "mark broke with AttributeError"),
    ],
)
async def test_a_plugin_that_misbehaves_takes_the_train_back_and_nothing_else(
    stage: Stage, order: str, told: str
) -> None:
    """What it did before is undone, why is told in words, and another train on the same worker is released."""
    # Only what does not answer is to come to its limit, however slow the machine is.
    limit = 4 if told == "did not answer in time" else 60
    plan = plan_of(
        train_name(),
        [step("lib", "push"), step("web", "push", "lib/push", timeout=limit, attempts=1)],
        {"lib": (), "web": ("lib",)},
    )
    stage.world.order("web/push", order)
    record = await stage.run(plan)
    assert record.outcome is Outcome.ROLLED_BACK, record
    assert told in record.cause
    assert len(record.cause) < 2000
    assert record.code in {"RP400", "RP402"}
    assert stage.world.present() == set()
    stage.world.heal("web/push")
    beside = plan_of(train_name(), [step("lib", "push")], {"lib": ()})
    assert (await stage.run(beside)).outcome is Outcome.RELEASED
