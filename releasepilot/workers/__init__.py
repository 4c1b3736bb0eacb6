"""The composition root: workers, and the embedded servers that they talk to."""
