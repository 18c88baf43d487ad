"""What wraps the packets on the way: one real frame drawn layer by layer, and every tunnel seen."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.report.blocks import Block, Paragraph, StackBlock, Table
from captools.report.document import SectionRule
from captools.views.layers import Stack, stacks
from captools.views.tunnels import TunnelRow, tunnel_rows

MOST = 100


def build(analysis: Analysis) -> tuple[Block, ...]:
    """Return the drawn frames with their cost against the MTU, and the table of tunnels."""
    drawn = stacks(analysis)
    if not drawn:
        text = (
            "No tunnel was seen: neither VXLAN, Geneve, IPIP, GRE nor WireGuard. With native routing this is how it "
            "should be; in tunnel mode capture at the nodes' own interfaces (captools capture --role nic)."
        )
        return (Paragraph(text=text),)
    blocks: list[Block] = []
    for stack in drawn:
        blocks += [StackBlock(stack=stack), Paragraph(text=cost(stack))]
    rows = tunnel_rows(analysis)
    if rows:
        blocks.append(
            Table(
                caption="Tunnels (sightings: one packet seen at two points counts twice)",
                columns=("tunnel", "from", "to", "VNI", "identity", "sightings", "largest frame"),
                rows=tuple(_row(row) for row in rows[:MOST]), numbers=("VNI", "sightings", "largest frame"),
                code=("from", "to"), more=max(len(rows) - MOST, 0),
            )
        )  # fmt: skip
    return tuple(blocks)


def cost(stack: Stack) -> str:
    """Say what the tunnel adds and what is left for the pod's packet."""
    text = f"The tunnel adds {stack.overhead} bytes to every packet. This frame needs {stack.ip_bytes:,} bytes of IP"
    if stack.mtu is None:
        return f"{text}; the MTU of {stack.point} is not known (add that node's ip -d -j link to the inventory)."
    room = stack.mtu - stack.overhead
    text = f"{text} of the {stack.mtu:,} that {stack.point} carries; pod packets fit up to {room:,} bytes"
    if stack.ip_bytes > stack.mtu:
        return f"{text}. It is larger than the MTU: the kernel has yet to cut it (segmentation offload)."
    return f"{text}."


def _row(row: TunnelRow) -> tuple[str, ...]:
    name = "VXLAN (tcpdump: OTV)" if row.kind == "vxlan" else row.kind.upper()
    ends = tuple(f"{address} ({known})" if known else address for address, known in
                 ((row.src, row.src_name), (row.dst, row.dst_name)))  # fmt: skip
    vni = "-" if row.vni is None else str(row.vni)
    return (name, *ends, vni, row.identity or "-", f"{row.sightings:,}", f"{row.largest:,} B")


SECTION = SectionRule(id="encapsulation", title="Encapsulation", order=50, build=build)
