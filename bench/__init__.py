"""Measures the running system and prints one table of ratios: `make bench`."""
