"""The pure half: from a snapshot to a plan. The only package that knows networkx."""
