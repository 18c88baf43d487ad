"""Packets while they come: one pcapng of all points, and events that end a capture."""
