"""Pure functions that measure time, memory, latency, quality, and what disturbed them."""
