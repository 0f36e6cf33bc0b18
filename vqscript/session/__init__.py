"""The state a script works on, and its operators; also the Python API."""
