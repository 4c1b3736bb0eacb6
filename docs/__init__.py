"""The documentation, and what generates the reference from the code."""
