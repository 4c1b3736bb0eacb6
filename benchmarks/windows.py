"""What windows cost over dateutil's bare expansion of the same rules, which knows no zone, end or blackout.

200 rules over five years, and verdicts for 1,000 components with 50 rules: one whose end is near, over the bare rules
of eight days, and one that finds no opening in five years, over the bare rules of five years.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from dateutil.rrule import rrulestr

from benchmarks.result import Result, interleaved
from releasepilot.governance.expansion import spans_of
from releasepilot.governance.spans import Span
from releasepilot.governance.windows import HORIZON, verdict
from releasepilot.model.window import Window, WindowEffect

COMPONENTS, RULES, VERDICT_RULES = 1_000, 200, 50
ROUNDS = 5
_NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
_NEAR = timedelta(days=8)
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
_RULES = (
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH",
    "FREQ=DAILY",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
    "FREQ=YEARLY;BYMONTH=3,10;BYMONTHDAY=1,2,3",
)


def run() -> list[Result]:
    """Measure the expansion, then the verdicts."""
    return [_expansion(), *_verdicts()]


def _expansion() -> Result:
    windows = [_window(number, WindowEffect.ALLOW) for number in range(RULES)]
    within = Span(_NOW, _NOW + HORIZON)
    found = sum(1 for window in windows for _ in spans_of(window, within))
    how = f"{RULES} rules, five years, {found} occurrences"
    # dateutil begins where the rules begin, three years before; it does not have to go through the same again.
    return _compared(
        "windows over bare rules: expanding",
        lambda: _bare(windows, HORIZON),
        lambda: [list(spans_of(window, within)) for window in windows],
        at_most=3,
        how=how,
    )


def _verdicts() -> list[Result]:
    """Judge all components at once."""
    components = [f"service-{number:04}" for number in range(COMPONENTS)]
    windows = [
        _window(number, WindowEffect.DENY if number % 5 == 4 else WindowEffect.ALLOW) for number in range(VERDICT_RULES)
    ]
    past = Window(name="past", zone="UTC", start="2026-01-01T00:00", duration="1d", components=("service-0999",))
    how = f"{COMPONENTS} components, {VERDICT_RULES} rules"
    return [
        _compared(
            "windows over bare rules: a verdict, eight days",
            lambda: _bare(windows, _NEAR),
            lambda: verdict(windows, _NOW, components),
            at_most=2,
            how=how,
        ),
        _compared(
            "windows over bare rules: no opening, five years",
            lambda: _bare(windows, HORIZON),
            lambda: verdict([*(_but_last(one) for one in windows), past], _NOW, components),
            at_most=4,
            how=how,
        ),
    ]


def _window(number: int, effect: WindowEffect) -> Window:
    """Make one of many windows: of every kind of rule, in several zones, for all, for some or for one component."""
    patterns = ((), (f"service-*{number % 10}",), (f"service-{number:04}",))
    return Window(
        name=f"window-{number}",
        effect=effect,
        zone=_ZONES[number % len(_ZONES)],
        start=f"2023-01-{1 + number % 28:02}T{number % 24:02}:00",
        duration=("8h", "1d", "90m")[number % 3],
        rrule=_RULES[number % len(_RULES)],
        components=patterns[number % 3],
    )


def _but_last(window: Window) -> Window:
    """Let a window for all components concern all but the last hundred."""
    return window if window.components else window.model_copy(update={"components": ("service-0[0-8]*",)})


def _bare(windows: list[Window], ahead: timedelta) -> None:
    """Expand the rules alone, over the same time."""
    begin = _NOW.replace(tzinfo=None)
    for window in windows:
        rule = rrulestr(window.rrule or "", dtstart=datetime.fromisoformat(window.start))
        rule.between(begin, begin + ahead)


def _compared(
    name: str, floor: Callable[[], object], ours: Callable[[], object], *, how: str, at_most: float | None = None
) -> Result:
    below, above = interleaved(floor, ours, rounds=ROUNDS)
    told = f"{above * 1000:.0f} ms over {below * 1000:.0f} ms, medians of {ROUNDS}; {how}"
    return Result(name=name, value=above / below, at_most=at_most, how=told)
