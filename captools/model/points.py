"""Observation points: a node and a real interface, written ``k8s-w1/eth1``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What an interface is for; captures are asked for by role, not by name."""

    NIC = "nic"
    TUNNEL = "tunnel"
    WIREGUARD = "wireguard"
    PODS = "pods"
    HOST = "host"  # cilium_host, cilium_net: the node's own side of the pod network
    ANY = "any"
    OTHER = "other"


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One observation point. ``str()`` gives ``node/interface``."""

    node: str
    interface: str

    def __str__(self) -> str:
        return f"{self.node}/{self.interface}"


def parse_point(text: str) -> Point:
    """Read ``node/interface``; raise ValueError where one of the two is missing."""
    node, slash, interface = text.partition("/")
    if not slash or not node or not interface:
        raise ValueError(f"{text!r} is not a point: write NODE/INTERFACE, for example k8s-w1/eth1")
    return Point(node, interface)


# IFACE ends at the first "." unless a VLAN's few digits follow it, as in eth1.100 (DESIGN, section 3).
_NAMED_FILE = re.compile(r"^(?P<node>.+?)__(?P<iface>[^.]+(?:\.\d{1,7}(?![^.]))?)")
_PACKED = re.compile(r"\.(?:gz|zstd?)$", re.IGNORECASE)
_CAPTURE = re.compile(r"(?P<kind>\.(?:pcapng|pcap|cap))(?P<number>\d*)$", re.IGNORECASE)
_DAY = r"20\d\d(?P<{0}>[-.]?)(?:0[1-9]|1[0-2])(?P={0})[0-3]\d"
_CLOCK = r"[0-2]\d(?P<{0}>[-:.h]?)[0-5]\d(?:[-:.m]?[0-5]\ds?)?Z?"
_TIME = rf"(?:{_DAY.format('a')}(?:[-_T.]?{_CLOCK.format('b')})?|1\d{{9}}|[0-2]\d:[0-5]\d:[0-5]\d)"
# What dumpcap and editcap (number and time, in either order) or tcpdump -G (a time) put before the extension.
_MARK = re.compile(rf"[-_.](?:(?P<before>\d{{5,}})_)?{_TIME}(?:_\d{{5,}})?$")


@dataclass(frozen=True, slots=True)
class FileName:
    """A capture file's name: ``base`` without what packing and rotation added. ``rotated``: it says that it is one of several."""

    base: str
    kind: str  # the extension, "" where there is none
    rotated: bool


def file_name(name: str) -> FileName:
    """Take a file name apart: ``eth1.pcap12.gz`` and ``eth1_00012_20261120120000.pcap`` are parts of ``eth1``.

    Numbers behind the extension are those of tcpdump -C and -W.
    """
    rest = _PACKED.sub("", name)
    found = _CAPTURE.search(rest)
    kind, number = (found["kind"].lower(), found["number"]) if found else ("", "")
    rest = rest[: found.start()] if found else rest
    base = _MARK.sub("", rest) or rest
    return FileName(base, kind, bool(number) or base != rest)


def point_of_file(name: str) -> Point | None:
    """Return the point a file name tells: ``k8s-w1__eth1.100.pcap`` is ``k8s-w1/eth1.100``.

    None where the name does not have the form ``NODE__IFACE.ext``. All files of a rotated capture tell the same.
    """
    found = _NAMED_FILE.match(file_name(name).base)
    return Point(found["node"], found["iface"]) if found else None


def role_of(interface: str, kind: str = "") -> Role:
    """Return the role of an interface from its name and its link kind (``ip -d -j link`` info_kind).

    Cilium's device names are fixed (FACTS: cilium_vxlan, cilium_geneve, cilium_wg0, cilium_host, lxc*).
    """
    if interface == "any":
        return Role.ANY
    if kind == "wireguard" or interface == "cilium_wg0" or re.match(r"wg\d", interface):
        return Role.WIREGUARD
    if kind in ("vxlan", "geneve") or interface.startswith(("cilium_vxlan", "cilium_geneve", "cilium_ipip")):
        return Role.TUNNEL
    if interface in ("cilium_host", "cilium_net"):
        return Role.HOST
    if interface.startswith("lxc") or kind == "netkit":
        return Role.PODS
    if re.match(r"(eth|en[opsx]|ens|bond|wlan|wl)\w*", interface) and kind in ("", "veth", "bond", "vlan"):
        return Role.NIC
    return Role.OTHER
