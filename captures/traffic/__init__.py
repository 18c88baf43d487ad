"""Synthetic cluster traffic in bulk: payload templates, conversations, sessions and their frames (numpy only)."""
