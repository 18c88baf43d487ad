"""Names that tcpdump prints where it was not run with ``-n`` (ports), or always (EtherTypes, protocols)."""

from __future__ import annotations

from captools.model.packets import EtherType, Proto

# The usual services of a cluster as Debian's and Red Hat's /etc/services spell them (IANA registry). A name that is
# not here leaves the port unknown: another system's list may call another port so.
PORTS = {
    "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "bootps": 67, "bootpc": 68,
    "tftp": 69, "http": 80, "kerberos": 88, "pop3": 110, "sunrpc": 111, "ntp": 123, "netbios-ns": 137,
    "netbios-dgm": 138, "imap2": 143, "imap": 143, "snmp": 161, "bgp": 179, "ldap": 389, "https": 443,
    "microsoft-ds": 445, "isakmp": 500, "syslog": 514, "dhcpv6-client": 546, "dhcpv6-server": 547, "ldaps": 636,
    "imaps": 993, "nfs": 2049, "etcd-client": 2379, "etcd-server": 2380, "mysql": 3306, "vxlan": 4789,
    "ipsec-nat-t": 4500, "mdns": 5353, "postgresql": 5432, "x11": 6000, "geneve": 6081, "redis": 6379,
    "http-alt": 8080, "webcache": 8080, "otv": 8472,
}  # fmt: skip

ETHERTYPES = {
    "IPv4": EtherType.IPV4, "ARP": EtherType.ARP, "IPv6": EtherType.IPV6, "802.1Q": EtherType.VLAN,
    "802.1Q-QinQ": EtherType.QINQ, "TEB": EtherType.TEB,
}  # fmt: skip

# How lines of protocols without ports begin (print-*.c of tcpdump).
PROTOCOLS = {
    "igmp": 2, "ESP(": Proto.ESP, "AH(": Proto.AH, "OSPFv2": 89, "OSPFv3": 89, "PIMv2": 103, "VRRPv2": 112,
    "VRRPv3": 112, "CARPv2": 112, "sctp": Proto.SCTP, "DCCP": 33,
}  # fmt: skip


def port(text: str) -> int | None:
    """Return the port that a number or a service name stands for; None where the name is not a known one."""
    if text.isascii() and text.isdigit():
        number = int(text)
        return number if number < 65_536 else None
    return PORTS.get(text)
