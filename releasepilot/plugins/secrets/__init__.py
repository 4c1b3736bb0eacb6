"""Secrets by reference: a catalog names where one stands, and only the call that needs it looks there."""
