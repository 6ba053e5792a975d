"""Images of iterated function systems, in the manner of FractalDB (Kataoka et al., ACCV 2020)."""

from ensemble_switchover.data.sources.fractals.source import FRACTALS, Fractals

__all__ = ["FRACTALS", "Fractals"]
