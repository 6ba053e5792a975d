"""Which design to build with given limits."""
