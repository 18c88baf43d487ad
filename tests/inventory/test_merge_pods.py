from __future__ import annotations

from dataclasses import replace

from captools.inventory.facts import PodFact
from captools.inventory.ledger import Ledger
from captools.inventory.merge_pods import Said, finish, host_addresses, join
from captools.model.cluster import AddressKind, Cluster, IpcacheEntry, Node, Pod, Route

WEB = PodFact(namespace="default", name="web", ip="172.20.1.108", node="k8s-w1")


def said(*facts: PodFact) -> list[Said]:
    return [Said(file=f"file{number}", fact=fact) for number, fact in enumerate(facts)]


def pods(*facts: PodFact, ledger: Ledger | None = None, **more: object) -> tuple[Pod, ...]:
    ledger = ledger or Ledger()
    given = {"nodes": (), "identities": {}, "ipcache": (), **more}
    return finish(join(said(*facts), ledger), given["nodes"], given["identities"], given["ipcache"], ledger)  # type: ignore[arg-type]


def test_kubectls_name_and_ciliums_identity_and_device_become_one_pod() -> None:
    (pod,) = pods(
        WEB,
        PodFact(ip="172.20.1.108", identity=62886, labels=("k8s:app=web",), interface="lxcb75cf4d9b323"),
        PodFact(name="web", ip="172.20.1.108"),
    )
    assert pod == Pod(namespace="default", name="web", ip="172.20.1.108", node="k8s-w1", identity=62886,
                      labels=("k8s:app=web",), interface="lxcb75cf4d9b323",
                      identities=(("file1", 62886),))  # fmt: skip


def test_a_table_without_namespaces_means_kubectls_default_one() -> None:
    (pod,) = pods(PodFact(name="web", ip="172.20.1.108"))
    assert pod.namespace == "default"


def test_a_node_that_two_files_disagree_about_is_warned_of() -> None:
    ledger = Ledger()
    (pod,) = pods(WEB, PodFact(ip="172.20.1.108", node="k8s-ctr"), ledger=ledger)
    assert pod.node == "k8s-w1"
    assert "k8s-ctr" in ledger.warnings()[0]


def test_pods_that_share_an_address_on_one_node_are_in_the_host_network() -> None:
    proxy = PodFact(namespace="kube-system", name="proxy", ip="192.168.10.101", node="k8s-w1")
    envoy = PodFact(namespace="kube-system", name="envoy", ip="192.168.10.101", node="k8s-w1")
    assert host_addresses([proxy, envoy, WEB]) == {"k8s-w1": "192.168.10.101"}
    assert [pod.host_network for pod in pods(proxy, envoy, WEB)] == [True, True, False]


def test_a_single_pod_on_its_nodes_address_is_in_the_host_network() -> None:
    proxy = PodFact(namespace="kube-system", name="proxy", ip="192.168.10.101", node="k8s-w1")
    (pod,) = pods(proxy, nodes=[Node(name="k8s-w1", internal_ip="192.168.10.101")])
    assert pod.host_network


def test_the_nodes_address_leads_to_its_name() -> None:
    fact = PodFact(namespace="default", name="web", ip="172.20.1.108", host_ip="192.168.10.101")
    (pod,) = pods(fact, nodes=[Node(name="k8s-w1", internal_ip="192.168.10.101")])
    assert pod.node == "k8s-w1"


def test_identity_and_labels_complete_each_other_and_the_ipcache_helps() -> None:
    by_number = pods(PodFact(namespace="a", name="b", ip="10.0.0.1", identity=300), identities={300: ("k8s:app=b",)})
    assert by_number[0].labels == ("k8s:app=b",)
    cache = [IpcacheEntry(prefix="10.0.0.1/32", identity=None, labels=("k8s:app=b",))]
    by_label = pods(PodFact(namespace="a", name="b", ip="10.0.0.1"), identities={300: ("k8s:app=b",)}, ipcache=cache)
    assert (by_label[0].identity, by_label[0].labels) == (300, ("k8s:app=b",))


def test_the_nodes_own_route_names_the_pods_device() -> None:
    node = Node(name="k8s-w1", routes=(Route(prefix="172.20.1.108/32", dev="lxcb75cf4d9b323"),))
    assert pods(WEB, nodes=[node])[0].interface == "lxcb75cf4d9b323"


def test_one_address_with_two_pods_and_one_pod_with_two_addresses_are_warned_of() -> None:
    ledger = Ledger()
    other = PodFact(namespace="default", name="other", ip="172.20.1.108", node="k8s-ctr")
    moved = PodFact(namespace="default", name="web", ip="172.20.1.5", node="k8s-w1")
    found = pods(WEB, other, moved, ledger=ledger)
    assert len(found) == 3
    text = " ".join(ledger.warnings())
    assert "172.20.1.108 is the address of default/web and default/other" in text
    assert "default/web has the addresses 172.20.1.108 and 172.20.1.5" in text


def test_both_families_of_a_dual_stack_pod_are_no_contradiction() -> None:
    ledger = Ledger()
    pods(WEB, PodFact(namespace="default", name="web", ip="fd00::6c", node="k8s-w1"), ledger=ledger)
    assert ledger.warnings() == ()


def test_every_file_that_tells_an_identity_is_kept_with_what_it_tells() -> None:
    early, late = PodFact(ip=WEB.ip, identity=62886), PodFact(ip=WEB.ip, identity=777)
    (pod,) = pods(WEB, early, PodFact(ip=WEB.ip), late)
    assert pod.identity == 62886 and pod.identities == (("file1", 62886), ("file3", 777))


def test_a_device_known_by_a_route_alone_is_marked_so() -> None:
    node = Node(name="k8s-w1", routes=(Route(prefix="172.20.1.108/32", dev="lxcb75cf4d9b323"),))
    listed = PodFact(ip=WEB.ip, interface="lxcb75cf4d9b323", ifindex=14)
    assert pods(WEB, nodes=[node])[0].interface_by_route
    (pod,) = pods(replace(WEB, kube_labels=(("app", "web"),)), listed, nodes=[node])
    assert not pod.interface_by_route and (pod.ifindex, pod.kube_labels) == (14, (("app", "web"),))


def at_the_end(file: str, *facts: PodFact) -> list[Said]:
    return [Said(file=f"{file}-stop.json", fact=fact) for fact in facts]


def test_an_address_that_changed_hands_during_the_capture_is_nobodys() -> None:
    ledger = Ledger()
    after = replace(WEB, name="api", node="k8s-w1")
    made = finish(join([*said(WEB), *at_the_end("pods", after)], ledger), (), {}, (), ledger)
    assert "web at the start and default/api at the end" in ledger.warnings()[0]
    cluster = Cluster(pods=made)
    assert cluster.pod_of(WEB.ip) is None and cluster.name(WEB.ip) == "default/web or default/api"
    assert cluster.kind(WEB.ip) is AddressKind.POD


def test_of_two_entries_of_the_ipcache_that_of_the_start_counts() -> None:
    entries = [IpcacheEntry(prefix=f"{WEB.ip}/32", identity=identity) for identity in (5000, 6000)]
    (pod,) = pods(WEB, ipcache=entries)
    assert pod.identity == 5000 and not pod.identity_settled


def test_a_pod_that_came_back_with_another_address_owns_both_each_alone() -> None:
    ledger = Ledger()
    made = finish(join([*said(WEB), *at_the_end("pods", replace(WEB, ip="172.20.1.9"))], ledger), (), {}, (), ledger)
    (warning,) = ledger.warnings()
    assert "pod default/web had the address 172.20.1.108 at the start and 172.20.1.9 at the end" in warning
    cluster = Cluster(pods=made)
    assert {cluster.name(ip) for ip in ("172.20.1.108", "172.20.1.9")} == {"default/web"}


def test_a_device_by_route_counts_only_where_start_and_end_do_not_contradict() -> None:
    def to(device: str, ip: str = WEB.ip) -> Route:
        return Route(prefix=f"{ip}/32", dev=device)

    late = replace(WEB, name="late", ip="172.20.1.9")
    moved = Node(name="k8s-w1", routes=(to("lxc1"),), routes_at_end=(to("lxc2"), to("lxc9", "172.20.1.9")))
    assert [pod.interface for pod in pods(WEB, late, nodes=[moved])] == ["", "lxc9"]
    kept = replace(moved, routes_at_end=(to("lxc1"),))
    assert [pod.interface for pod in pods(WEB, nodes=[kept])] == ["lxc1"]
