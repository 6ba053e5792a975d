"""From records to answers: tables, statistics, the switchover, time to accuracy (no torch)."""
