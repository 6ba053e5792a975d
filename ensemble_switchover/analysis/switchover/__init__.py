"""The Ensemble Switchover Threshold: the grid of errors, its verdicts and their coverage."""
