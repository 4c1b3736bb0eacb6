"""Trains that are run to see how they can end: real workflows, engine and activities over far sides in memory."""
