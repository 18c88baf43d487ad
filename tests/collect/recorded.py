"""Facts of lab nodes as their captures recorded them: what each node said of itself, and the cluster's documents."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyarrow as pa

from captools.collect.facts import NodeFacts, read_facts
from captools.collect.inventory import cluster_of
from captools.model.cluster import Cluster
from tests.conftest import ROOT

_OF_A_NODE = ("ip-", "wg")


def _text(path: Path) -> str:
    if path.suffix != ".zst":
        return path.read_text()
    with pa.input_stream(str(path), compression="zstd") as stream:
        return bytes(stream.read()).decode()


@cache
def recorded(case: str) -> tuple[dict[str, NodeFacts], dict[str, str]]:
    """Return each machine's facts at the start of a recorded case, and the cluster's files (name -> text)."""
    network: dict[str, dict[str, str]] = {}
    files: dict[str, str] = {}
    for path in sorted((ROOT / "captures/reference" / case / "inventory").iterdir()):
        name = path.name.removesuffix(".zst")
        node, _, file = name.partition("__")
        if "-stop." in name:
            continue
        if file.startswith(_OF_A_NODE):
            network.setdefault(node, {})[file] = _text(path)
        else:
            files[name] = _text(path)
    tools = {"tcpdump": {"version": "tcpdump version 4.99.3", "libpcap": "1.10.3"}}
    return {node: read_facts({"network": texts, "tools": tools}) for node, texts in network.items()}, files


def cluster(case: str, *, without: tuple[str, ...] = (), late: bool = True) -> Cluster:
    """Return the cluster of a case, some files left out; ``late``: with what its nodes said of themselves."""
    facts, files = recorded(case)
    kept = {name: text for name, text in files.items() if not any(part in name for part in without)}
    return cluster_of(kept, facts if late else {})
