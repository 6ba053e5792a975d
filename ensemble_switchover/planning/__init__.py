"""What a run will cost, before it is run: memory from shapes, time from calibration (no torch)."""
