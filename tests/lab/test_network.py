from __future__ import annotations

from captools.lab import network
from captools.lab.topology import CURL_POD, MACHINES, NODES, PODS, Mode, node_called

PIDS = {name: 1000 + number for number, name in enumerate([*MACHINES, *(pod.name for pod in PODS)])}


def text_of(name: str, mode: Mode, *, endpoint_routes: bool = False) -> str:
    return "\n".join(network.node(node_called(name), mode, PIDS, endpoint_routes=endpoint_routes))


def test_the_router_lacks_one_pod_route_only_where_it_is_meant_to_be_broken():
    assert any("172.20.2.0/24" in line for line in network.router(Mode.NATIVE))
    broken = network.router(Mode.NATIVE_BROKEN)
    assert not any("172.20.2.0/24" in line for line in broken)
    assert any("172.20.1.0/24" in line for line in broken)


def test_with_vxlan_the_router_knows_no_pods_at_all():
    assert not any("172.20." in line for line in network.router(Mode.VXLAN))


def test_eth0_gets_its_address_before_any_other_interface_does():
    for name in ("k8s-ctr", "k8s-w1", "k8s-w0"):
        lines = text_of(name, Mode.NATIVE).splitlines()
        addresses = [line for line in lines if line.startswith("addr add")]
        assert addresses[0] == "addr add 10.0.2.15/24 dev eth0"


def test_endpoint_routes_leave_the_source_of_a_pods_route_to_the_kernel():
    route = f"route add {CURL_POD.ip} dev {CURL_POD.interface} scope link"
    assert f"{route} src 172.20.0.43" in text_of("k8s-ctr", Mode.NATIVE)
    assert route in text_of("k8s-ctr", Mode.NATIVE, endpoint_routes=True).splitlines()


def test_in_the_tunnel_each_sender_has_a_table_with_its_identity_as_vni():
    lines = text_of("k8s-ctr", Mode.VXLAN)
    assert "rule add from 172.20.0.88 lookup 45966" in lines
    assert "route add 172.20.2.0/24 encap ip id 45966 dst 192.168.20.100" in lines
    assert "rule add from 172.20.0.248 lookup 8" in lines
    assert "route add 172.20.2.0/24 encap ip id 6 dst 192.168.20.100" in lines


def test_a_vip_is_a_local_route_on_the_leader_alone():
    assert "route add local 192.168.10.212 dev lo" in text_of("k8s-w1", Mode.NATIVE)
    assert "192.168.10.212" not in text_of("k8s-ctr", Mode.NATIVE)


def test_only_the_leak_mode_leaves_one_peer_out_of_the_wireguard_table():
    full = {node.name: network.wireguard(node, Mode.WIREGUARD) for node in NODES}
    leaky = {node.name: network.wireguard(node, Mode.WIREGUARD_LEAK) for node in NODES}
    missing = set(full["k8s-ctr"]) - set(leaky["k8s-ctr"])
    assert missing == {"route add 172.20.1.0/24 dev cilium_wg0 table 201"}
    assert all(full[name] == leaky[name] for name in ("k8s-w1", "k8s-w0"))


def test_every_machine_has_an_uplink_and_only_cluster_wires_reach_the_switch():
    uplinks = [line for line in network.uplink(PIDS) if "peer name eth0" in line]
    assert len(uplinks) == len(MACHINES)
    switch = network.switches(PIDS)
    assert sum("peer name eth" in line for line in switch) == 5
    assert not any("addr add" in line for line in switch)


def test_a_pods_default_route_carries_the_mtu_of_the_mode():
    assert network.pod(CURL_POD, "172.20.0.43", Mode.VXLAN)[-1] == "route add default via 172.20.0.43 dev eth0 mtu 1450"


def test_interface_names_fit_the_kernels_limit():
    for line in [*network.uplink(PIDS), *network.switches(PIDS)]:
        if line.startswith("link add"):
            assert len(line.split()[2]) <= 15


def test_in_dual_mode_the_tunnels_datagrams_are_steered_and_not_the_pods_packets():
    lines = network.wireguard(node_called("k8s-ctr"), Mode.DUAL)
    assert "rule add ipproto udp dport 8472 lookup 201 priority 101" in lines
    assert "route add 192.168.20.100 dev cilium_wg0 table 201 src 192.168.10.100" in lines
    assert not any("172.20." in line for line in lines)
    assert "encap ip id 45966 dst 192.168.20.100" in text_of("k8s-ctr", Mode.DUAL) and "mtu 1370" in text_of(
        "k8s-ctr", Mode.DUAL
    )
    assert not any("172.20." in line for line in network.router(Mode.DUAL))


def test_neighbours_on_the_uplink_are_known_for_good_on_both_sides():
    uplink = [
        line for line in network.uplink(PIDS) if line.startswith("neigh add 10.0.2.15") and line.endswith("permanent")
    ]
    assert len(uplink) == len(MACHINES)
    assert "neigh add 10.0.2.2 lladdr" in text_of("k8s-w0", Mode.NATIVE) and "dev eth0 nud permanent" in text_of(
        "k8s-w0", Mode.NATIVE
    )
