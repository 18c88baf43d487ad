"""Whose other end each pod device is: addresses and peer indexes of the interfaces in the node's other namespaces.

A pod's ``eth0`` tells by ``link_index`` which interface of the node it is plugged into, also where no inventory
and no route says so. Only namespaces that a process or a bind mount of the container runtime shows are seen.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
from typing import Any, Dict, List

from captools.agent.outputs import outputs

TIMEOUT_S = 8.0
MOST_NAMESPACES = 512
MAX_BYTES = 64 * 1024  # of one namespace's answer
# Where containerd, CRI-O and Docker keep namespaces that no process needs to hold.
MOUNTED = ("/run/netns/*", "/run/docker/netns/*")


def namespaces(proc: str = "/proc", mounted: Any = MOUNTED) -> List[str]:
    """Return one path per network namespace other than our own, bounded in number."""
    with contextlib.suppress(OSError):
        own = os.stat(os.path.join(proc, "self/ns/net")).st_ino
        found: Dict[int, str] = {own: ""}
        pids = sorted((name for name in os.listdir(proc) if name.isdigit()), key=int)
        paths = [os.path.join(proc, pid, "ns/net") for pid in pids]
        for path in paths + [path for pattern in mounted for path in sorted(glob.glob(pattern))]:
            with contextlib.suppress(OSError):  # the process has ended, or belongs to somebody else
                found.setdefault(os.stat(path).st_ino, path)
                if len(found) > MOST_NAMESPACES:
                    break
        return [path for path in found.values() if path]
    return []


def links(text: str) -> List[Dict[str, Any]]:
    """Return the interfaces of ``ip -j addr`` that have their other end elsewhere: index, peer's index, addresses."""
    try:
        rows = json.loads(text, strict=False)  # a name may hold control characters
    except ValueError:
        return []
    found = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict) or not isinstance(row.get("link_index"), int):
            continue
        entries = row.get("addr_info")
        addresses = [
            entry["local"]
            for entry in (entries if isinstance(entries, list) else [])
            if isinstance(entry, dict) and isinstance(entry.get("local"), str) and entry.get("scope") == "global"
        ]
        if addresses:
            found.append(
                {
                    "name": str(row.get("ifname", "")),
                    "index": row.get("ifindex"),
                    "peer": row["link_index"],
                    "addresses": addresses,
                }
            )
    return found


def gather() -> Dict[str, Any]:
    """Return ``{"links": [{name, index, peer, addresses}…], "namespaces": how many were looked into}``."""
    paths = namespaces()
    said = outputs(
        [["nsenter", "--net=" + path, "ip", "-j", "addr"] for path in paths], timeout_s=TIMEOUT_S, max_bytes=MAX_BYTES
    )
    return {
        "links": [link for text in said if text is not None for link in links(text)],
        "namespaces": len([text for text in said if text is not None]),
    }
