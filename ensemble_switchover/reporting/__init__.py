"""The page of a report: it shows a study and runs no script (no torch)."""
