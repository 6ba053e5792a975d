"""Cascades: the members of an ensemble asked in turn, until they are sure; from predictions."""
