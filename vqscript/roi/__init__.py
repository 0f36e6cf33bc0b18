"""Regions of interest: named masks on layers, their statistics and files."""
