"""Change records: legal moves, the path of a plan, what a board reads, when it meets, and drift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.changes import PLAN
from support.plans import planned, source

from releasepilot.governance.board import earliest_authorisation
from releasepilot.governance.change import (
    MAX_TEXT,
    backout_of,
    bounded,
    checks_of,
    correlation_of,
    drift_of,
    evidence_of,
    folded,
    implementation_of,
    justification_of,
    one_line,
    path_of,
    seen_state,
    summary_of,
)
from releasepilot.model.change import (
    ENDED,
    MAX_CORRELATION,
    MOVES,
    Board,
    ChangeModel,
    ChangePath,
    ChangeRecord,
    ChangeState,
    Drift,
    DriftAnswer,
    DriftPolicy,
    External,
    Sighting,
    advance,
)
from releasepilot.model.version import Bump

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
paths = st.sampled_from(ChangePath)
states = st.sampled_from(ChangeState)
TEXTS = (summary_of, justification_of, implementation_of, checks_of, backout_of, evidence_of)


def a_sighting(state: ChangeState | None, **more: object) -> Sighting:
    """See a change."""
    external = External(system="servicenow", id="1", number="CHG0030001", state="whatever")
    return Sighting.model_validate({"external": external, "correlation_id": "t/api", "state": state, **more})


def reachable(path: ChangePath) -> set[ChangeState]:
    """Return where a draft can get to."""
    found, todo = {ChangeState.DRAFT}, [ChangeState.DRAFT]
    while todo:
        for state in MOVES[path][todo.pop()]:
            if state not in found:
                found.add(state)
                todo.append(state)
    return found


@given(path=paths, now=states, to=states)
def test_a_move_is_allowed_exactly_where_the_table_has_it(path: ChangePath, now: ChangeState, to: ChangeState) -> None:
    """One function reads the table, and nothing gets past it."""
    if to in MOVES[path].get(now, ()):
        assert advance(path, now, to) is to
    else:
        with pytest.raises(ValueError, match="cannot go from"):
            advance(path, now, to)


@given(path=paths, ended=st.sampled_from(ENDED))
def test_nothing_leads_out_of_an_end(path: ChangePath, ended: ChangeState) -> None:
    """What is closed, cancelled or rejected stays that."""
    assert MOVES[path][ended] == ()


@given(path=paths, walk=st.lists(st.integers(min_value=0, max_value=9), max_size=12))
def test_nobody_implements_what_was_not_scheduled(path: ChangePath, walk: list[int]) -> None:
    """However a change walks, it was scheduled right before it is implemented, and a board saw what needs one."""
    now, seen = ChangeState.DRAFT, [ChangeState.DRAFT]
    for choice in walk:
        following = MOVES[path][now]
        if not following:
            break
        now = advance(path, now, following[choice % len(following)])
        seen.append(now)
    if ChangeState.IMPLEMENT in seen:
        at = seen.index(ChangeState.IMPLEMENT)
        assert seen[at - 1] is ChangeState.SCHEDULED
        assert (ChangeState.AUTHORIZE in seen[:at]) is (path is not ChangePath.STANDARD)
        assert (ChangeState.ASSESS in seen[:at]) is (path is ChangePath.NORMAL)


def test_the_paths_differ_in_who_is_asked() -> None:
    """A standard change is neither assessed nor authorised, an emergency is not assessed; each can be closed."""
    assert set(ChangeState) - reachable(ChangePath.NORMAL) == set()
    assert set(ChangeState) - reachable(ChangePath.EMERGENCY) == {ChangeState.ASSESS}
    assert set(ChangeState) - reachable(ChangePath.STANDARD) == {ChangeState.ASSESS, ChangeState.AUTHORIZE}


def test_a_change_under_review_is_not_cancelled() -> None:
    """What was done can only be closed."""
    assert all(MOVES[path][ChangeState.REVIEW] == (ChangeState.CLOSED,) for path in ChangePath)


def test_a_model_covers_a_plan_only_as_a_whole() -> None:
    """One component or one bump beyond it, and the board is asked."""
    both = ChangeModel(id="m", name="both", components=("a*", "web"), bumps=(Bump.PATCH, Bump.MINOR))
    only_api = ChangeModel(id="n", name="api", components=("api",), bumps=(Bump.PATCH, Bump.MINOR))
    patches = ChangeModel(id="o", name="patches")
    assert path_of(PLAN, (only_api, both), emergency=False) == (ChangePath.STANDARD, both)
    assert path_of(PLAN, (only_api, patches), emergency=False) == (ChangePath.NORMAL, None)
    assert path_of(PLAN, (only_api,), emergency=True) == (ChangePath.EMERGENCY, None)
    assert path_of(PLAN, (both,), emergency=True) == (ChangePath.STANDARD, both)


def test_no_model_covers_a_plan_without_releases() -> None:
    """That all of nothing is covered authorises nothing."""
    assert path_of(planned(source("api")), (ChangeModel(id="m", name="m"),), emergency=False)[0] is ChangePath.NORMAL


def test_the_texts_are_those_of_the_plan() -> None:
    """What is released, in which order, what is checked, and how it is taken back."""
    plan = planned(
        source("api", "feat: a"),
        source("web", "fix: b", needs={"api": "^1.0.0"}),
        components={
            "api": {"publish": [{"uses": "npm"}], "health": [{"uses": "http"}]},
            "web": {"hooks": {"verify": "true"}},
        },
    )
    implementation = implementation_of(plan)
    assert plan.digest in implementation
    assert implementation.index("1. api 1.0.0 to 1.1.0 (minor)") < implementation.index("2. web 1.0.0 to 1.0.1")
    assert "Point of no return: api/npm." in implementation
    assert "api/http by http" in checks_of(plan)
    assert "web/verify by verify" in checks_of(plan)
    backout = backout_of(plan)
    assert backout.index("web/push") < backout.index("api/push")
    assert "api/http" not in backout
    assert "api/npm: can be taken back only for a while" in backout
    assert plan.releases[0].head in evidence_of(plan)


hostile = st.text(st.characters(codec="utf-8") | st.sampled_from("\n\r\u202e\u2028\x1b\x00|#*`"), max_size=80)


@given(message=hostile)
def test_no_message_begins_a_line_or_turns_one(message: str) -> None:
    """Whatever a commit says, a text has the lines of an innocent plan, and no character that is not seen."""
    plan = PLAN.model_copy(
        update={
            "releases": tuple(one.model_copy(update={"reasons": (message,), "tag": message}) for one in PLAN.releases)
        }
    )
    for text in TEXTS:
        said = text(plan)
        assert len(said.splitlines()) == len(text(PLAN).splitlines())
        assert not any(ord(one) < 32 and one != "\n" for one in said)
        assert "\u202e" not in said


@given(text=hostile)
def test_a_line_is_one_line(text: str) -> None:
    """And making one of it again changes nothing."""
    assert len(one_line(text).splitlines()) <= 1
    assert one_line(one_line(text)) == one_line(text)


@given(lines=st.lists(st.text(max_size=300), max_size=60))
def test_a_text_fits_its_field(lines: list[str]) -> None:
    """What does not fit is counted and not cut in the middle of a line."""
    said = bounded(lines)
    assert len(said) <= MAX_TEXT
    assert said == "\n".join(lines) or said.endswith("more lines")


@given(train=st.text("abc-", min_size=1, max_size=80), one=st.text("abc", min_size=1, max_size=63))
def test_a_correlation_id_fits_and_tells_components_apart(train: str, one: str) -> None:
    """ServiceNow would cut a longer one off, and two of them could become one."""
    assert len(correlation_of(train, one)) <= MAX_CORRELATION
    assert correlation_of(train, one) != correlation_of(train, f"{one}x")


TUESDAYS = Board(zone="Europe/Berlin", start="2026-01-06T10:00", rrule="FREQ=WEEKLY;BYDAY=TU", lead=2 * 86400)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # Wednesday: next Tuesday is far enough away.
        ("2026-11-25T12:00+00:00", "2026-12-01T10:00+01:00"),
        # Exactly the lead time before a meeting is in time, a second later is not.
        ("2026-11-29T10:00+01:00", "2026-12-01T10:00+01:00"),
        ("2026-11-29T10:00:01+01:00", "2026-12-08T10:00+01:00"),
        # Ten o'clock stays ten o'clock when the clocks change.
        ("2026-10-20T12:00+00:00", "2026-10-27T10:00+01:00"),
        ("2026-10-15T12:00+00:00", "2026-10-20T10:00+02:00"),
    ],
)
def test_the_first_meeting_that_takes_a_change(now: str, expected: str) -> None:
    """Cadence and lead time together, on the clocks of the board."""
    found = earliest_authorisation(TUESDAYS, datetime.fromisoformat(now))
    assert found == datetime.fromisoformat(expected)


def test_a_board_that_meets_no_more_takes_nothing() -> None:
    """A rule that has ended gives no meeting, and the search for one ends."""
    board = TUESDAYS.model_copy(update={"rrule": "FREQ=WEEKLY;COUNT=3"})
    assert earliest_authorisation(board, NOON) is None


@given(hours=st.integers(min_value=0, max_value=24 * 365))
def test_a_meeting_is_never_within_the_lead_time(hours: int) -> None:
    """Nor further away than lead time and one period."""
    now = NOON + timedelta(hours=hours)
    found = earliest_authorisation(TUESDAYS, now)
    assert found is not None
    assert timedelta(days=2) <= found - now <= timedelta(days=9, hours=1)


def test_a_rejected_change_looks_like_a_draft() -> None:
    """Only its approval tells it apart; once it is implemented the approval is history."""
    assert seen_state(ChangeState.DRAFT, "rejected") is ChangeState.REJECTED
    assert seen_state(ChangeState.SCHEDULED, "rejected") is ChangeState.REJECTED
    assert seen_state(ChangeState.DRAFT, "requested") is ChangeState.DRAFT
    assert seen_state(ChangeState.CANCELLED, "rejected") is ChangeState.CANCELLED
    assert seen_state(None, "rejected") is None


def test_the_record_follows_what_is_seen() -> None:
    """A state that we do not know leaves ours as it was, but not the other system's words."""
    record = ChangeRecord(id="t/api", path=ChangePath.NORMAL, plan_digest="sha256:1", summary="s")
    seen = folded(record, a_sighting(ChangeState.SCHEDULED, begin=NOON))
    assert (seen.state, seen.begin, seen.external and seen.external.number) == ("scheduled", NOON, "CHG0030001")
    assert folded(seen, a_sighting(None)).state is ChangeState.SCHEDULED


@pytest.mark.parametrize(
    ("sighting", "expected"),
    [
        (a_sighting(ChangeState.IMPLEMENT), None),
        (a_sighting(ChangeState.REVIEW), None),
        (a_sighting(ChangeState.IMPLEMENT, begin=NOON, end=NOON + timedelta(hours=1)), None),
        (a_sighting(ChangeState.IMPLEMENT, end=NOON), Drift.RESCHEDULED),
        (a_sighting(ChangeState.IMPLEMENT, begin=NOON + timedelta(seconds=1)), Drift.RESCHEDULED),
        (a_sighting(ChangeState.IMPLEMENT, on_hold=True), Drift.ON_HOLD),
        (a_sighting(ChangeState.CANCELLED, on_hold=True), Drift.CANCELLED),
        (a_sighting(ChangeState.REJECTED), Drift.REJECTED),
        (a_sighting(ChangeState.DRAFT), Drift.WITHDRAWN),
        (a_sighting(ChangeState.SCHEDULED), Drift.WITHDRAWN),
        (a_sighting(ChangeState.CLOSED), Drift.WITHDRAWN),
        (a_sighting(None), Drift.WITHDRAWN),
    ],
)
def test_drift(sighting: Sighting, expected: Drift | None) -> None:
    """A change is in force while it is implemented, not on hold, and within its schedule, which is half-open."""
    assert drift_of(sighting, NOON) is expected


def test_each_drift_has_an_answer() -> None:
    """By default what is over turns the train round, and what may come back pauses it."""
    policy = DriftPolicy()
    turned = [drift for drift in Drift if policy.answer(drift) is DriftAnswer.COMPENSATE]
    assert turned == [Drift.CANCELLED, Drift.REJECTED]
