"""Envoy configurations of single scenarios, one file each: ``config(certificate)`` as captools.lab.envoy has it."""
