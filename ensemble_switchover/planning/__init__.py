"""Predicted cost of a run: memory from shapes, time from a calibration; without torch."""
