"""Capture on nodes: plan what to run, run it over a transport, store what comes back."""
