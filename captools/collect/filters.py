"""The capture filter of a point: the shipping connections left out first, then what the user asked for. Pure.

A capture that sees its own way home feeds itself: every packet shipped is a packet captured. Where several
nodes are captured at once, each may also see the others' connections (a router sees them all), so all of them
are left out everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from captools.model.errors import UsageError

# A BPF program holds 4,096 instructions and one connection costs about 20.
MAX_CONNECTIONS = 64


def exclusion(ssh_connection: str) -> str:
    """Return the BPF expression of the connection in ``$SSH_CONNECTION`` ("client port server port").

    The empty string where there is none, or where ssh itself does not know (``sshd -i`` says UNKNOWN).
    """
    parts = ssh_connection.split()
    if len(parts) != 4:
        return ""
    try:
        client, server = (_plain(parts[0]), _plain(parts[2]))
        client_port, server_port = int(parts[1]), int(parts[3])
    except ValueError:
        return ""
    if not (0 < client_port < 65536 and 0 < server_port < 65536):
        return ""
    return f"tcp and host {client} and host {server} and port {client_port} and port {server_port}"


def _plain(address: str) -> str:
    """Return an address as BPF reads it: no zone, no IPv4 inside IPv6."""
    found = ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def point_filter(connections: Iterable[str], user: str) -> str:
    """Return the whole filter; ``connections`` are ``$SSH_CONNECTION`` texts, the node's own first.

    The exclusion stands first because the ``vlan`` and ``mpls`` keywords shift what follows them.
    """
    left_out = list(dict.fromkeys(filter(None, map(exclusion, connections))))[:MAX_CONNECTIONS]
    wanted = f"({user})" if user.strip() else ""
    if not left_out:
        return user.strip()
    without = "not (" + " or ".join(f"({one})" for one in left_out) + ")"
    return f"{without} and {wanted}" if wanted else without


def check_user_filter(user: str) -> None:
    """Raise UsageError for a filter that would escape its brackets and with them the exclusion."""
    depth = 0
    for position, char in enumerate(user, start=1):
        depth += (char == "(") - (char == ")")
        if depth < 0:
            raise UsageError(
                f"the filter {user!r} closes a bracket at character {position} that it never opened",
                hint="correct the filter; man pcap-filter has the syntax",
            )
    if depth > 0:
        raise UsageError(
            f"the filter {user!r} leaves {depth} bracket(s) open",
            hint="correct the filter; man pcap-filter has the syntax",
        )
