"""One run: reuse it or train it, measure it, and write its record."""
