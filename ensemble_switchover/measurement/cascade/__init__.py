"""An ensemble that stops early: pure functions of its members' probabilities, without torch."""
