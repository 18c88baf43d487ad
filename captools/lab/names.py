"""Name service in the lab: a server in a pod of its own, and clients that ask it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from captools.lab.cluster import Lab
from captools.lab.netns import Machine, python
from captools.lab.topology import COREDNS
from captools.lab.truth import FlowTruth, Truth, name_of
from captools.lab.waiting import wait_until
from captools.model.units import rfc3339

DNS_PORT = 53
_TIMEOUT_S = 1.0


def serve(lab: Lab, known: Mapping[str, str]) -> None:
    """Start the name server in its pod and wait until it answers; CaptureFailed where it does not."""
    pod = lab.machine(COREDNS.name)
    words = [f"{name}={address}" for name, address in known.items()]
    pod.daemon(python("dns_server", COREDNS.ip, str(DNS_PORT), *words), lab.directory / "log" / "dns.log")
    wait_until(
        lambda: not ask(pod, next(iter(known)), number=1).flows[0].error,
        f"no name server on {COREDNS.ip}",
        step_s=0.05,
    )


def ask(machine: Machine, name: str, *, number: int, server: str = COREDNS.ip) -> Truth:
    """Ask for the address of a name once; ``number`` is the query's id."""
    argv = python("dns_client", server, str(DNS_PORT), name, str(_TIMEOUT_S), str(number))
    result = json.loads(machine.run(argv))
    flow = FlowTruth(
        proto="udp", src=result["src"], sport=result["sport"], dst=result["dst"], dport=result["dport"], sent=1,
        answered=int(not result["error"]), error=result["error"], started=rfc3339(result["started_ns"]),
        ended=rfc3339(result["ended_ns"]), src_name=name_of(result["src"]), dst_name=name_of(result["dst"]),
    )  # fmt: skip
    return Truth(flows=(flow,))
