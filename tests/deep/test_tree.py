from __future__ import annotations

from captools.deep.tree import FieldNode, layer_node, nest, text


def field(name: str, offset: int | None, length: int | None, value: int | str = "") -> FieldNode:
    return FieldNode(name=name, offset=offset, length=length, value=value)


def test_a_part_goes_below_the_field_whose_name_and_bytes_hold_it() -> None:
    (flags,) = nest([field("ip.flags", 20, 1), field("ip.flags.df", 20, 1), field("ip.flags.mf", 20, 1)])
    assert [child.name for child in flags.children] == ["ip.flags.df", "ip.flags.mf"]


def test_a_name_alone_or_bytes_alone_do_not_nest() -> None:
    roots = nest([field("tcp.options", 54, 4), field("tcp.options.mss", 58, 4), field("tcp.options_x", 54, 1)])
    assert [root.name for root in roots] == ["tcp.options", "tcp.options.mss", "tcp.options_x"]
    assert len(nest([field("ip.dst", 1, 1), field("ip.dst.x", None, None)])) == 2


def test_a_layer_spans_its_header_and_not_its_payload() -> None:
    layer = layer_node("udp", [field("udp.payload", 42, 100), field("udp.dstport", 36, 2), field("udp.srcport", 34, 2)])
    assert (layer.offset, layer.length) == (34, 4)
    assert [child.name for child in layer.children] == ["udp.srcport", "udp.dstport", "udp.payload"]


def test_a_layer_without_bytes_has_no_place() -> None:
    assert (layer_node("x", [field("x.y", None, None)]).offset, layer_node("x", []).length) == (None, None)


def test_walking_and_finding_follow_the_packet_from_outside_in() -> None:
    tree = FieldNode(name="frame", children=(layer_node("ip", [field("ip.src", 12, 4, "outer")]),
                                             layer_node("ip", [field("ip.src", 62, 4, "inner")])))  # fmt: skip
    assert [node.value for node in tree.find("ip.src")] == ["outer", "inner"]


def test_the_text_shows_labels_values_and_bytes() -> None:
    tree = FieldNode(name="frame", label="Frame 1", offset=0, length=60, children=(field("ip.ttl", 22, 1, 64),))
    assert text(tree) == "Frame 1  [0:60]\n  ip.ttl: 64  [22:23]"
