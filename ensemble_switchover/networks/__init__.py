"""Torch modules of the networks of a design, and the ensemble of k of them."""

from ensemble_switchover.networks.build import build_member, build_network
from ensemble_switchover.networks.ensemble import Ensemble

__all__ = ["Ensemble", "build_member", "build_network"]
