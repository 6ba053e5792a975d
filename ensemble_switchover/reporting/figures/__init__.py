"""One function per figure of the paper (no torch)."""
