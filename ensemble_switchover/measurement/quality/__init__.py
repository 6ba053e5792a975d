"""Quality of class probabilities beyond error: pure functions of arrays, without torch."""
