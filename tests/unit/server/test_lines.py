"""Lines that others can cause are bounded, and their number is told."""

from __future__ import annotations

import logging

import pytest

from releasepilot.server.lines import Bounded


def test_so_many_pass_and_the_rest_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """The first line of the next minute says how many there were."""
    time = [0.0]
    logger = logging.getLogger("test.bounded")
    bounded = Bounded(most=3, seconds=60, clock=lambda: time[0])
    logger.addFilter(bounded)
    try:
        for number in range(1000):
            logger.warning("refused %d", number)
        assert [record.getMessage() for record in caplog.records] == ["refused 0", "refused 1", "refused 2"]
        time[0] = 60.0
        for number in range(1000):
            logger.warning("again %s", number)
    finally:
        logger.removeFilter(bounded)
    assert len(caplog.records) == 6
    assert caplog.records[3].getMessage() == "again 0 (997 lines before it were left out)"
    assert caplog.records[4].getMessage() == "again 1"
