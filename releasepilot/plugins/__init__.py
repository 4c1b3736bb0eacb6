"""Actuators and their registry: how ReleasePilot touches the world."""
