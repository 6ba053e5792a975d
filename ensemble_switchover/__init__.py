"""One convolutional network, or an ensemble of k smaller ones, for the same parameters?"""

from ensemble_switchover.machine.inherited_variables import mend_variables

__version__ = "0.1.0"

mend_variables()
