"""WireGuard, known by its bytes (Linux drivers/net/wireguard/messages.h; the layers are scapy's own).

Ports: any; usual are UDP 51871 (Cilium) and 51820 (WireGuard's default).

A port proves nothing: Cilium's DNS proxy has been seen on 51871 (cilium#30901). A message has type 1 to 4 and
three zero bytes, and each type its legal length. A sender may put several data messages into one datagram of a
capture (segmentation offload): the first is read as the layer, the rest stays in its encrypted part; ``messages``
tells them apart.
"""

from __future__ import annotations

from typing import Any

from scapy.layers.inet import UDP
from scapy.packet import Packet, split_layers

SIZES = {1: 148, 2: 92, 3: 64}  # handshake initiation, handshake response, cookie reply
DATA, KEEPALIVE_SIZE, PADDING = 4, 32, 16
_LAST_COUNTER = 2**64 - 1
SMALLEST_MTU = 576  # RFC 791: what every host must take


def is_wireguard(payload: bytes, *, size: int | None = None) -> bool:
    """Tell whether a UDP payload is a WireGuard message; ``size`` is its length on the wire where it is cut short.

    Plaintext is padded to 16 bytes, but never beyond the device's MTU: full-size data messages may have any length.
    """
    if len(payload) < 4 or payload[1:4] != b"\0\0\0":
        return False
    size = len(payload) if size is None else size
    kind = payload[0]
    if kind == DATA:
        return size >= KEEPALIVE_SIZE and (size % PADDING == 0 or size >= KEEPALIVE_SIZE + SMALLEST_MTU)
    return SIZES.get(kind) == size


def messages(payload: bytes) -> tuple[bytes, ...]:
    """Return the messages of one datagram, each as it went over the wire.

    Several are data messages of one session: all as long as the first but the last, their counters rising by one. The
    header of the second one tells where the first one ends.
    """
    if len(payload) < KEEPALIVE_SIZE or payload[0] != DATA:
        return (payload,)
    counter = int.from_bytes(payload[8:16], "little")
    following = payload[:8] + (counter + 1 & _LAST_COUNTER).to_bytes(8, "little")
    size = payload.find(following, KEEPALIVE_SIZE)
    if size < 0:
        return (payload,)
    return tuple(payload[at : at + size] for at in range(0, len(payload), size))


def _payload_class(datagram: Packet, payload: bytes) -> Any:
    """Return the layer of a datagram that no port binding claims."""
    from scapy.contrib.wireguard import Wireguard

    size = datagram.len - 8 if isinstance(datagram.len, int) and datagram.len >= 8 else None
    if is_wireguard(payload, size=size):
        return Wireguard
    return Packet.default_payload_class(datagram, payload)


def bind() -> None:
    """Read any UDP datagram that holds a WireGuard message and no other protocol's port; may be repeated."""
    # Importing scapy's layers takes everything on 51820 for WireGuard: so import them here, and undo that.
    from scapy.contrib.wireguard import Wireguard

    split_layers(UDP, Wireguard, dport=51820)
    split_layers(UDP, Wireguard, sport=51820)
    # Asked only after all port bindings, so DNS from source port 51871 stays DNS wherever scapy knows its port.
    UDP.default_payload_class = _payload_class
