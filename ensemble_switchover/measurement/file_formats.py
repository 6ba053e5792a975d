"""Names in files that parts of the program write, of which none can import the other."""

TIMING_SCHEMA = "ensemble_switchover.timing/1"
"""Schema of what `measure --json` writes and `results --add-timing` reads."""

METADATA_FILE = "ensemble_switchover.json"
"""The extra file of a torch.export file that holds the metadata."""
