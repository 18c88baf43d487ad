"""Wireshark's external capture interface."""
