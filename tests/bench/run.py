"""``python -m tests.bench.run``: every bar that can be measured yet, tshark's figure in the same run, and whether it holds.

Whole processes on freshly generated captures; the fastest of three. The figures also go to a JSON file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.measure import Run, measure, python

_FIELDS = (
    "frame.number frame.time_epoch frame.cap_len frame.len eth.src eth.dst eth.type vlan.id arp.opcode "
    "arp.src.hw_mac arp.src.proto_ipv4 arp.dst.hw_mac arp.dst.proto_ipv4 ip.src ip.dst ip.proto ip.ttl ip.id "
    "ip.flags ip.frag_offset ip.len ipv6.src ipv6.dst ipv6.nxt ipv6.hlim ipv6.plen tcp.srcport tcp.dstport "
    "tcp.seq_raw tcp.ack_raw tcp.flags tcp.window_size_value tcp.options.timestamp.tsval "
    "tcp.options.timestamp.tsecr tcp.len udp.srcport udp.dstport udp.length icmp.type icmp.code icmp.ident "
    "icmp.seq vxlan.vni geneve.vni gre.proto wg.type wg.receiver wg.counter http.x_forwarded_for "
    "http.request.method http.request.uri http.response.code tls.handshake.extensions_server_name"
)
FIELDS = tuple(_FIELDS.split())


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the design: what was measured, what is wanted, and the comparison in the same run."""

    name: str
    figure: float
    unit: str
    wanted: float
    at_least: bool  # else at most
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether the bar is met."""
        return self.figure >= self.wanted if self.at_least else self.figure <= self.wanted

    def line(self) -> str:
        """Return the bar as one line of text."""
        sign = ">=" if self.at_least else "<="
        verdict = "holds" if self.holds else "MISSED"
        return f"{self.name:<58}{self.figure:>10.2f} {self.unit:<9}{sign} {self.wanted:<8g}{verdict:<8}{self.detail}"


def tshark(path: Path, packets: int, runs: int) -> tuple[float, Run]:
    """Return tshark's packets per second with the field list all ratios refer to."""
    fields = [word for name in FIELDS for word in ("-e", name)]
    argv = ["tshark", "-n", "-r", str(path), "-d", "udp.port==8472,vxlan", "-d", "udp.port==51871,wg", "-T", "fields",
            "-E", "separator=,", "-E", "occurrence=a", "-E", "aggregator=;", *fields]  # fmt: skip
    run = measure(argv, runs=runs)
    return packets / run.wall_s, run


def decoding(what: str, path: Path, threads: int = 1, runs: int = 3) -> tuple[float, Run]:
    """Return packets per second of the decode itself (the fastest of ``runs`` processes), and its process."""
    best, process = 0.0, None
    for _ in range(runs):
        run = measure(python("-m", "tests.bench.decode", what, str(path), str(threads)), runs=1,
                      cpus={0} if threads == 1 else None)  # fmt: skip
        said = json.loads(run.output.splitlines()[-1])
        if (rate := said["packets"] / said["seconds"]) > best:
            best, process = rate, run
    assert process is not None
    return best, process


def bars(folder: Path, packets: int, say: Callable[[str], None]) -> list[Bar]:
    """Measure everything in ``folder``; ``say`` is told what goes on."""
    big, small, tiny = folder / "big.pcap", folder / "tshark.pcap", folder / "tiny.pcap"
    say(f"generating {packets:,} packets")
    measure(python("-m", "captures.generate", str(big), "--packets", str(packets)), runs=1)
    size = big.stat().st_size
    subset = min(packets, 100_000)
    for target, count in ((small, subset), (tiny, min(packets, 10_000))):
        measure(python("-m", "tests.bench.measure", str(big), str(target), str(count)), runs=1)
    out: list[Bar] = []
    say("tshark")
    unit, run = tshark(small, subset, 2)
    beside = f"tshark {unit / 1e3:.1f} kpkt/s, {run.memory >> 20} MiB"
    say("cat, one and two at a time")
    cat = measure(["cat", str(big)], runs=5, discard=True)
    floor = size / cat.wall_s
    halves = [f"dd if={big} of=/dev/null bs=256K status=none {part}=$(( {size} / 2 )) iflag={flag}" for part, flag in
              (("count", "count_bytes"), ("skip", "skip_bytes"))]  # fmt: skip
    two = measure(["sh", "-c", f"{halves[0]} & {halves[1]}; wait"], runs=5)
    say("numpy reference")
    rate, run = decoding("reference", small, runs=2)
    out.append(
        Bar("numpy reference, one core", rate / unit, "x tshark", 20, True, f"{rate / 1e6:.2f} Mpkt/s; {beside}")
    )
    say("kernel (the first run compiles)")
    rate, run = decoding("kernel", big)
    detail = f"{rate / 1e6:.2f} Mpkt/s; {beside}"
    out.append(Bar("decode to all columns with full hash, one core", rate / unit, "x tshark", 180, True, detail))
    share = 100 * rate * size / packets / floor
    out.append(Bar("  the same, share of cat", share, "%", 30, True, f"cat {floor / 1e9:.1f} GB/s"))
    out.append(Bar("  the same, peak memory", run.memory / 2**20, "MiB", 450, False))
    rate, run = decoding("kernel", big, 2)
    detail = f"{rate / 1e6:.2f} Mpkt/s; {beside}"
    out.append(Bar("decode on two cores", rate / unit, "x tshark", 350, True, detail))
    share = 100 * rate * size / packets / (size / two.wall_s)
    out.append(Bar("  the same, share of two dd", share, "%", 30, True, f"two dd {size / two.wall_s / 1e9:.1f} GB/s"))
    say("whole cold processes")
    run = measure(python("-c", _COLD, str(big)), runs=3)
    detail = f"{run.wall_s:.2f} s to normalised tables in memory, {run.memory >> 20} MiB; {beside}"
    out.append(
        Bar(f"{packets:,}-packet file, whole cold process", packets / run.wall_s / unit, "x tshark", 25, True, detail)
    )
    run = measure(python("-m", "captools.cli", "findings", str(tiny), "--json"), runs=3)
    out.append(
        Bar("10k-packet file to findings, whole process", run.wall_s, "s", 1.0, False, f"{run.memory >> 20} MiB")
    )
    run = measure(python("-m", "captools.cli", "--help"), runs=10)
    out.append(Bar("--help", run.wall_s * 1e3, "ms", 80, False))
    say("first compile")
    with tempfile.TemporaryDirectory(dir=folder) as empty:
        first = measure(python("-c", _COLD, str(small)), runs=1, environ={"XDG_CACHE_HOME": empty})
    out.append(Bar("first run after install", first.wall_s, "s", 13, False))
    return out


_COLD = """
import sys
from captools.store import kernels
kernels.prepare(lambda words: None)
from tests.bench.decode import tables
print(tables(sys.argv[1], 2))
"""


def main() -> None:
    """Measure, print the table, write the JSON file."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.run")
    parser.add_argument("--packets", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    asked = parser.parse_args()
    if shutil.which("tshark") is None:
        sys.exit("tshark is missing, and every bar is a ratio to it; install it (apt-get install tshark)")
    with tempfile.TemporaryDirectory(prefix="captools-bench-") as folder:
        found = bars(Path(folder), asked.packets, lambda words: print(words, "...", file=sys.stderr, flush=True))
    for bar in found:
        print(bar.line())
    asked.json.write_text(json.dumps([asdict(bar) | {"holds": bar.holds} for bar in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
