"""Direct server return in Geneve, as Cilium's eBPF does it, by hand: there is no Geneve device and no eBPF in the lab.

Started as ``geneve_dsr.py enter VIP PORT POD POD_PORT NODE DEVICE`` on the node that a service's packets come to: they get
the pod's address and go to the pod's NODE in Geneve, the SYN with the option that tells the service's address. Started as
``geneve_dsr.py deliver ADDRESS`` on that node: what comes in Geneve goes to the pod. The answers are the kernel's business.
"""

from __future__ import annotations

import socket
import struct
import sys

PORT = 6081
WORLD = 2  # the identity of a client outside (FACTS, section 3)
DSR_CLASS, DSR_TYPE = 0x014B, 0x81  # FACTS, section 4
_ETHERTYPE_IP, _TCP, _SYN = 0x0800, 6, 0x02
_MACS = bytes.fromhex("0a0000000002") + bytes.fromhex("0a0000000001")  # inside the tunnel nobody looks at them


def checksum(data: bytes) -> int:
    """Return the Internet checksum of ``data`` (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def redirected(packet: bytes, pod: str, port: int) -> bytes:
    """Return a TCP packet over IPv4 with another destination, one hop older, its checksums made anew."""
    size = (packet[0] & 0x0F) * 4
    head, segment = bytearray(packet[:size]), bytearray(packet[size : struct.unpack_from("!H", packet, 2)[0]])
    head[16:20] = socket.inet_aton(pod)
    head[8] -= 1
    head[10:12] = bytes(2)
    head[10:12] = struct.pack("!H", checksum(bytes(head)))
    segment[2:4] = struct.pack("!H", port)
    segment[16:18] = bytes(2)
    pseudo = bytes(head[12:20]) + struct.pack("!BBH", 0, _TCP, len(segment))
    segment[16:18] = struct.pack("!H", checksum(pseudo + bytes(segment)))
    return bytes(head + segment)


def in_geneve(packet: bytes, service: tuple[str, int] | None) -> bytes:
    """Return an IP packet in Geneve (RFC 8926), with the DSR option where a service is given."""
    option = b""
    if service is not None:
        body = socket.inet_aton(service[0]) + struct.pack("!HH", service[1], 0)
        option = struct.pack("!HBB", DSR_CLASS, DSR_TYPE, len(body) // 4) + body
    critical = 0x40 if option else 0
    head = struct.pack("!BBHI", len(option) // 4, critical, 0x6558, WORLD << 8)
    return head + option + _MACS + struct.pack("!H", _ETHERTYPE_IP) + packet


def enter(vip: str, port: str, pod: str, pod_port: str, node: str, device: str) -> None:
    """Send what comes for a service on to a pod's node, until killed."""
    heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETHERTYPE_IP))
    heard.bind((device, _ETHERTYPE_IP))
    tunnel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wanted = socket.inet_aton(vip)
    while True:
        frame, (_, _, kind, *_) = heard.recvfrom(65_535)
        packet = frame[14:]
        size = (packet[0] & 0x0F) * 4
        if kind == socket.PACKET_OUTGOING or packet[9] != _TCP or packet[16:20] != wanted:
            continue
        if struct.unpack_from("!H", packet, size + 2)[0] != int(port):
            continue
        begins = packet[size + 13] & _SYN
        service = (vip, int(port)) if begins else None
        tunnel.sendto(in_geneve(redirected(packet, pod, int(pod_port)), service), (node, PORT))


def deliver(address: str) -> None:
    """Give what comes in Geneve to the pods it is for, until killed."""
    tunnel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tunnel.bind((address, PORT))
    pods = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    while True:
        message = tunnel.recv(65_535)
        packet = bytearray(message[8 + (message[0] & 0x3F) * 4 + 14 :])
        packet[8] -= 1  # the kernel makes the header's checksum anew (raw(7), IP_HDRINCL)
        pods.sendto(packet, (socket.inet_ntoa(bytes(packet[16:20])), 0))


def main(what: str, *words: str) -> None:
    """Be one of the two ends."""
    if what == "enter":
        enter(*words)
    else:
        deliver(*words)


if __name__ == "__main__":
    main(*sys.argv[1:])
