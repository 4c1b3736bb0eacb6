"""Decide versions: commit messages in, the next version and its reasons out. Pure: no I/O, no clock."""

from releasepilot.versioning.decision import Decision, Reason, bump_version, decide, decide_changes
from releasepilot.versioning.dialect import Change
from releasepilot.versioning.policy import POLICIES, BumpPolicy, policy_of

__all__ = [
    "POLICIES",
    "BumpPolicy",
    "Change",
    "Decision",
    "Reason",
    "bump_version",
    "decide",
    "decide_changes",
    "policy_of",
]
