"""Benchmarks of speed; what is compared is timed alternately in one process."""
