"""He initialisation (He et al. 2015, "Delving Deep into Rectifiers")."""

from __future__ import annotations

import torch
from torch import nn


def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights of a network from `generator`, in the order of its modules.

    Convolutions get normal weights of variance `2 / (kernel^2 * outputs)`, as in the code of the
    families' papers, with the outputs that one input has: those of its group. The classifier gets
    uniform ones within `1 / sqrt(inputs)` of 0. Biases are 0. Batch norms get scale 1 and shift 0.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(
                module.weight, mode="fan_out", nonlinearity="relu", generator=generator
            )
            if module.groups > 1:  # torch counts the outputs of all groups
                with torch.no_grad():
                    module.weight.mul_(module.groups**0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            bound = module.in_features**-0.5
            nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            nn.init.zeros_(module.bias)
