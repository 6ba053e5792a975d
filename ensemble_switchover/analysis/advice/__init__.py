"""Advice on which design to build within given limits."""
