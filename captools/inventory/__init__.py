"""Cluster facts read from text: kubectl, cilium, ip, wg, hubble. Pure."""
