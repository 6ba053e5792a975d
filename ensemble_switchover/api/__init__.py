"""What Python code and notebooks call: `from ensemble_switchover import compose, train, ...`."""
