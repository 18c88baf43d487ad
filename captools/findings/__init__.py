"""Rules: one file each, reading the analysis only. Pure."""
