"""From the overrides of a command to resolved and checked runs (no torch)."""
