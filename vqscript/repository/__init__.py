"""Repositories of studies behind one protocol."""
