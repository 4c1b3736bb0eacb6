"""The durable half: workflows that orchestrate, deterministic, on Temporal. Decisions are made in activities."""
