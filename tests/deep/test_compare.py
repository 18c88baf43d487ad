from __future__ import annotations

from captools.deep.compare import differences, layers
from captools.deep.tree import FieldNode, layer_node


def frame(*layers: FieldNode) -> FieldNode:
    return FieldNode(name="frame", children=layers)


def ip(ttl: int, at: int = 14, inner: tuple[FieldNode, ...] = (), name: str = "ip") -> FieldNode:
    field = FieldNode(name=f"{name}.ttl" if name == "ip" else f"{name}.type", value=ttl, offset=at + 8, length=1)
    return layer_node(name, [field], inner)


def test_equal_trees_have_no_differences_whatever_their_labels() -> None:
    other = FieldNode(name="frame", label="another label", children=(ip(64),))
    assert differences(frame(ip(64)), other) == ()


def test_another_value_and_another_place_are_differences() -> None:
    (value,) = differences(frame(ip(64)), frame(ip(63)))
    assert (value.layer, value.field, value.one, value.other) == ("ip#0", "ip.ttl", ((64, 22, 1),), ((63, 22, 1),))
    (place,) = differences(frame(ip(64)), frame(ip(64, at=18)))
    assert place.field == "ip.ttl"


def test_a_field_that_only_one_of_them_has_is_a_difference() -> None:
    (found,) = differences(frame(layer_node("ip", [])), frame(ip(64)))
    assert (found.one, found.other) == ((), ((64, 22, 1),))


def test_other_layers_are_a_difference_of_the_frame() -> None:
    (found,) = differences(frame(ip(64)), frame(ip(64), layer_node("udp", [])))
    assert (found.field, found.one[0][0], found.other[0][0]) == ("layers", "ip", "ip:udp")


def test_comparison_ends_where_a_protocol_is_not_compared() -> None:
    assert differences(frame(ip(64), layer_node("dns", [])), frame(ip(64), layer_node("data", []), ip(1))) == ()


def test_a_quoted_packet_is_a_layer_of_its_own() -> None:
    quoting = frame(ip(64), ip(3, at=34, inner=(ip(61, at=42),), name="icmp"))
    assert [layer.name for layer in layers(quoting)] == ["ip", "icmp", "ip"]
    changed = frame(ip(64), ip(3, at=34, inner=(ip(60, at=42),), name="icmp"))
    assert [(one.layer, one.field) for one in differences(quoting, changed)] == [("ip#2", "ip.ttl")]
