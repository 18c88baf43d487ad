"""The answers of a case's backends as tshark shows them to clients: each says by which connection its backend was called."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass

from captures.cases import Case

_FIELDS = ("ip.src", "tcp.srcport", "ip.dst", "tcp.dstport", "http.response_for.uri", "http.file_data",
           "http.response.line")  # fmt: skip
_REMOTE = re.compile(r"RemoteAddr: ([\d.]+):(\d+)")
_WHO = re.compile(r"IP: ([\d.]+)")

Connection = tuple[str, int, str, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer at its client: ``remote`` called the backend, ``remotes`` are all that this connection and path had."""

    connection: Connection
    path: str
    remote: tuple[str, int]
    remotes: frozenset[tuple[str, int]]


def answers(case: Case) -> list[Answer]:
    """Return the answers in HTTP/1 that clients got through a proxy, those over TLS left out."""
    found: dict[tuple[Connection, str], dict[tuple[str, int], None]] = defaultdict(dict)
    proxied = any("backend_way" in request for request in case.truth["truth"]["requests"])
    for path in case.captures if proxied else ():
        argv = ["tshark", "-n", "-r", str(path), "-d", "udp.port==8472,vxlan", "-Y", "http.response", "-T", "fields"]
        argv += [word for name in _FIELDS for word in ("-e", name)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
        for line in done.stdout.splitlines():
            src, sport, dst, dport, uri, body, heads = line.split("\t")
            said = f"{body} {heads}"
            remote, who = _REMOTE.search(said), _WHO.search(said)
            server, client = src.split(",")[-1], dst.split(",")[-1]
            if not remote or not who or server == who[1] or not uri:
                continue  # the backend's own connection, or an answer that tells of none
            asked = re.sub(r"^https?://[^/]+", "", uri)
            key = (client, int(dport), server, int(sport)), asked
            found[key][remote[1], int(remote[2])] = None
    return [
        Answer(connection, path, remote, frozenset(remotes))
        for (connection, path), remotes in found.items()
        for remote in remotes
    ]
