from __future__ import annotations

import json
import subprocess

import pytest

from captools.lab.certificate import make
from captools.lab.envoy import config
from captools.lab.preflight import envoy_path


def test_only_remote_webpods_are_reached_from_the_ingress_address():
    clusters = config()["static_resources"]["clusters"]
    bound = {
        end["endpoint"]["address"]["socket_address"]["address"]: cluster.get("upstream_bind_config", {})
        .get("source_address", {})
        .get("address")
        for cluster in clusters
        for end in cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    }
    assert bound == {"172.20.0.121": "172.20.1.35", "172.20.1.108": None, "172.20.2.33": "172.20.1.35"}


def test_it_listens_on_both_vips_and_nowhere_else():
    listeners = config()["static_resources"]["listeners"]
    sockets = {
        (one["address"]["socket_address"]["address"], one["address"]["socket_address"]["port_value"])
        for one in listeners
    }
    assert sockets == {("192.168.10.211", 80), ("192.168.10.212", 80)}
    assert "admin" not in config()


def test_with_a_certificate_it_ends_tls_on_one_vip_and_passes_it_on_by_name_on_the_other():
    ended, passed = config("/tls.pem")["static_resources"]["listeners"][2:]
    assert (ended["address"]["socket_address"]["address"], passed["address"]["socket_address"]["address"]) == (
        "192.168.10.212", "192.168.10.211",
    )  # fmt: skip
    assert "/tls.pem" in json.dumps(ended["filter_chains"][0]["transport_socket"])
    assert passed["filter_chains"][0]["filter_chain_match"] == {"server_names": ["passed.lab.test"]}
    assert "transport_socket" not in passed["filter_chains"][0]


@pytest.mark.lab
def test_envoy_itself_accepts_the_configuration(tmp_path):
    file = tmp_path / "envoy.json"
    file.write_text(json.dumps(config(str(make(tmp_path / "tls")))))
    done = subprocess.run(
        [envoy_path(), "--mode", "validate", "-c", str(file)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-800:]
