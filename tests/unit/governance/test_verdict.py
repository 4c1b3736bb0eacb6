"""Verdicts: deny wins, one window that allows must be open, and the next change is where brute force finds it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.windows import a_window, utc

from releasepilot.governance.scope import concerns
from releasepilot.governance.windows import next_opening, objections, openings, verdict
from releasepilot.governance.zone_data import zone_data_version
from releasepilot.model.window import Window, WindowEffect

WEEKDAYS = a_window(
    name="weekdays",
    zone="America/New_York",
    start="2026-01-05T09:00",
    rrule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH",
    duration="7h",
)
FREEZE = a_window(name="freeze", effect="deny", zone="America/New_York", start="2026-11-25T00:00", duration="6d")


def test_without_windows_it_is_open() -> None:
    """Nothing concerns the components, so nothing decides and nothing closes."""
    found = verdict([], utc("2026-01-05T12:00"), ["api"])
    assert (found.open, found.rule, found.until) == (True, "", None)


def test_a_window_that_allows_opens_and_closes() -> None:
    """The end does not belong to it: at that moment it is closed, until the next day."""
    opened = verdict([WEEKDAYS], utc("2026-01-05T14:00"), ["api"])
    assert (opened.open, opened.rule, opened.until) == (True, "weekdays", utc("2026-01-05T21:00"))
    closed = verdict([WEEKDAYS], utc("2026-01-05T21:00"), ["api"])
    assert (closed.open, closed.rule, closed.until) == (False, "weekdays", utc("2026-01-06T14:00"))
    assert closed.reason == "outside of 'weekdays'"


def test_all_that_would_have_to_be_waived_is_named() -> None:
    """Each window of a group of which none is open, and each blackout that is; those that hold nobody are not."""
    lunch = a_window(name="lunch", zone="America/New_York", start="2026-01-05T12:00", duration="1h")
    closed = verdict([WEEKDAYS, lunch, FREEZE], utc("2026-11-26T03:00"), ["api"])
    assert (closed.rule, closed.closed_by) == ("freeze", ("freeze", "weekdays", "lunch"))
    kept = [window for window in (WEEKDAYS, lunch, FREEZE) if window.name not in closed.closed_by]
    assert verdict(kept, utc("2026-11-26T03:00"), ["api"]).open
    assert verdict([WEEKDAYS, FREEZE], utc("2026-11-26T15:00"), ["api"]).closed_by == ("freeze",)


def test_a_freeze_moves_the_next_opening() -> None:
    """On the evening before Thanksgiving the next opening is on the Tuesday after."""
    found = verdict([WEEKDAYS, FREEZE], utc("2026-11-24T21:30"), ["api"])
    assert (found.open, found.rule, found.until) == (False, "weekdays", utc("2026-12-01T14:00"))
    during = verdict([WEEKDAYS, FREEZE], utc("2026-11-26T15:00"), ["api"])
    assert (during.open, during.rule, during.until) == (False, "freeze", utc("2026-12-01T14:00"))


def test_a_blackout_alone_leaves_everything_else_open() -> None:
    """Without any window that allows, all times do; it closes when the blackout begins."""
    found = verdict([FREEZE], utc("2026-11-24T21:30"), ["api"])
    assert (found.open, found.rule, found.until) == (True, "", utc("2026-11-25T05:00"))


def test_an_opening_that_never_comes_is_not_known() -> None:
    """What was open once, and what a blackout without an end covers."""
    past = a_window(name="past", start="2020-01-01T00:00")
    assert verdict([past], utc("2026-01-05T12:00"), ["api"]).until is None
    always = a_window(name="always", effect="deny", rrule="FREQ=DAILY", duration="1d")
    assert verdict([WEEKDAYS, always], utc("2026-02-01T12:00"), ["api"]).until is None
    assert next_opening([WEEKDAYS, always], utc("2026-02-01T12:00"), ["api"]) is None


def test_an_opening_years_ahead_is_found_and_beyond_five_years_is_not() -> None:
    """The horizon is five years."""
    rare = a_window(name="rare", start="2024-02-29T09:00", rrule="FREQ=YEARLY")
    assert verdict([rare], utc("2024-03-01"), ["api"]).until == utc("2028-02-29T09:00")
    later = a_window(name="later", start="2032-01-01T09:00")
    assert verdict([later], utc("2026-01-01"), ["api"]).until is None


def test_only_windows_that_concern_a_component_decide() -> None:
    """Names and patterns; where none is given, all are concerned."""
    web = FREEZE.model_copy(update={"components": ("web", "shop-*")})
    at = utc("2026-11-26T15:00")
    assert verdict([web], at, ["api"]).open
    assert not verdict([web], at, ["web"]).open
    assert not verdict([web], at, ["shop-front"]).open
    assert verdict([web], at, ["Web", "shop"]).open
    assert concerns(FREEZE, "anything")


def test_labels_and_names_must_both_hold() -> None:
    """A label that a component has not matches nothing, not even a star."""
    production = FREEZE.model_copy(update={"labels": {"environment": "prod*"}, "components": ("web*",)})
    assert concerns(production, "web-1", {"environment": "production", "region": "eu"})
    assert not concerns(production, "web-1", {"environment": "staging"})
    assert not concerns(production, "api", {"environment": "production"})
    assert not concerns(FREEZE.model_copy(update={"labels": {"region": "*"}}), "web-1")
    at = utc("2026-11-26T15:00")
    assert not verdict([production], at, {"api": {}, "web-1": {"environment": "production"}}).open
    assert verdict([production], at, {"api": {}, "web-1": {}}).open


def test_a_verdict_names_the_zone_data_that_decided() -> None:
    """Rules of zones change; without windows none is looked at."""
    assert verdict([WEEKDAYS], utc("2026-01-05T14:00"), ["api"]).tzdata == zone_data_version()
    assert re.fullmatch(r"20\d\d[a-z]+", zone_data_version())
    assert verdict([], utc("2026-01-05T14:00"), ["api"]).tzdata == ""


def test_the_strictest_of_several_components_decides() -> None:
    """Each needs an open window of its own."""
    mornings = a_window(
        name="mornings", start="2026-01-05T08:00", duration="4h", rrule="FREQ=DAILY", components=("api",)
    )
    noons = a_window(name="noons", start="2026-01-05T11:00", duration="4h", rrule="FREQ=DAILY", components=("web",))
    both = [mornings, noons]
    assert verdict(both, utc("2026-01-06T09:00"), ["api"]).open
    closed = verdict(both, utc("2026-01-06T09:00"), ["api", "web"])
    assert (closed.open, closed.rule, closed.until) == (False, "noons", utc("2026-01-06T11:00"))
    assert verdict(both, utc("2026-01-06T11:30"), ["web", "api"]).until == utc("2026-01-06T12:00")


def test_without_components_the_windows_for_all_are_looked_at() -> None:
    """A train of nothing is still under the freeze for everybody."""
    assert not verdict([FREEZE], utc("2026-11-26T15:00"), []).open
    assert verdict([FREEZE.model_copy(update={"components": ("web",)})], utc("2026-11-26T15:00"), []).open


def test_a_moment_without_a_zone_is_a_mistake_of_the_caller() -> None:
    """Which moment it is cannot be known."""
    with pytest.raises(ValueError, match="no time zone"):
        verdict([], datetime(2026, 1, 5), ["api"])  # noqa: DTZ001 the mistake


def test_objections_name_the_place_below_the_windows() -> None:
    """What this machine does not know, each where it is written."""
    wrong = [WEEKDAYS, a_window(zone="Europe/Berlim"), a_window(holidays="DE-QQ")]
    assert [path for path, _ in objections(wrong)] == [(1, "zone"), (2, "holidays")]


# A small world around the spring change of Berlin, judged minute by minute.
BEGIN = utc("2026-03-27T00:00")
ZONES = ("UTC", "Europe/Berlin")


@st.composite
def small_windows(draw: st.DrawFn) -> Window:
    """Draw a window that recurs daily a few times within four days."""
    hour, quarter = draw(st.integers(0, 23)), draw(st.integers(0, 3))
    return a_window(
        name=f"w{draw(st.integers(0, 10**9))}",
        effect=draw(st.sampled_from(WindowEffect)),
        zone=draw(st.sampled_from(ZONES)),
        start=f"2026-03-{draw(st.integers(27, 30))}T{hour:02}:{15 * quarter:02}",
        rrule=f"FREQ=DAILY;COUNT={draw(st.integers(1, 4))}",
        duration=draw(st.sampled_from(("15m", "1h", "5h", "12h", "30h", "1d"))),
        components=draw(st.sampled_from(((), ("api",), ("web",), ("*b",)))),
    )


def is_open(window: Window, at: datetime) -> bool:
    """Say whether a small window is open, by going through its days."""
    zone = ZoneInfo(window.zone)
    wall = datetime.fromisoformat(window.start)
    for _ in range(int((window.rrule or "").rpartition("=")[2])):
        begin = wall.replace(tzinfo=zone).astimezone(UTC)
        unit = {"m": "minutes", "h": "hours"}.get(window.duration[-1])
        if unit:
            end = begin + timedelta(**{unit: int(window.duration[:-1])})
        else:
            end = (wall + timedelta(days=1)).replace(tzinfo=zone).astimezone(UTC)
        if begin <= at < end:
            return True
        wall += timedelta(days=1)
    return False


def is_allowed(windows: list[Window], at: datetime, components: list[str]) -> bool:
    """Judge a moment by the sentence: no blackout, and one window of those that allow, for each component."""
    for component in components:
        mine = [
            one
            for one in windows
            if not one.components or component in one.components or ("*b" in one.components and component == "web")
        ]
        allowing = [one for one in mine if one.effect is WindowEffect.ALLOW]
        if any(is_open(one, at) for one in mine if one.effect is WindowEffect.DENY):
            return False
        if allowing and not any(is_open(one, at) for one in allowing):
            return False
    return True


@given(
    windows=st.lists(small_windows(), max_size=4, unique_by=lambda one: one.name),
    quarter=st.integers(0, 6 * 96),
    components=st.sampled_from((["api"], ["web"], ["api", "web"])),
)
@settings(max_examples=120, deadline=None)
def test_a_verdict_and_its_end_are_those_of_brute_force(
    windows: list[Window], quarter: int, components: list[str]
) -> None:
    """At a moment, and at every quarter of an hour until the world is over; nothing changes in between."""
    at = BEGIN + timedelta(minutes=15 * quarter + 7)
    found = verdict(windows, at, components)
    assert found.open == is_allowed(windows, at, components)
    over = BEGIN + timedelta(days=9)
    # Beginnings and ends are at quarters, so the first one after a change shows it.
    later = (BEGIN + timedelta(minutes=15 * number) for number in count(quarter + 1))
    changed = next((one for one in later if one > over or is_allowed(windows, one, components) != found.open), over)
    assert found.until == (changed if changed <= over else None)


@given(windows=st.lists(small_windows(), max_size=5, unique_by=lambda one: one.name), minute=st.integers(0, 6 * 1440))
@settings(max_examples=120, deadline=None)
def test_deny_always_wins(windows: list[Window], minute: int) -> None:
    """Where a blackout that concerns a component is open, no other window opens it."""
    at = BEGIN + timedelta(minutes=minute)
    denied = any(one.effect is WindowEffect.DENY and concerns(one, "api") and is_open(one, at) for one in windows)
    found = verdict(windows, at, ["api"])
    assert not (denied and found.open)
    if denied:
        assert next(one for one in windows if one.name == found.rule).effect is WindowEffect.DENY


@given(windows=st.lists(small_windows(), max_size=4, unique_by=lambda one: one.name))
@settings(max_examples=60, deadline=None)
def test_openings_are_the_moments_at_which_it_is_open(windows: list[Window]) -> None:
    """Every quarter of an hour lies in an opening just where the verdict is open; openings do not touch."""
    end = BEGIN + timedelta(days=5)
    found = openings(windows, BEGIN, end, ["api"])
    for number in range(0, 5 * 96, 3):
        at = BEGIN + timedelta(minutes=15 * number)
        assert any(one.begin <= at < (one.end or end) for one in found) == is_allowed(windows, at, ["api"])
    assert all(one.end and one.end < other.begin for one, other in pairwise(found))
