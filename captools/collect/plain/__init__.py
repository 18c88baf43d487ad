"""Nodes without Python: streams of tcpdump, held by plain sh."""
