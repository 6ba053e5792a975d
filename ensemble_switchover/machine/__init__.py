"""What this computer has: terminal, signals, hardware, files, worker processes (no torch)."""
