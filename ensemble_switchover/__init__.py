"""One convolutional network, or an ensemble of k smaller ones, for the same parameters?"""

__version__ = "0.1.0"
