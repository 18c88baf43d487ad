"""``python -m tests.bench.run``: every bar, tshark's figure in the same run, and whether it holds.

Whole processes on freshly generated captures; the fastest of a few. The figures also go to a JSON file. Groups can be
chosen: decode, road, starts, live, shipping, match, points.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench import live, shipping
from tests.bench.bar import Bar
from tests.bench.measure import Run, measure, python
from tests.bench.tshark import tshark

_SUBSET = 100_000  # packets that tshark is measured on: its rate does not depend on the length


@dataclass(frozen=True, slots=True)
class Bench:
    """The captures of one run, what tshark needs for them, and where caches go."""

    folder: Path
    packets: int
    say: Callable[[str], None]
    tshark_rate: float
    tshark_said: str

    @property
    def big(self) -> Path:
        """The capture of ``packets`` packets."""
        return self.folder / "big.pcap"

    def head(self, packets: int) -> Path:
        """Return the first ``packets`` packets of the big capture as a file."""
        path = self.folder / f"head{packets}.pcap"
        if not path.exists():
            measure(python("-m", "tests.bench.measure", str(self.big), str(path), str(packets)), runs=1)
        return path

    def pair(self, packets: int, number: int) -> list[Path]:
        """Return the captures of two points that see the same packets; each ``number`` is traffic of its own."""
        paths = []
        for vantage in "ab":
            path = self.folder / f"k8s-w{number}__{vantage}{packets}.pcap"
            if not path.exists():
                made = ("--packets", str(packets), "--vantage", vantage, "--seed", str(100 + number))
                measure(python("-m", "captures.generate", str(path), *made), runs=1)
            paths.append(path)
        return paths

    @property
    def environ(self) -> dict[str, str]:
        """Where decoded tables and compiled kernels go: into the run's own folder."""
        return {"XDG_CACHE_HOME": str(self.folder / "cache")}

    def forget(self) -> None:
        """Remove the decoded tables; the compiled kernels stay."""
        shutil.rmtree(self.folder / "cache" / "captools" / "tables", ignore_errors=True)

    def captools(self, *words: str, runs: int = 1, cold: bool = False) -> Run:
        """Run one command as a whole process; ``cold``: without decoded tables from before."""
        best: Run | None = None
        for _ in range(runs):
            if cold:
                self.forget()
            one = measure(python("-m", "captools.cli", *words), runs=1, environ=self.environ)
            best = one if best is None or one.wall_s < best.wall_s else best
        assert best is not None
        return best

    def times(self, rate: float, name: str, wanted: float | None, detail: str = "") -> Bar:
        """Return a bar against tshark's rate."""
        told = "; ".join(filter(None, (f"{rate / 1e6:.2f} Mpkt/s", detail, self.tshark_said)))
        return Bar(name, rate / self.tshark_rate, "x tshark", wanted, True, told)


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


def decode_bars(bench: Bench) -> list[Bar]:
    """The decoder alone, against tshark and against reading the bytes at all."""
    big, small = bench.head(min(bench.packets, 1_000_000)), bench.head(min(bench.packets, _SUBSET))
    size, packets = big.stat().st_size, min(bench.packets, 1_000_000)
    bench.say("cat, one and two at a time")
    cat = measure(["cat", str(big)], runs=5, discard=True)
    floor = size / cat.wall_s
    halves = [f"dd if={big} of=/dev/null bs=256K status=none {part}=$(( {size} / 2 )) iflag={flag}" for part, flag in
              (("count", "count_bytes"), ("skip", "skip_bytes"))]  # fmt: skip
    two = size / measure(["sh", "-c", f"{halves[0]} & {halves[1]}; wait"], runs=5).wall_s
    bench.say("numpy reference")
    rate, run = decoding("reference", small, runs=2)
    out = [bench.times(rate, "numpy reference, one core", None)]
    bench.say("kernel (the first run compiles)")
    rate, run = decoding("kernel", big)
    out.append(bench.times(rate, "decode to all columns with full hash, one core", 180))
    share = 100 * rate * size / packets / floor
    out.append(Bar("  the same, share of cat", share, "%", 30, True, f"cat {floor / 1e9:.1f} GB/s"))
    out.append(Bar("  the same, peak memory", run.memory / 2**20, "MiB", 450, False))
    rate, run = decoding("flows", big)
    out.append(bench.times(rate, "  the same with flows, TCP state, HTTP heads and TLS hellos", None))
    rate, run = decoding("kernel", big, 2)
    out.append(bench.times(rate, "decode on two cores", 350))
    share = 100 * rate * size / packets / two
    out.append(Bar("  the same, share of two dd", share, "%", 30, True, f"two dd {two / 1e9:.1f} GB/s"))
    return out


def road_bars(bench: Bench) -> list[Bar]:
    """From a capture file to its tables on disk and the first page of packets: a whole process."""
    bench.say("the whole road")
    bench.captools("packets", str(bench.big), "-c", "40")  # compiles the kernels
    run = bench.captools("packets", str(bench.big), "-c", "40", runs=3, cold=True)
    assert len(run.output.splitlines()) == 41
    rate = bench.packets / run.wall_s
    name = f"{bench.packets / 1e6:g}M packets to Parquet: columns, flows, TCP state, HTTP, SNI"
    out = [bench.times(rate, name, 80, f"{run.wall_s:.2f} s, {run.memory >> 20} MiB")]
    if shutil.which("pcaptoparquet"):
        bench.say("pcaptoparquet -m")
        small = bench.head(min(bench.packets, _SUBSET))
        peer = measure(["pcaptoparquet", "-i", str(small), "-o", str(bench.folder / "peer"), "-m"], runs=1)
        theirs = min(bench.packets, _SUBSET) / peer.wall_s
        out.append(Bar("  the same, against pcaptoparquet -m", rate / theirs, "x pcaptoparquet", 80, True,
                       f"pcaptoparquet {theirs / 1e3:.1f} kpkt/s"))  # fmt: skip
    lanes = _lanes(bench)
    out.append(Bar("  the same, memory beyond 250 B per flow direction", (run.memory - 250 * lanes) / 2**20, "MiB", 450,
                   False, f"{run.memory >> 20} MiB, {lanes:,} flow directions"))  # fmt: skip
    bench.say("first page of a second open")
    run = bench.captools("packets", str(bench.big), "-c", "40", runs=3)
    out.append(Bar("first page of a second open, whole process", run.wall_s, "s", 0.5, False))
    return out


def _lanes(bench: Bench) -> int:
    """Return how many flow directions the entry of the big capture holds."""
    (meta,) = (bench.folder / "cache" / "captools" / "tables").glob("*/meta.json")
    return sum(shard["lanes"] for shard in json.loads(meta.read_text())["shards"])


def start_bars(bench: Bench) -> list[Bar]:
    """What a person waits for: whole cold processes."""
    bench.say("whole cold processes")
    packets = min(bench.packets, 1_000_000)
    million, tiny = bench.head(packets), bench.head(min(bench.packets, 10_000))
    bench.captools("packets", str(million), "-c", "40")
    run = bench.captools("packets", str(million), "-c", "40", runs=3, cold=True)
    detail = f"{run.wall_s:.2f} s, {run.memory >> 20} MiB"
    out = [bench.times(packets / run.wall_s, f"{packets:,}-packet file, whole cold process", 25, detail)]
    run = bench.captools("findings", str(tiny), "--json", runs=3)
    out.append(
        Bar("10k-packet file to findings, whole process", run.wall_s, "s", 1.0, False, f"{run.memory >> 20} MiB")
    )
    asked = measure(python("-m", "captools.cli", "--help"), runs=10)
    out.append(Bar("--help", asked.wall_s * 1e3, "ms", 80, False))
    bench.say("first run after install")
    with tempfile.TemporaryDirectory(dir=bench.folder) as empty:
        argv = python("-m", "captools.cli", "packets", str(million), "-c", "40")
        first = measure(argv, runs=1, environ={"XDG_CACHE_HOME": empty})
    out.append(Bar("first run after install, with its compile", first.wall_s - run.wall_s, "s", 13, False))
    return out


def live_bars(bench: Bench) -> list[Bar]:
    """From a real interface through tcpdump's pipe."""
    if os.geteuid() or not shutil.which("ip"):
        bench.say("live: left out, it needs root and network namespaces")
        return []
    bench.say("live: tcpdump into the decoder on one core")
    rate, told = live.fastest(bench.head(min(bench.packets, 10_000)))
    return [Bar("live, tcpdump's pipe into decode and hash, one core, no drop", rate / 1e6, "Mpkt/s", 0.5, True, told)]


def shipping_bars(bench: Bench) -> list[Bar]:
    """Through a real sshd to a file at home, against the pipe that people build by hand."""
    if os.geteuid() or not shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin"):
        bench.say("shipping: left out, it needs root, network namespaces and sshd")
        return []
    bench.say("shipping through ssh: by hand, without and with compression, at rising rates")
    folder = bench.folder / "shipping"
    folder.mkdir(exist_ok=True)
    found = shipping.loss_free(bench.head(min(bench.packets, 10_000)), folder)
    by_hand, _ = found["by hand"]
    out = []
    for way, (rate, trips) in found.items():
        told = "; ".join(f"{at / 1e6:.1f} M: {trip.words()}" for at, trip in trips.items())
        name = f"through ssh without loss, {way if way == 'by hand' else f'captools --compress {way}'}"
        out.append(Bar(name, rate / 1e6, "Mpkt/s", None if way == "by hand" else by_hand / 1e6, True, told))
    return out


def surveyed(bench: Bench, what: str, paths: list[Path], runs: int = 1) -> tuple[dict[str, float], Run]:
    """Run tests.bench.points on captures that were not decoded before; return what it said, and its fastest process."""
    best: tuple[dict[str, float], Run] | None = None
    environ = {"POLARS_MAX_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}  # the latter as the command line does
    for _ in range(runs):
        bench.forget()
        argv = python("-m", "tests.bench.points", what, *map(str, paths))
        run = measure(argv, runs=1, environ=bench.environ | environ)
        if best is None or run.wall_s < best[1].wall_s:
            best = json.loads(run.output.splitlines()[-1]), run
    assert best is not None
    return best


def match_bars(bench: Bench) -> list[Bar]:
    """The join of two points' packets alone, against polars."""
    if importlib.util.find_spec("polars") is None:
        bench.say("match: left out, polars is missing (it is in the bench extra)")
        return []
    bench.say("join of two points")
    said, _run = surveyed(bench, "match", bench.pair(bench.packets, 0))
    rate, theirs = said["rows"] / said["seconds"], said["rows"] / said["polars_seconds"]
    detail = f"{rate / 1e6:.1f} Mrow/s of {said['rows'] / 1e6:.1f}M, polars {theirs / 1e6:.1f} Mrow/s, one thread each"
    return [Bar("match of two points alone, against polars", rate / theirs, "x polars", 2, True, detail)]


def points_bars(bench: Bench) -> list[Bar]:
    """Two points from capture files to conversations; and how that grows with packets and with points."""
    bench.say("two points with match")
    pair = bench.pair(bench.packets, 0)
    surveyed(bench, "survey", bench.pair(10_000, 0))  # compiles the kernels
    said, run = surveyed(bench, "survey", pair, runs=2)
    name = f"two points, {said['packets'] / 1e6:.1f}M packets, with match"
    detail = f"{run.wall_s:.2f} s, {run.memory >> 20} MiB"
    out = [bench.times(said["packets"] / run.wall_s, name, 55, detail)]
    beyond = (run.memory - 250 * said["lanes"]) / 2**20
    out.append(Bar("  the same, memory beyond 250 B per flow direction and point", beyond, "MiB", 450, False,
                   f"{run.memory >> 20} MiB, {said['lanes']:,} flow directions and points"))  # fmt: skip
    sizes = (bench.packets // 10, bench.packets // 2, 2 * bench.packets)  # of both points together
    bench.say(f"{', '.join(f'{size:,}' for size in sizes)} packets")
    costs = {size: _cost(bench, 1, int(size / 1.79)) for size in sizes}
    out.append(_growth("cost per packet, most packets against fewest", costs, "packets"))
    bench.say("2, 8 and 32 points")
    costs = {points: _cost(bench, points // 2, int(0.7 * bench.packets / points)) for points in (2, 8, 32)}
    out.append(_growth("cost per packet and point, 32 points against 2", costs, "points"))
    return out


def _cost(bench: Bench, pairs: int, packets: int) -> float:
    """Return the processor time per packet in nanoseconds of ``pairs`` pairs of points, beyond what a process costs."""
    paths = [path for number in range(pairs) for path in bench.pair(packets, number)]
    said, run = surveyed(bench, "survey", paths)
    _said, start = surveyed(bench, "survey", bench.pair(1_000, 0))
    return (run.cpu_s - start.cpu_s) / said["packets"] * 1e9


def _growth(name: str, costs: dict[int, float], of: str) -> Bar:
    told = ", ".join(f"{size:,} {of} {cost:.0f} ns" for size, cost in costs.items())
    first, *_, last = costs.values()
    return Bar(name, last / first, "x", 1.5, False, told)


GROUPS = {"decode": decode_bars, "road": road_bars, "starts": start_bars, "live": live_bars, "shipping": shipping_bars,
          "match": match_bars, "points": points_bars}  # fmt: skip


def prepared(folder: Path, packets: int, say: Callable[[str], None]) -> Bench:
    """Generate the capture and measure tshark on a part of it."""
    say(f"generating {packets:,} packets")
    measure(python("-m", "captures.generate", str(folder / "big.pcap"), "--packets", str(packets)), runs=1)
    bench = Bench(folder, packets, say, 0.0, "")
    say("tshark")
    some = min(packets, _SUBSET)
    rate, run = tshark(bench.head(some), some, 2)
    return Bench(folder, packets, say, rate, f"tshark {rate / 1e3:.1f} kpkt/s, {run.memory >> 20} MiB")


def main() -> None:
    """Measure, print the table, write the JSON file."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.run")
    parser.add_argument("groups", nargs="*", help=f"which bars: {', '.join(GROUPS)} (default: all)")
    parser.add_argument("--packets", type=int, default=10_000_000)
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    asked = parser.parse_args()
    if unknown := set(asked.groups) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    if shutil.which("tshark") is None:
        sys.exit("tshark is missing, and every bar is a ratio to it; install it (apt-get install tshark)")
    found: list[Bar] = []
    with tempfile.TemporaryDirectory(prefix="captools-bench-") as folder:
        bench = prepared(Path(folder), asked.packets, lambda words: print(words, "...", file=sys.stderr, flush=True))
        for name in asked.groups or GROUPS:
            for bar in GROUPS[name](bench):
                found.append(bar)
                print(bar.line(), flush=True)
    asked.json.write_text(json.dumps([asdict(bar) | {"holds": bar.holds} for bar in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
