from __future__ import annotations

from captools.views.tunnels import tunnel_rows


def test_each_direction_has_the_vni_of_its_sender(sample):
    rows = tunnel_rows(sample.s2())
    assert [(row.src_name, row.dst_name, row.vni, row.identity, row.sightings) for row in rows] == [
        ("k8s-ctr", "k8s-w0", 45966, "k8s:app=curl", 5), ("k8s-w0", "k8s-ctr", 62886, "k8s:app=webpod", 4),
    ]  # fmt: skip
    assert rows[0].largest == 1514


def test_no_packet_gives_no_tunnel(sample):
    assert tunnel_rows(sample.analysis()) == ()
