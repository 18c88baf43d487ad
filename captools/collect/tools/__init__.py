"""Capture tools, one file each: how to start it, when it is ready, what its counts mean."""
