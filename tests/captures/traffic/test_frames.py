"""Frames: what was drawn as a packet is what the decoder reads from its bytes."""

from __future__ import annotations

import numpy as np
import pytest

from captools.wire.bytesview import BytesView
from captools.wire.decode import Naming, decode
from captools.wire.index import read_records
from captures.build import pcap
from captures.traffic.canvas import Canvas
from captures.traffic.frames import LINKS, Frames
from captures.traffic.payload import Filler
from captures.traffic.scripts import ARP, make_scripts
from captures.traffic.sessions import Script, Traffic
from captures.traffic.templates import make_templates


@pytest.mark.parametrize("link", LINKS)
def test_headers_say_what_was_drawn(link):
    rng = np.random.default_rng(1)
    templates = make_templates(rng)
    script = Script(make_scripts(rng, templates))
    sessions, packets = Traffic(script, 1).block(3_000)
    packets = packets.take(np.flatnonzero((packets.kind != ARP) & (packets.vlan == 0)))
    frames = Frames(script, Filler(templates, rng), link, behind=False)
    sizes = frames.sizes(packets)
    at = np.cumsum(sizes) - sizes
    canvas = Canvas(int(sizes.sum()))
    frames.write(canvas, at, sessions, packets)
    made = [canvas.bytes[one : one + size].tobytes() for one, size in zip(at.tolist(), sizes.tolist(), strict=True)]
    data = pcap(list(enumerate(made)), linktype=LINKS[link][0])
    table = decode(BytesView(data), read_records(data, "t"), Naming(source="s", points=("n/e",)))
    tunnels = np.array(["none", "vxlan", "geneve", "ipip", "gre"])[packets.encap]
    assert table["tunnel"].to_pylist() == tunnels.tolist()
    assert table["ip_version"].to_pylist() == np.where(packets.v6 == 1, 6, 4).tolist()
    wanted = [templates.length(one) for one in packets.template.tolist()]
    tcp = [row for row, proto in enumerate(table["proto"].to_pylist()) if proto == 6]
    lengths, flags = table["payload_len"].to_pylist(), table["tcp_flags"].to_pylist()
    assert [lengths[row] for row in tcp] == [wanted[row] for row in tcp]
    assert [flags[row] for row in tcp] == packets.flags[tcp].tolist()
    assert table["decode_stop"].null_count == len(table)
