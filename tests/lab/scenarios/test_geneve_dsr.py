"""Direct server return in Geneve, as recorded: the option on the SYN only, the answer past the node that translated."""

from __future__ import annotations

import subprocess

from captools.lab.scenarios.geneve_dsr import GENEVE_PORT, POD, SCENARIO, VIP
from captools.model.paths import Asymmetry, Way
from captures import case
from tests.correlate.material import material

CASE = SCENARIO.id


def tshark(point: str, wanted: str, *fields: str) -> list[list[str]]:
    argv = ["tshark", "-n", "-r", str(case(CASE).capture(point)), "-Y", wanted, "-T", "fields"]
    argv += [word for field in fields for word in ("-e", field)]
    out = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in out.splitlines()]


def test_only_the_first_packet_of_a_connection_carries_the_services_address():
    rows = tshark("k8s-w0/eth1", f"udp.port == {GENEVE_PORT}", "tcp.flags.syn", "geneve.option.class", "geneve.vni")
    assert len(rows) > 8 and {vni for _, _, vni in rows} == {"0x000002"}
    assert {(syn, bool(option)) for syn, option, _ in rows} == {("1", True), ("0", False)}


def test_no_answer_passes_the_node_that_translated_and_none_is_in_the_tunnel():
    assert tshark("k8s-w1/eth1", f"ip.src == {VIP}", "frame.number") == []
    assert tshark("k8s-w0/eth1", f"ip.src == {VIP} && tcp.srcport == 80 && !udp", "frame.number") != []


def test_the_backend_is_the_one_pod_and_sees_the_client_itself():
    requests = case(CASE).truth["truth"]["requests"]
    assert len(requests) == 3
    assert {(one["backend_ip"], one["remote_addr"]) for one in requests} == {(POD.ip, "192.168.10.200")}


def test_the_path_tells_the_option_and_the_short_way_back():
    (path, other) = [path for path in material(CASE).analysed().paths if path.flow.dst == VIP]
    for one in (path, other):
        assert {hop.dsr for hop in one.ways(Way.FORWARD) if hop.tunnel == "geneve"} == {f"{VIP}:80"}
        assert [hop.point for hop in one.ways(Way.REPLY)] == [f"k8s-w0/{POD.interface}", "k8s-w0/eth1", "router/eth2"]
        assert Asymmetry.DIRECT_RETURN in {detour.kind for detour in one.detours}


def test_without_the_entry_node_the_option_still_tells_which_service_was_called():
    one = material(CASE)
    for point in ("k8s-w1/eth1", "router/eth1"):
        one = one.without(point)
    paths = [path for path in one.analysed().paths if path.flow.src == "192.168.10.200" and path.flow.proto == 6]
    assert {path.flow.dst for path in paths} <= {VIP, POD.ip} and all(path.reply_packets for path in paths)
