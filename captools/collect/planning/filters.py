"""The capture filter of a point: the shipping connections left out first, then what the user asked for. Pure.

A capture that sees its own way home feeds itself: every packet shipped is a packet captured. Where several
nodes are captured at once, each may also see the others' connections (a router sees them all), so all of them
are left out everywhere. What is left out is wider than one connection, for one that was cut comes back from
another port, and a detached capture is fetched from a port nobody knows yet. It is recorded as an exception: of
what it covers, silence proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

from captools.collect.targets import Target
from captools.model.errors import UsageError

# A BPF program holds 4,096 instructions and one connection costs about 20.
MAX_LEFT_OUT = 64
KUBELET, KONNECTIVITY = 10250, 8132  # ports: of every kubelet; of the server that konnectivity's agents call
# The kubelet hands an exec stream to the container runtime over loopback, on a port of the runtime's choice.
LOOPBACK = "tcp and src net 127.0.0.0/8 and dst net 127.0.0.0/8"


def shipping(target: Target, ssh_connection: str = "") -> tuple[str, ...]:
    """Return the BPF texts of the ways home from a node, as they may be seen there and on others.

    ``ssh_connection`` is ``$SSH_CONNECTION`` on the node. Of a Kubernetes node they are its kubelet's port, the API
    server, konnectivity where it is used, and loopback. What goes through WireGuard between nodes cannot be told apart.
    """
    if target.transport != "kubectl":
        return tuple(filter(None, (exclusion(ssh_connection),)))
    found = [_one_port(target.host_ip, KUBELET)]
    address, _, port = target.api.partition(" ")
    if port.isdecimal():
        found.append(_one_port(address, int(port)))
    if target.konnectivity:
        found.append(f"tcp and port {KONNECTIVITY}")
    return (*filter(None, found), LOOPBACK)


def _one_port(address: str, port: int) -> str:
    try:
        plain = _plain(address)
    except ValueError:
        return ""
    return "" if ip_address(plain).is_loopback else f"tcp and host {plain} and port {port}"


def exclusion(ssh_connection: str) -> str:
    """Return the BPF expression of the connections like that in ``$SSH_CONNECTION`` ("client port server port").

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
    return f"tcp and host {client} and host {server} and port {server_port}"


def _plain(address: str) -> str:
    """Return an address as BPF reads it: no zone, no IPv4 inside IPv6."""
    found = ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def left_out(ways: Iterable[str]) -> tuple[str, ...]:
    """Return what is really left out of ``ways`` (BPF texts, the node's own first): each once, and not too many."""
    return tuple(dict.fromkeys(filter(None, ways)))[:MAX_LEFT_OUT]


def point_filter(ways: Iterable[str], user: str) -> str:
    """Return the whole filter; ``ways`` are the BPF texts of the ways home (``shipping``), the node's own first.

    The exclusion stands first because the ``vlan`` and ``mpls`` keywords shift what follows them.
    """
    ways = left_out(ways)
    wanted = f"({user})" if user.strip() else ""
    if not ways:
        return user.strip()
    without = "not (" + " or ".join(f"({one})" for one in ways) + ")"
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
