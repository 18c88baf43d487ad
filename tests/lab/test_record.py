from __future__ import annotations

import tomllib

import pytest

from captools.lab.catalogue import scenario_called
from captools.lab.record import record
from captools.model.errors import UsageError


def test_a_folder_that_is_not_empty_is_refused_before_anything_is_built(tmp_path):
    (tmp_path / "old.pcap").write_bytes(b"old")
    with pytest.raises(UsageError, match="exists already"):
        record(scenario_called("s8"), tmp_path, name="never", say=lambda text: None)
    assert (tmp_path / "old.pcap").read_bytes() == b"old"


@pytest.mark.lab
def test_a_recorded_case_holds_captures_inventory_and_the_truth(needs_root, tmp_path):
    out = tmp_path / "case"
    said: list[str] = []
    done = record(scenario_called("s8"), out, name="recording", say=said.append)
    case = tomllib.loads((out / "case.toml").read_text())
    assert case["id"] == "s8-ingress-dedicated-snat"
    assert [one["rule"] for one in case["findings"]["expected"]] == [one.rule for one in scenario_called("s8").expected]
    assert len(case["truth"]["requests"]) == 8
    assert {row["remote_addr"] for row in case["truth"]["requests"]} == {"10.0.2.15", "172.20.1.35"}
    points = {point.point: point for point in done.manifest.points}
    assert {"k8s-ctr/eth1", "k8s-w1/eth1", "k8s-w0/eth1", "router/eth0", "router/eth1", "router/eth2"} <= set(points)
    assert done.manifest.complete
    for point in points.values():
        assert (out / point.file).stat().st_size >= 24
    assert points["k8s-w1/eth1"].packets and points["router/eth1"].packets
    assert (out / "inventory" / "pods.json").is_file()
