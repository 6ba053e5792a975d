"""Metrics of runs in W&B, TensorBoard and CSV: names, loggers, workspaces."""
