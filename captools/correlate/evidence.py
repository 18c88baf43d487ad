"""Evidence from rows: frames of one file, with a display filter that gives exactly those frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from captools.correlate.sightings import Sightings
from captools.model.evidence import Evidence
from captools.model.packets import Proto
from captools.model.sources import Source
from captools.wire.tunnels import VXLAN_PORTS

MAX_FRAMES = 20


class Prover:
    """Makes evidence; knows the files behind the rows, and on which UDP ports VXLAN was read."""

    def __init__(
        self, rows: Sightings, sources: tuple[Source, ...], vxlan_ports: tuple[int, ...] = VXLAN_PORTS
    ) -> None:
        self._rows = rows
        self._ports = vxlan_ports
        self._sources = {source.name: source for source in sources}

    def of_rows(self, rows: Sightings) -> Prover:
        """Return one for the same rows with fewer columns."""
        return Prover(rows, tuple(self._sources.values()), self._ports)

    def of(self, rows: Iterable[int], shows: str, *, most: int = MAX_FRAMES) -> tuple[Evidence, ...]:
        """Return one Evidence per point and file that ``rows`` come from, at most ``most`` frames each."""
        groups: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row in rows:
            key = self._rows.sources[int(self._rows["source"][row])], self._rows.point(row)
            groups[key].append(int(row))
        return tuple(self._one(key, members[:most], shows) for key, members in groups.items())

    def _one(self, key: tuple[str, str], members: list[int], shows: str) -> Evidence:
        name, point = key
        source = self._sources[name]
        frames = tuple(sorted({int(self._rows["frame"][row]) for row in members}))
        if source.text:
            return self._printed(source, point, frames, shows)
        words = self._words(members[0])
        if len(members) > 1:
            others = [frozenset(self._words(row)) for row in members[1:]]
            words = list(dict.fromkeys(word for word in words if all(word in other for other in others)))
        numbers = (
            f"frame.number == {frames[0]}"
            if len(frames) == 1
            else ("frame.number in {" + ",".join(map(str, frames)) + "}")
        )
        ports = sorted({port for row in members for port in self._decoded(row)})
        decode = ",".join(f"udp.port=={port},vxlan" for port in ports)
        return Evidence(
            point=point,
            file=source.path,
            sha256=source.sha256,
            frames=frames,
            filter=" && ".join([numbers, *words]),
            decode_as=decode,
            shows=shows,
        )

    def _decoded(self, row: int) -> tuple[int, ...]:
        """Return the ports that tshark must be told to read as VXLAN; in a tunnel in a tunnel it may be any of them."""
        if (self._rows.number("depth", row) or 0) > 1:
            return self._ports
        port = self._rows.number("outer_dport", row)
        return (port,) if self._rows.tunnel(row) == "vxlan" and port in self._ports else ()

    def _printed(self, source: Source, point: str, frames: tuple[int, ...], shows: str) -> Evidence:
        """Evidence from a text log: no display filter finds it, but its line numbers do."""
        lines = tuple(source.lines[frame - 1] for frame in frames if frame <= len(source.lines))
        found = Evidence(point=point, file=source.path, sha256=source.sha256, frames=frames, shows="", lines=lines)
        return found.saying(shows)

    def _words(self, row: int) -> list[str]:
        """Return display-filter words that hold for a row."""
        rows, words = self._rows, []
        if rows.tunnel(row) == "vxlan":
            words.append(f"vxlan.vni == {rows.number('vni', row)}")
        src, dst = rows.address("src", row), rows.address("dst", row)
        if src and dst:
            family = "ipv6" if ":" in src else "ip"
            words += [f"{family}.src == {src}", f"{family}.dst == {dst}"]
        proto = rows.number("proto", row)
        sport, dport = rows.number("sport", row), rows.number("dport", row)
        if rows.number("wg_type", row) is not None:
            words.append(f"wg.type == {rows.number('wg_type', row)}")
        elif proto == Proto.TCP and sport is not None:
            words += [f"tcp.srcport == {sport}", f"tcp.dstport == {dport}"]
        elif proto == Proto.ICMP and rows.number("icmp_type", row) is not None:
            words.append(f"icmp.type == {rows.number('icmp_type', row)}")
        elif rows.number("arp_op", row) is not None:
            words.append(f"arp.opcode == {rows.number('arp_op', row)}")
        return words
