"""The web page that shows a study (no torch)."""
