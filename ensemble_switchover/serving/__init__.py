"""Trained ensembles in use: their weights, predictions, and exported files."""
