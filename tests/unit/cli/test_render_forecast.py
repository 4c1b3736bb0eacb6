"""A forecast in words."""

from __future__ import annotations

import io
from datetime import timedelta

from support.windows import a_window, utc
from support.world import plan_of, step

from releasepilot.cli.render.forecast import print_forecast
from releasepilot.cli.render.text import console
from releasepilot.model.estimate import EstimateSource
from releasepilot.model.forecast import Forecast, Slot, StepForecast

PLAN = plan_of("demo", [step("lib", "push")], {"lib": ()})
AT = utc("2026-01-05T09:00")
FORECAST = Forecast(
    train="demo",
    plan_digest=PLAN.digest,
    starts=AT,
    ends=AT + timedelta(minutes=5),
    start_by=AT + timedelta(minutes=55),
    next_slot=Slot(starts=AT + timedelta(days=1), ends=AT + timedelta(days=1, minutes=5)),
    critical_path=("lib/push",),
    steps=(
        StepForecast(
            step="lib/push",
            starts=AT,
            ends=AT + timedelta(minutes=5),
            estimate=300,
            source=EstimateSource.DECLARED,
            slack=0,
        ),
    ),
    ledger=False,
)


def printed(forecast: Forecast | None) -> str:
    """Return what is printed."""
    stream = io.StringIO()
    print_forecast(console(stream), forecast, PLAN, [a_window(zone="Europe/Berlin")])
    return stream.getvalue()


def test_the_next_slot_is_told_in_the_zone_of_the_windows() -> None:
    """When it starts and ends, what if that is missed, and that no ledger was asked."""
    said = printed(FORECAST)
    assert said.startswith("starts Mon 2026-01-05 10:00 CET (Europe/Berlin)")
    assert "if Mon 2026-01-05 10:55 CET (Europe/Berlin)" in said
    assert "is missed, the next slot is Tue 2026-01-06 10:00 CET (Europe/Berlin)" in said
    assert "5m declared" in said
    assert "no ledger was asked" in said


def test_no_opening_is_told() -> None:
    """Nothing fits, or nothing opens."""
    assert printed(None) == "no opening is known within five years into which every step fits\n"
