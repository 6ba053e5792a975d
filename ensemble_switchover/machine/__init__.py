"""This computer: terminal, log messages, signals, hardware, files, worker processes; no torch."""
