"""How a node's Cilium forwards packets: what coverage must know, since some ways pass no tap (FACTS, section 11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Datapath:
    """Settings in force on a node; the empty string where nothing tells. Unknown is never taken for off."""

    routing: str = ""  # tunnel, native
    tunnel: str = ""  # vxlan, geneve
    host_routing: str = ""  # bpf (past the pod's own interface), legacy
    device: str = ""  # veth, netkit
    xdp: str = ""  # disabled, native, best-effort
    socket_lb: str = ""  # on, off
    encryption: str = ""  # wireguard, ipsec, disabled

    def or_else(self, other: Datapath) -> Datapath:
        """Return these settings, and those of ``other`` where these say nothing."""
        return Datapath(**{one.name: getattr(self, one.name) or getattr(other, one.name) for one in fields(self)})

    def skips_pods(self) -> bool:
        """Tell whether packets may reach a pod past the host's side of its interface (bpf_redirect_peer, netkit)."""
        return self.host_routing != "legacy" or self.device != "veth"

    def skips_cards(self) -> bool:
        """Tell whether XDP may take packets before a card's tap sees them."""
        return self.xdp != "disabled"


def datapath_of_config(config: Mapping[str, str]) -> Datapath:
    """Read the ConfigMap cilium-config; ``tunnel`` is what versions before 1.14 called routing mode and protocol.

    BPF host routing is only known to be off: where it is not forbidden, the agent decides by the kernel.
    """
    old = config.get("tunnel", "")
    mode = config.get("routing-mode", "") or {"disabled": "native", "vxlan": "tunnel", "geneve": "tunnel"}.get(old, "")
    on = {key for key, value in config.items() if value == "true"}
    off = {key for key, value in config.items() if value == "false"}
    # The full replacement switches the socket's load balancer on, whatever ``bpf-lb-sock`` says.
    replaces = config.get("kube-proxy-replacement") in ("true", "strict")
    sealed = "wireguard" if "enable-wireguard" in on else "ipsec" if "enable-ipsec" in on else ""
    return Datapath(
        routing=mode,
        tunnel=config.get("tunnel-protocol", "") or (old if old != "disabled" else ""),
        host_routing="legacy" if "enable-host-legacy-routing" in on else "",
        device=config.get("datapath-mode", "").partition("-")[0],
        xdp=config.get("bpf-lb-acceleration", "") or config.get("node-port-acceleration", ""),
        socket_lb="on" if "bpf-lb-sock" in on or replaces else "off" if "bpf-lb-sock" in off else "",
        encryption=sealed or ("disabled" if {"enable-wireguard"} <= off else ""),
    )
