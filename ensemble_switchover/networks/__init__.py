"""The networks themselves, one file a family, and the ensemble of k of them."""

from ensemble_switchover.networks.ensemble import Ensemble
from ensemble_switchover.networks.registry import build_member, build_network

__all__ = ["Ensemble", "build_member", "build_network"]
