"""Git repositories: mirrors of them, snapshots of what they hold, and the release commits and refs written to them."""
