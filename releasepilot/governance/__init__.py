"""Who may release what, and when: pure decisions over the model. The only package that knows dateutil and holidays."""
