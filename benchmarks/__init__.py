"""Speed, as ratios of sides that alternate in one run."""
