from __future__ import annotations

from pathlib import Path

import pytest

from captools.inventory.kinds import HEAD, base_name, recognise

SAMPLES = {
    "kubectl get -o json": '{\n    "apiVersion": "v1",\n    "items": [],\n    "kind": "List"\n}',
    "cilium-dbg bpf ipcache list -o json": '{"10.0.0.1/32": ["identity=1 encryptkey=0"]}',
    "cilium-dbg endpoint list -o json": '[{"id": 1, "status": {"external-identifiers": {}}}]',
    "cilium ip list -o json": '[{"cidr": "10.0.0.1/32", "identity": 1}]',
    "cilium-dbg identity list -o json": '[{"id": 1, "labels": ["reserved:host"]}]',
    "ip -d -j link or ip -j addr": '[{"ifindex":1,"ifname":"lo"}]',
    "ip -j rule": '[{"priority":0,"src":"all","table":"local"}]',
    "ip -j neigh": '[{"dst":"10.0.0.1","dev":"eth0","lladdr":"02:00:00:00:00:01","state":["STALE"]}]',
    "ip -j route": '[{"dst":"default","gateway":"10.0.2.2","dev":"eth0","flags":[]}]',
    "cilium-dbg bpf ipcache list": "10.0.0.1/32   identity=1 encryptkey=0 tunnelendpoint=0.0.0.0",
    "cilium-dbg endpoint list": "56   Disabled   Disabled   62886   k8s:app=webpod   172.20.0.121   ready",
    "cilium-dbg identity list": "ID   LABELS\n1    reserved:host",
    "cilium ip list": "172.20.0.248/32 reserved:ingress",
    "cilium-dbg status --verbose": "KVStore:   Disabled\nKubernetes:   Ok   1.31\nRouting:   Network: Native\n",
    "wg show": "interface: cilium_wg0\n  public key: x=\n  listening port: 51871\n",
    "ip route": "$ ip route\ndefault via 10.0.2.2 dev eth0",
    "hubble observe": "Aug  6 18:34:25.150: a/b (ID:45966) <> 192.0.2.1:80 (world) pre-xlate-fwd TRACED (TCP)\n",
    "hubble observe -o jsonpb": '{"flow":{"time":"2025-08-06T18:34:25Z","verdict":"FORWARDED"}}',
    "kubectl get nodes": "NAME   STATUS   ROLES    AGE   VERSION\n",
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_file_is_known_by_its_content_under_any_name(kind: str) -> None:
    found = recognise("notes.txt", "\ufeff" + SAMPLES[kind])
    assert found is not None
    assert found.name == kind


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", "hello", '{"schema": 1, "findings": []}', "[1, 2, 3]", "\x00\x01\x02",
        "interface: eth1 (192.168.10.0/255.255.255.0)\nfilter: port 80\nmatch: GET\n",
        "14:41:28.058132 eth1  In  IP 172.20.0.88 > 172.20.2.33: ICMP echo request, id 1, seq 1, length 64",
        "60 bytes from 08:00:27:ed:ef:cd (192.168.10.211): index=0 time=4.792 usec",
        "[capture]\nnode = 'k8s-w1'\n", "The default way to do this is via the router",
    ],
)  # fmt: skip
def test_what_is_no_inventory_is_not_taken_for_one(text: str) -> None:
    assert recognise("anything.txt", text) is None


def test_real_logs_of_traffic_are_not_taken_for_inventory(shared: Path) -> None:
    logs = [*(shared / "captures-real/text-logs").glob("*.txt"), *(shared / "field-logs").glob("*dump.txt")]
    taken = {log.name for log in logs if recognise(log.name, log.read_text(errors="replace"))}
    assert taken == {"cilium-bpf-ipcache-list.txt", "cilium-hubble-observe-ingress-l7.txt"}


def test_an_empty_output_counts_where_its_name_says_what_it_is() -> None:
    assert recognise("k8s-w1__ip-neigh.json", "[]") is not None
    assert recognise("k8s-w1__wg.txt", "") is not None
    assert recognise("k8s-w1__notes.txt", "") is None


def test_only_the_head_of_a_file_is_looked_at() -> None:
    assert recognise("x", "junk\n" * HEAD + SAMPLES["wg show"]) is None


def test_the_folder_of_a_file_is_no_part_of_its_name() -> None:
    assert base_name("a__b/c\\d__wg.txt") == "d__wg.txt"
