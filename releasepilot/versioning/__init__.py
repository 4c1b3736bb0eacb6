"""Decide versions: commit messages in, the next version and its reasons out. Pure: no I/O, no clock."""

from releasepilot.versioning.policy import POLICIES, BumpPolicy, Decision, decide

__all__ = ["POLICIES", "BumpPolicy", "Decision", "decide"]
