"""The actuators that ship with ReleasePilot, one file a system."""
