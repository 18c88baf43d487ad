"""scapy layers, one protocol per file, each with bind(); nothing binds at import.

``bind_all()`` is the one call a script needs: scapy's own bindings differ with what was imported before, so
binding explicitly and once is the only order that can be relied on.
"""

from __future__ import annotations

from importlib import import_module

MODULES = ("cilium_geneve", "cilium_vxlan", "wireguard")


def bind_all() -> None:
    """Bind every layer of this folder at its usual ports; calling it again changes nothing."""
    for name in MODULES:
        import_module(f"{__name__}.{name}").bind()
