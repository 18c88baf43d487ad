"""Any texts are a Cluster, with warnings where they are not what they look like; nothing raises."""

from __future__ import annotations

import random
from collections.abc import Iterator

import atheris

from captools.inventory.read import looks_like_inventory, read_inventory
from captools.model.cluster import Cluster
from captools.store.files import read_file
from captures import cases
from tests.fuzz.json_trees import changed, small

MAX_LEN = 16_384
_TEXTS = {
    "n1__wg.txt": "interface: cilium_wg0\n  public key: aaa=\n  listening port: 51871\n\npeer: bbb=\n"
    "  endpoint: 10.0.0.2:51871\n  allowed ips: 10.0.1.0/24, fd00::/64\n  latest handshake: 3 seconds ago\n"
    "  transfer: 1.2 KiB received, 3 MiB sent\n",
    "n1__ip-route.txt": "default via 10.0.0.1 dev eth0 proto dhcp metric 100\nunreachable 10.9.0.0/16\n"
    "172.20.1.0/24 via 192.168.10.101 dev eth1 proto kernel src 10.0.0.7 mtu 1450\n",
    "ipcache.txt": "10.0.0.1/32   identity=6 encryptkey=255 tunnelendpoint=192.168.1.1 flags=<none>\n",
    "identities.txt": "ID     LABELS\n1      reserved:host\n12345  k8s:app=web\n       k8s:io.kubernetes.pod.namespace=a\n",
    "iplist.txt": "IP             IDENTITY  SOURCE\n10.0.0.1/32    reserved:host\n0.0.0.0/0      reserved:world\n",
    "endpoints.txt": "ENDPOINT   POLICY (ingress)   POLICY (egress)   IDENTITY   LABELS (source:key[=value])   IPv6   IPv4"
    "   STATUS\n           ENFORCEMENT        ENFORCEMENT\n12         Disabled           Disabled          4"
    "          reserved:health          10.0.0.9   ready\n",
    "pods.txt": "NAME   READY   STATUS    RESTARTS   AGE   IP         NODE   NOMINATED NODE   READINESS GATES\n"
    "web-1   1/1   Running   0   3d   10.0.1.7   k8s-w1   <none>   <none>\n",
}  # fmt: skip


def seeds() -> Iterator[bytes]:
    """Yield one file each: its name, a line feed, its text."""
    for name, text in _TEXTS.items():
        yield f"{name}\n{text}".encode()
    for case in cases():
        for path in sorted((case.folder / "inventory").glob("*.json*")):
            yield f"{path.name}\n{small(read_file(path)[0].decode('utf-8'))}".encode()


def mutate(data: bytes, size: int, rng: random.Random) -> bytes:
    """Change a value of a JSON text, or any bytes."""
    name, _, text = data.decode("utf-8", "replace").partition("\n")
    found = changed(text, size - len(name) - 1, rng) if rng.random() < 0.8 else None
    return atheris.Mutate(data, size) if found is None else f"{name}\n{found}".encode()


def check(data: bytes) -> None:
    """Read one file alone, and beside others that may contradict it."""
    name, _, text = data.decode("utf-8", "replace").partition("\n")
    looks_like_inventory(name, text)
    alone = read_inventory({name: text})
    assert isinstance(alone, Cluster)
    assert all(warning.isprintable() for warning in alone.warnings), alone.warnings
    together = read_inventory({**_TEXTS, name: text, f"x/{name}": text})
    assert len(together.nodes) >= len(alone.nodes)
