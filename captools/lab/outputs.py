"""What a running lab gives to ``captools capture``: captools.toml, the ssh configuration, the inventory files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from captools.lab import inventory, sshd
from captools.lab.netns import Machine
from captools.lab.tomltext import to_toml
from captools.lab.topology import MACHINES, PODS, ROUTER, LabPod, Mode

CONFIG_FILE = "captools.toml"


def write(
    directory: Path,
    machines: Mapping[str, Machine],
    mode: Mode,
    *,
    endpoint_routes: bool,
    public_keys: Mapping[str, str],
    pods: tuple[LabPod, ...] = PODS,
) -> None:
    """Write all of it into the lab's folder; ``captools.toml`` last, since others take it for a lab that is ready."""
    folder = directory / "inventory"
    folder.mkdir()
    documents = inventory.documents(mode, endpoint_routes=endpoint_routes, public_keys=public_keys, pods=pods)
    for file, document in documents.items():
        (folder / file).write_text(json.dumps(document, indent=1) + "\n")
    (directory / "ssh" / "config").write_text(sshd.client_config(directory / "ssh", machines["uplink"]))
    pids = {name: machines[name].pid for name in MACHINES}
    (directory / CONFIG_FILE).write_text(targets(pids))


def targets(pids: Mapping[str, int]) -> str:
    """Return the text of ``captools.toml``: every machine by ssh, with its holder process for transport netns."""
    nodes = {}
    for name in MACHINES:
        nodes[name] = {
            "transport": "ssh",
            "address": sshd.address_of(name),
            "user": sshd.user_of(name),
            "port": sshd.PORT,
            "key": "ssh/id_ed25519",
            "ssh_config": "ssh/config",
            "pid": pids[name],
            "role": "router" if name == ROUTER else "node",
        }
    return to_toml({"cluster": {"inventory": "inventory"}, "nodes": nodes})
