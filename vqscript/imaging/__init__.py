"""Volumes, geometry, units, resampling and files: numpy, and nothing above it."""
