"""Change management systems behind one port: `interface.py` first, then one file a system."""
