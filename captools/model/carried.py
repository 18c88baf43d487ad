"""What carried each conversation at each point: frames and bytes on the wire, and the packets inside them."""

from __future__ import annotations

import pyarrow as pa

# One row per conversation, way, point and form, sorted by these. A point that shows a packet more than once counts it once.
CARRIED = pa.schema(
    [
        ("path", pa.int64()),  # index into Analysis.paths
        ("reply", pa.bool_()),  # False: the originator's packets
        ("point", pa.string()),
        ("form", pa.string()),  # plain, vxlan, geneve, ipip, gre; wireguard: datagrams that fit its packets
        ("frames", pa.int64()),
        ("wire_bytes", pa.int64()),  # of these frames, with every header that the point shows
        ("packets", pa.int64()),  # innermost IP packets in them; fewer than frames where one super-frame fills several
        ("packet_bytes", pa.int64()),  # of these, from the IP header on
    ]
)
