"""The embedded default: a project of synthetic mice."""
