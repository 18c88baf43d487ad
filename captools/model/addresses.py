"""Addresses: 16 bytes inside (IPv4 mapped, RFC 4291 section 2.5.5.2), text at every edge."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

V4_PREFIX = b"\x00" * 10 + b"\xff\xff"
Network = IPv4Network | IPv6Network


@lru_cache(maxsize=65_536)
def to_text(address: bytes | None) -> str:
    """Return 16 address bytes as text; the empty string for None."""
    if address is None:
        return ""
    if address.startswith(V4_PREFIX):
        return "%d.%d.%d.%d" % tuple(address[12:])  # noqa: UP031 - four times as fast as IPv4Address
    return str(IPv6Address(address))


@lru_cache(maxsize=65_536)
def to_bytes(text: str) -> bytes:
    """Return address text as 16 bytes; raise ValueError for anything that is no address."""
    address = ip_address(text)
    return V4_PREFIX + address.packed if isinstance(address, IPv4Address) else address.packed


@lru_cache(maxsize=65_536)
def mac_text(mac: bytes | None) -> str:
    """Return six bytes as ``aa:bb:cc:dd:ee:ff``; the empty string for None."""
    return mac.hex(":") if mac is not None else ""


@lru_cache(maxsize=4_096)
def network(text: str) -> Network:
    """Return a prefix such as ``172.20.2.0/24``; a bare address is its own /32 or /128."""
    return ip_network(text, strict=False)


def contains(prefix: str, address: str) -> bool:
    """Tell whether ``address`` lies in ``prefix``; False where either is not of that form."""
    try:
        return ip_address(address) in network(prefix)
    except (ValueError, TypeError):
        return False


def endpoint(address: str, port: int | None) -> str:
    """Return ``address:port`` as people and ``--flow`` write it, IPv6 in brackets."""
    host = f"[{address}]" if ":" in address else address
    return host if port is None else f"{host}:{port}"
