"""The vocabulary of captools: words, units and small values. Pure: no IO, no clock, no UI."""
