"""Finding the agent pod of a node, or making a debug pod: what kubectl is asked to do, and what becomes of it."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from captools.collect.kube import pod as kube_pod
from captools.collect.targets import Target
from captools.collect.transports import kubectl, prepare, release
from captools.model.errors import CaptureFailed, UsageError
from tests.collect.kube_api import run_at_once
from tests.collect.kube_fixtures import AGENT


def w1(kube, **more) -> Target:
    return replace(Target(name="w1", transport="kubectl", kubeconfig=kube.kubeconfig), **more)


def made_pods(kube):
    return [one.body for one in kube.asked if one.method == "POST" and one.path.endswith("/pods")]


def test_the_nodes_own_agent_pod_is_found_by_its_label(kube):
    kube.node("w2")
    kube.pod("agent-2", "w2", **AGENT)
    kube.pod("web", "w1")
    kube.pod("agent-1", "w1", **AGENT)
    found = prepare(w1(kube))
    assert (found.namespace, found.pod, found.container, found.host_ip) == ("captools", "agent-1", "agent", "192.0.2.1")
    assert not found.made and not found.konnectivity and found.api == f"127.0.0.1 {kube.port}"
    assert made_pods(kube) == []
    release(found)
    assert not [one for one in kube.asked if one.method == "DELETE"]


def test_a_node_of_another_name_in_the_cluster_is_asked_for_by_that_name(kube):
    kube.node("ip-10-0-0-1.example")
    kube.pod("agent-9", "ip-10-0-0-1.example", **AGENT)
    assert prepare(w1(kube, address="ip-10-0-0-1.example")).pod == "agent-9"


def test_without_an_agent_a_debug_pod_is_made_on_the_nodes_network_and_deleted_afterwards(kube):
    kube.exec_argv = lambda pod, command: ["sh", "-c", "exit 0"] if "captools-" in command[-1] else command
    found = prepare(w1(kube))
    (pod,) = made_pods(kube)
    spec = pod["spec"]
    assert (spec["nodeName"], spec["hostNetwork"], spec["restartPolicy"]) == ("w1", True, "Never")
    assert spec["containers"][0]["image"] == kube_pod.IMAGE
    assert spec["containers"][0]["command"] == ["/bin/sh", "-c", "exec sleep 604800", "captools-agent"]
    assert found.made and (found.pod, found.namespace) == (pod["metadata"]["name"], "default")
    assert subprocess.run(kubectl.argv(found, "echo hi"), capture_output=True, timeout=30).stdout == b"hi\n"
    release(found)
    assert kube.objects["pods"] == []


def test_a_debug_pod_in_which_a_capture_lies_is_left_for_whoever_fetches_it(kube):
    kube.exec_argv = lambda pod, command: ["sh", "-c", "exit 9"] if "captools-" in command[-1] else command
    found = prepare(w1(kube))
    release(found)
    assert [pod["metadata"]["name"] for pod in kube.objects["pods"]] == [found.pod]
    assert [one.pod for one in kube_pod.leftovers(w1(kube))] == [found.pod]
    # Found again by its name after the loss of the controller, and made by us still.
    assert prepare(replace(found, host_ip="", api="")) == found


@pytest.mark.lab
def test_a_folder_of_a_capture_is_what_keeps_the_pod(kube, node):
    for folder in ("/var/tmp", "/tmp", "/dev/shm"):
        node.inside("mount", "-t", "tmpfs", "tmpfs", folder)
    node.inside("mkdir", "-p", "/var/tmp/captools-0/today-abcdef")
    kube.pod("debug-1", "w1", pid=node.pid)
    found = w1(kube, namespace="captools", pod="debug-1", container="agent", made=True)
    release(found)
    assert len(kube.objects["pods"]) == 1
    node.inside("rmdir", "/var/tmp/captools-0/today-abcdef")
    release(found)
    assert kube.objects["pods"] == []


WITHOUT_TCPDUMP = """
mount -t tmpfs tmpfs /mnt
for d in bin dev etc lib lib64 proc sbin usr; do
    if [ -L /$d ]; then cp -a /$d /mnt/$d; else mkdir /mnt/$d; mount --rbind /$d /mnt/$d; fi
done
mkdir /mnt/host /mnt/root; mount --rbind / /mnt/host
touch /mnt/empty; mount --bind /mnt/empty "/mnt$(readlink -f "$(command -v tcpdump)")"
exec chroot /mnt "$@"
"""


@pytest.mark.lab
def test_where_only_the_node_has_tcpdump_its_own_programs_are_used(kube, node):
    kube.exec_argv = lambda pod, command: ["unshare", "--mount", "sh", "-c", WITHOUT_TCPDUMP, "sh", *command]
    found = prepare(w1(kube))
    assert found.root == "/host"
    done = subprocess.run(kubectl.argv(found, "command -v tcpdump"), capture_output=True, timeout=30)
    assert b"tcpdump" in done.stdout, done.stderr
    here = subprocess.run(kubectl.argv(replace(found, root=""), "test -x /usr/bin/tcpdump"), capture_output=True)
    assert here.returncode == 1


def stuck(reason, message):
    def on_pod(pod):
        run_at_once(pod)
        pod["status"]["phase"], pod["status"]["conditions"] = "Pending", []
        pod["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": reason, "message": message}}

    return on_pod


def test_an_image_that_cannot_be_pulled_is_told_and_its_pod_deleted(kube):
    kube.on_pod = stuck("ErrImagePull", "failed to pull: 403\x1b[2J Forbidden")
    with pytest.raises(CaptureFailed, match=r"w1: the image img:1 cannot be pulled \(failed to pull: 403 .*Forbidden"):
        prepare(w1(kube, image="img:1"))
    assert len(made_pods(kube)) == 1 and kube.objects["pods"] == []


def test_a_pod_that_never_starts_is_given_up_and_deleted(kube, monkeypatch):
    monkeypatch.setattr(kube_pod, "START_TIMEOUT_S", 0.5)
    kube.on_pod = stuck("ContainerCreating", "")
    with pytest.raises(CaptureFailed, match="did not start within"):
        prepare(w1(kube))
    assert kube.objects["pods"] == []


def test_an_image_without_tcpdump_on_a_node_without_it_is_told(kube):
    kube.exec_argv = lambda pod, command: ["sh", "-c", "echo python3@"]
    with pytest.raises(CaptureFailed, match="neither the image .* nor the node has tcpdump"):
        prepare(w1(kube))
    assert kube.objects["pods"] == []


PODS = "/api/v1/namespaces/default/pods"


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        ('pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "default"',
         "you may not create pods in namespace default"),
        ('pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
         "lets no pod use the node's network"),
    ],
)  # fmt: skip
def test_a_debug_pod_that_may_not_be_made_says_which_rule_is_missing(kube, message, wrong):
    kube.refusals = {("POST", PODS): (403, "Forbidden", message)}
    with pytest.raises(CaptureFailed, match=wrong):
        prepare(w1(kube))


def test_a_node_the_cluster_does_not_have_is_told(kube):
    with pytest.raises(CaptureFailed, match="no node of that name"):
        prepare(w1(kube, name="w7"))


def test_a_named_pod_that_is_not_ready_is_told_with_its_reason(kube):
    kube.pod("agent-1", "w1", **AGENT)
    stuck("CrashLoopBackOff", "back-off 5m0s")(kube.objects["pods"][0])
    with pytest.raises(CaptureFailed, match=r"pod agent-1 is not ready \(back-off 5m0s\)"):
        prepare(w1(kube, namespace="captools", pod="agent-1"))


def test_a_pod_that_cannot_be_deleted_is_named_for_deletion_by_hand(kube):
    kube.exec_argv = lambda pod, command: ["sh", "-c", "exit 0"] if "captools-" in command[-1] else command
    found = prepare(w1(kube))
    kube.refusals = {("DELETE", ".*"): (403, "Forbidden", "pods is forbidden")}
    with pytest.raises(CaptureFailed, match="kubectl --namespace=default delete pod node-debugger-w1"):
        release(found)


@pytest.mark.parametrize("image", ["-x", "a b", "a;b", "$(x)", "x\n", ""])
def test_an_image_that_is_none_never_reaches_kubectl(kube, image):
    if not image:
        assert prepare(w1(kube, image=image)).image == kube_pod.IMAGE
        return
    with pytest.raises(UsageError, match="is no image"):
        prepare(w1(kube, image=image))
    assert made_pods(kube) == []
