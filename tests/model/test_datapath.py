"""Settings of the datapath: what cilium-config says in old and new words, and that unknown is never taken for off."""

from __future__ import annotations

import pytest

from captools.model.datapath import Datapath, datapath_of_config


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, Datapath()),
        ({"routing-mode": "tunnel", "tunnel-protocol": "geneve"}, Datapath(routing="tunnel", tunnel="geneve")),
        ({"tunnel": "vxlan"}, Datapath(routing="tunnel", tunnel="vxlan")),
        ({"tunnel": "disabled"}, Datapath(routing="native")),
        ({"enable-host-legacy-routing": "true"}, Datapath(host_routing="legacy")),
        ({"enable-host-legacy-routing": "false"}, Datapath()),
        ({"datapath-mode": "netkit-l2"}, Datapath(device="netkit")),
        ({"bpf-lb-acceleration": "best-effort"}, Datapath(xdp="best-effort")),
        ({"bpf-lb-sock": "false"}, Datapath(socket_lb="off")),
        ({"bpf-lb-sock": "false", "kube-proxy-replacement": "true"}, Datapath(socket_lb="on")),
        ({"enable-wireguard": "true"}, Datapath(encryption="wireguard")),
        ({"enable-wireguard": "false", "enable-ipsec": "true"}, Datapath(encryption="ipsec")),
        ({"enable-wireguard": "false"}, Datapath(encryption="disabled")),
    ],
)
def test_the_config_map_is_read_in_the_words_of_its_version(config, expected):
    assert datapath_of_config(config) == expected


def test_a_bypass_is_ruled_out_only_by_settings_that_say_so():
    assert Datapath().skips_pods() and Datapath().skips_cards()
    assert Datapath(host_routing="legacy").skips_pods() and Datapath(device="veth").skips_pods()
    known = Datapath(host_routing="legacy", device="veth", xdp="disabled")
    assert not known.skips_pods() and not known.skips_cards()


def test_what_one_does_not_say_the_other_may():
    assert Datapath(routing="native").or_else(Datapath(routing="tunnel", xdp="native")) == Datapath(
        routing="native", xdp="native"
    )
