"""Paths: each conversation followed over the points, how it ended, and what the points could have seen of it."""
