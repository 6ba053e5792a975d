"""The explorer: a page for exploring and comparing designs, with advice (without torch)."""
