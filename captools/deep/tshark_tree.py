"""tshark's opinion on a few packets, through pyshark.

pyshark keeps a layer's fields in one flat table; the tree is built again from their names and byte positions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from captools.deep.fields import LAYERS, value_of
from captools.deep.keys import NO_KEYS, Keys
from captools.deep.tree import FieldNode, layer_node
from captools.model.errors import MalformedCapture, ToolMissing

# tshark 4.0 knows VXLAN on 4789 only (FACTS, section 12); harmless where 8472 is known.
DECODE_AS = ("udp.port==8472,vxlan",)
# Each frame for itself: with reassembly, fields would lie in data that no single frame holds.
PREFERENCES = {
    "ip.defragment": "FALSE",
    "ipv6.defragment": "FALSE",
    "tcp.desegment_tcp_streams": "FALSE",
    "tcp.try_heuristic_first": "FALSE",
    "tcp.relative_sequence_numbers": "FALSE",  # SACK edges would else be relative too
}
TIMEOUT_S = 60.0
_SEALING = ("tls", "wg", "esp")  # what follows them was decrypted: its bytes are in no frame


def tree_by_tshark(
    path: Path | str,
    frame: int,
    *,
    decode_as: Sequence[str] = DECODE_AS,
    keys: Keys = NO_KEYS,
    timeout_s: float = TIMEOUT_S,
) -> FieldNode:
    """Return tshark's field tree of frame number ``frame`` (from 1) of a capture file.

    With ``keys``, what it decrypts comes as further layers, whose fields have no place in the frame. Raises ToolMissing
    without tshark, MalformedCapture where the file has no such frame or cannot be read, and what `Keys.check` raises.
    May be called from any thread, inside a running event loop too (it blocks until tshark is done).
    """
    found = trees_by_tshark(path, (frame,), decode_as=decode_as, keys=keys, timeout_s=timeout_s)
    if frame not in found:
        raise MalformedCapture(f"{path}: tshark finds no frame {frame}", hint="frames are counted from 1")
    return found[frame]


def trees_by_tshark(
    path: Path | str,
    frames: Sequence[int] | None = None,
    *,
    decode_as: Sequence[str] = DECODE_AS,
    keys: Keys = NO_KEYS,
    timeout_s: float = TIMEOUT_S,
) -> dict[int, FieldNode]:
    """Return frame number -> tree in one run of tshark; ``frames`` None for all. Damaged files give what is whole."""
    keys.check()
    # A thread of its own has no running event loop, whoever the caller is: pyshark needs one to itself.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="tshark") as pool:
        return pool.submit(_read, Path(path), frames, decode_as, keys.preferences(), timeout_s).result()


def _read(
    path: Path, frames: Sequence[int] | None, decode_as: Sequence[str], preferences: dict[str, str], timeout_s: float
) -> dict[int, FieldNode]:
    # Here because pyshark takes 0.2 s to import and belongs to this edge alone.
    from pyshark.capture.capture import TSharkCrashException
    from pyshark.tshark.tshark import TSharkNotFoundException

    from captools.deep.pyshark_capture import PatientCapture

    loop = asyncio.new_event_loop()
    found: dict[int, FieldNode] = {}
    try:
        capture = PatientCapture(
            str(path),
            keep_packets=False,
            display_filter=" or ".join(f"frame.number=={int(frame)}" for frame in frames) if frames else None,
            decode_as={rule.rpartition(",")[0]: rule.rpartition(",")[2] for rule in decode_as},
            override_prefs=PREFERENCES | preferences,
            custom_parameters=["-c", str(max(frames))] if frames else None,
            eventloop=loop,
        )
        capture.apply_on_packets(lambda packet: found.update([_tree(packet)]), timeout=timeout_s)
    except TSharkNotFoundException as error:
        raise ToolMissing("tshark is not installed", hint="apt-get install tshark, or go on without it") from error
    except OSError as error:
        raise MalformedCapture(f"{path}: {error.strerror or 'no such capture file'}", hint="check the path") from error
    except TSharkCrashException as error:
        # tshark reports a file that ends in mid-record as a failure, after printing all whole frames.
        if not found:
            raise MalformedCapture(
                f"{path}: tshark cannot read it ({_last_line(error)})", hint="is it a capture?"
            ) from error
    except TimeoutError as error:
        raise MalformedCapture(
            f"{path}: tshark was not done within {timeout_s:g} s", hint="ask for an earlier frame or a smaller file"
        ) from error
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left))
        loop.close()
    return found


def _last_line(error: Exception) -> str:
    """Return what tshark itself said last, from pyshark's text."""
    lines = [line for line in str(error).splitlines() if line.startswith("Last error line: ")]
    return lines[0].removeprefix("Last error line: ") if lines else "no reason given"


def _tree(packet: Any) -> tuple[int, FieldNode]:
    number, length = int(packet.number), int(packet.captured_length)
    # "raw" is Wireshark's name for having no link header: a layer without a byte.
    shown = [layer for layer in packet.layers if layer.layer_name != "raw"]
    layers = []
    sealed = False
    for layer in shown:
        one = _layer(str(layer.layer_name), layer._get_all_fields_with_alternates())
        layers.append(_placeless(one) if sealed else one)
        sealed |= one.name in _SEALING
    return number, FieldNode(name="frame", label=f"Frame {number}", offset=0, length=length, children=tuple(layers))


def _placeless(node: FieldNode) -> FieldNode:
    """Return the node and all below it without their places."""
    return replace(node, offset=None, length=None, children=tuple(map(_placeless, node.children)))


def _layer(name: str, containers: Iterable[Any]) -> FieldNode:
    """Return one layer; the packet quoted in an ICMP error becomes layers inside it."""
    fields = {id(one): one for container in containers for one in getattr(container, "all_fields", [container])}
    nodes = [_field(one) for one in fields.values() if one.name and not one.hide]
    quote = _quote_start(nodes) if name in ("icmp", "icmpv6") else None
    if quote is None:
        return layer_node(name, _raw_numbers(nodes))
    own = [node for node in nodes if node.offset is None or node.offset < quote]
    quoted = [node for node in nodes if node.offset is not None and node.offset >= quote]
    quoted.sort(key=lambda node: node.offset or 0)
    protocols = dict.fromkeys(protocol for node in quoted if (protocol := node.name.partition(".")[0]) in LAYERS)
    inner = [
        layer_node(protocol, _raw_numbers([node for node in quoted if node.name.startswith(f"{protocol}.")]))
        for protocol in protocols
    ]
    return layer_node(name, own, tuple(inner))


def _quote_start(nodes: list[FieldNode]) -> int | None:
    """Return the first byte of the quoted packet: pyshark puts its fields among those of the message."""
    starts = [node.offset for node in nodes if node.name in ("ip.version", "ipv6.version") and node.offset is not None]
    return min(starts, default=None)


def _raw_numbers(nodes: list[FieldNode]) -> list[FieldNode]:
    """Name TCP's raw numbers as such: without relative ones, and in quotes, Wireshark gives them as ``tcp.seq``."""
    names = {node.name for node in nodes}
    return [
        replace(node, name=f"{node.name}_raw", value=value_of(f"{node.name}_raw", str(node.value)))
        if node.name in ("tcp.seq", "tcp.ack") and f"{node.name}_raw" not in names
        else node
        for node in nodes
    ]


def _field(one: Any) -> FieldNode:
    offset, length = int(one.pos or 0), int(one.size or 0)
    shown = one.show if one.show is not None else (one.raw_value or "")
    return FieldNode(
        name=str(one.name),
        label=str(one.showname or one.name),
        value=value_of(str(one.name), str(shown)),
        # Wireshark gives its own conclusions (streams, timings) no bytes.
        offset=offset if length else None,
        length=length or None,
    )
