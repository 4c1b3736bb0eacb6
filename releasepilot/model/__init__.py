"""The nouns: frozen values without clock or I/O. Change means a new value."""
