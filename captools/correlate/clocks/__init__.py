"""Clocks: how far each node's clock runs ahead of the others', and how fast, from the packets themselves."""

from captools.correlate.clocks.clocks import Clocks

__all__ = ["Clocks"]
