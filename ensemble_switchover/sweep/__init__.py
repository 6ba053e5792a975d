"""Sweeps of many runs: what is to be run, how it is launched, and its progress (no torch)."""
