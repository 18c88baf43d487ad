"""A wrong identity, as recorded: what curl-pod sends carries webpod's number, everything else its own."""

from __future__ import annotations

import subprocess

from captools.lab.scenarios.identity_mismatch import FOREIGN, SCENARIO
from captools.lab.topology import CURL_POD
from captools.model.identities import taken_at_the_end
from captures import case
from tests.correlate.material import material

CASE = SCENARIO.id


def test_tshark_reads_the_foreign_number_on_every_packet_of_the_pod():
    argv = ["tshark", "-n", "-r", str(case(CASE).capture("k8s-ctr/eth1")), "-d", "udp.port==8472,vxlan",
            "-Y", f"vxlan && ip.src == {CURL_POD.ip}", "-T", "fields", "-e", "vxlan.vni"]  # fmt: skip
    numbers = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    assert len(numbers) > 5 and set(numbers) == {str(FOREIGN)}


def test_everything_is_answered_since_the_lab_judges_no_policy():
    flows = case(CASE).truth["truth"]["flows"]
    assert all(flow["answered"] == flow["sent"] for flow in flows if flow["purpose"] == "test")


def test_the_inventory_tells_the_pods_own_identity_at_the_start_and_at_the_end():
    pod = material(CASE).cluster.pod_of(CURL_POD.ip)
    assert pod is not None and pod.identity == CURL_POD.identity and pod.identity_settled
    assert {taken_at_the_end(file) for file, _ in pod.identities} == {False, True}
