"""What happened to a packet, in sentences; the hops are written by hand or are those of recorded cases."""

from __future__ import annotations

from dataclasses import replace

from captools.model.paths import Change, Way
from captools.pipeline import open_session
from captools.views.passage import passage
from captures import case

# Read before the tests of this room forbid opening files.
MASQUERADE, WIREGUARD, INGRESS, DSR = (
    open_session([case(name).folder]).analysis
    for name in ("masquerade", "s13-wireguard-only", "s8-ingress-dedicated-snat", "geneve-dsr")
)


def path(analysis, src: str, dst: str, proto: int = 6):
    return next(one for one in analysis.paths if (one.flow.src, one.flow.dst, one.flow.proto) == (src, dst, proto))


def test_a_tunnel_is_told_with_its_ends_its_cost_and_whose_identity_it_carries(sample):
    analysis = sample.s2()
    hops = analysis.paths[0].ways(Way.FORWARD)
    first, wrapped, unwrapped = passage(hops, analysis.cluster)
    # From the first point (0 µs) to the last (633 µs); two hops between clocks, each known to 9 µs.
    assert first == (
        f"8 points from {hops[0].point} to {hops[-1].point} in 633 µs ±18.0 µs, TTL 64 to 62: routed twice"
    )
    assert wrapped == (
        "k8s-ctr wraps it in VXLAN (tcpdump: OTV, instance 45966) from 192.168.10.100 (k8s-ctr) to 192.168.20.100 (k8s-w0): "
        "74 bytes become 124; VNI 45966 is k8s:app=curl"
    )
    assert unwrapped == "k8s-w0 unwraps it"


def test_translation_names_the_node_and_both_addresses():
    # FACTS: masquerade gives a pod's packet its node's address and a port of its own choice.
    hops = path(MASQUERADE, "172.20.0.88", "10.10.1.200").ways(Way.FORWARD)
    told = passage(hops, MASQUERADE.cluster)
    assert len(told) == 2
    assert told[1] == (f"k8s-ctr translates source 172.20.0.88:{hops[0].sport} into 192.168.10.100:{hops[-1].sport}")


def test_wireguard_is_told_with_its_ends_and_by_what_the_datagram_is_known():
    told = passage(path(WIREGUARD, "172.20.0.88", "172.20.1.108", 1).ways(Way.FORWARD), WIREGUARD.cluster)
    # A ping of 84 bytes on cilium_wg0; padded to 96, and 32 + 8 + 20 + 14 around it (FACTS, section 10).
    assert told[1] == (
        "k8s-ctr encrypts it with WireGuard, from 192.168.10.100 (k8s-ctr) to 192.168.10.101 (k8s-w1): an IP packet of "
        "84 bytes becomes a frame of 170 (its datagram is known by size, order and time)"
    )
    assert told[2] == "k8s-w1 opens the WireGuard message" and len(told) == 3


def test_one_sighting_has_no_way(sample):
    assert passage(sample.s2().paths[0].hops[:1], sample.cluster()) == [] == passage((), sample.cluster())


def test_clocks_that_cannot_be_compared_give_no_time(sample):
    hops = sample.s2().paths[0].ways(Way.FORWARD)
    blind = (*hops[:3], replace(hops[3], delay_ns=None, delay_error_ns=None), *hops[4:])
    assert "in a time that the clocks cannot tell, TTL 64 to 62" in passage(blind, sample.cluster())[0]


def test_what_super_frames_became_has_no_bytes_to_compare(sample):
    hops = list(sample.s2().paths[0].ways(Way.FORWARD))
    hops[2] = replace(hops[2], frames=3)
    assert "bytes become" not in " ".join(passage(tuple(hops), sample.cluster()))


def test_plain_forwarding_is_one_sentence():
    told = passage(path(INGRESS, "172.20.1.35", "172.20.0.121").ways(Way.FORWARD), INGRESS.cluster)
    assert len(told) == 1 and told[0].endswith("TTL 64 to 63: routed once")


def test_a_proxy_goes_on_over_a_connection_of_its_own(sample):
    hops = list(sample.s2().paths[0].ways(Way.FORWARD))[:2]
    hops[1] = replace(hops[1], change=Change.PROXIED, src="172.20.1.35", sport=41000)
    assert passage(tuple(hops), sample.cluster())[1] == (
        "a proxy on k8s-ctr goes on over a connection of its own from 172.20.1.35:41000"
    )


def test_dsr_is_told_with_the_address_that_was_asked_for():
    # The scenario: a Service address on k8s-w1, its backend on k8s-w0, Geneve with Cilium's DSR option (FACTS, section 4).
    hops = next(one for one in DSR.paths if one.flow.dst == "192.168.10.214" and one.flow.sport).ways(Way.FORWARD)
    told = passage(hops, DSR.cluster)
    assert told[1] == "k8s-w1 translates destination 192.168.10.214:80 into 172.20.2.33:80"
    assert told[2].startswith(
        "k8s-w1 wraps it in GENEVE, VNI 2 from 192.168.10.101 (k8s-w1) to 192.168.20.100 (k8s-w0): "
    )
    assert told[2].endswith("; its DSR option tells the backend that 192.168.10.214:80 was asked")
    assert told[3] == "k8s-w0 unwraps it" and len(told) == 4
