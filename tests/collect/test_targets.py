"""captools.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from captools.collect.targets import LOCAL, read_config
from captools.model.errors import UsageError

WHOLE = """
[cluster]
inventory = "facts"
[nodes.k8s-w1]
address = "192.168.10.101"
user = "root"
port = 2222
key = "ssh/id"
ssh_config = "ssh/config"
[nodes.router]
transport = "netns"
pid = 77
role = "router"
[nodes.here]
transport = "local"
"""


def config(folder: Path, text: str):
    path = folder / "captools.toml"
    path.write_text(text)
    return read_config(path)


def test_every_key_is_read_and_paths_are_relative_to_the_file(tmp_path):
    read = config(tmp_path, WHOLE)
    first, router, here = read.targets
    assert (first.transport, first.address, first.user, first.port) == ("ssh", "192.168.10.101", "root", 2222)
    assert (first.key, first.ssh_config) == (tmp_path / "ssh/id", tmp_path / "ssh/config")
    assert (router.transport, router.pid, router.role) == ("netns", 77, "router")
    assert here.transport == "local" and read.inventory == tmp_path / "facts"
    assert (first.way, router.way, here.way) == ("root@192.168.10.101:2222", "namespaces of process 77", "this machine")


def test_nodes_are_picked_once_each_in_the_order_they_were_named(tmp_path):
    picked = config(tmp_path, WHOLE).pick(["router", "k8s-w1", "router", "local"])
    assert [target.name for target in picked] == ["router", "k8s-w1", "local"] and picked[-1] is LOCAL


def test_an_unknown_node_names_the_known_ones(tmp_path):
    with pytest.raises(UsageError, match="no node is called 'k8s-w9'; known nodes: k8s-w1, router, here"):
        config(tmp_path, WHOLE).pick(["k8s-w9"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[nodes.a]\nadress = 'x'", "unknown key 'adress'"),
        ("[nodes.a]\nport = '22'", "port is '22'; it must be a number"),
        ("[nodes.a]\nport = true", "port is True; it must be a number"),
        ("[nodes.a]\ntransport = 'telnet'", "transport is 'telnet'; it is one of ssh, kubectl, netns, local"),
        ("[nodes.a]\nrole = 'boss'", "role is 'boss'"),
        ("[nodes.a]\ntransport = 'netns'", "netns but no pid"),
        ("[nodes]\na = 3", "is not a table"),
        ("nodes = 3", "must be tables"),
        ("[cluster]\ninventory = 3", "inventory must be the name of a folder"),
        ("[nodes.a", "not valid TOML"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path, text, sentence):
    with pytest.raises(UsageError) as caught:
        config(tmp_path, text)
    assert sentence in str(caught.value) and "captools.toml" in str(caught.value)


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_config(tmp_path / "none.toml")


def test_a_kubernetes_node_is_known_by_its_name_and_by_its_pod_once_it_has_one(tmp_path):
    text = "[nodes.w1]\ntransport = 'kubectl'\ncontext = 'prod'\nnamespace = 'tap'\nkubeconfig = 'admin.conf'\n"
    (node,) = config(tmp_path, text).targets
    assert node.kubeconfig == tmp_path / "admin.conf" and node.way == "Kubernetes node w1, context prod"
    (pod,) = config(tmp_path, text + "pod = 'agent-1'\n").targets
    assert pod.way == "kubectl exec tap/agent-1, context prod"


@pytest.mark.parametrize("key", ["root", "host_ip", "api", "made", "konnectivity", "control"])
def test_what_is_found_out_on_the_way_is_nothing_that_people_write(tmp_path, key):
    with pytest.raises(UsageError, match="unknown key"):
        config(tmp_path, f"[nodes.w1]\n{key} = 'x'\n")
