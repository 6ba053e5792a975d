"""Measurement: timing, memory, latency and classification, by pure functions under callbacks."""
