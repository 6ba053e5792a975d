"""The explorer: a page in which designs are seen, compared and advised (no torch)."""
