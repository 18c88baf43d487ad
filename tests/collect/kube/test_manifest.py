"""The agent's Kubernetes manifest: what Kubernetes takes, and no right more than capturing needs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from captools.collect.kube.access import LISTS
from captools.collect.kube.manifest import READS, Wishes, manifest
from captools.model.errors import UsageError

yaml = pytest.importorskip("yaml")
VERSIONS = ("1.25", "1.28", "1.32", "1.36")


def documents(wishes: Wishes) -> list[dict]:
    return list(yaml.safe_load_all(manifest(wishes)))


def daemon_set(**wishes) -> dict:
    return next(one for one in documents(Wishes(**wishes)) if one["kind"] == "DaemonSet")["spec"]["template"]["spec"]


EVERYTHING = Wishes(
    namespace="123", image="registry.example:5000/tools/net@sha256:" + "0" * 64, selector={"example.org/tap": "true"},
    spool="512Mi", net_admin=True, gives_up_root=True, peers=True, users=("jane",), groups=("system:masters", "net ops"),
)  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("wishes", [Wishes(), EVERYTHING], ids=["least", "everything"])
def test_every_document_is_what_the_published_schema_asks_for(wishes, version):
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    for one in documents(wishes):
        kubernetes_validate.validate(one, version, strict=True)


def test_kubectl_reads_all_of_it(kube, tmp_path):
    (tmp_path / "agent.yaml").write_text(manifest(EVERYTHING))
    argv = ["kubectl", f"--kubeconfig={kube.kubeconfig}", "create", "--dry-run=client", "--validate=false"]
    done = subprocess.run([*argv, "-f", str(tmp_path / "agent.yaml"), "-o", "json"], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    text, kinds = done.stdout.decode(), []
    while text.strip():
        document, end = json.JSONDecoder().raw_decode(text.lstrip())
        kinds += [one["kind"] for one in document.get("items", [document])]
        text = text.lstrip()[end:]
    assert kinds == [one["kind"] for one in documents(EVERYTHING)]


def test_the_pod_gets_the_nodes_network_and_nothing_else_of_it():
    pod = daemon_set()
    assert pod["hostNetwork"] is True
    assert not {"hostPID", "hostIPC", "shareProcessNamespace", "initContainers"} & set(pod)
    assert pod["automountServiceAccountToken"] is False
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert [set(volume) for volume in pod["volumes"]] == [{"name", "emptyDir"}]
    (container,) = pod["containers"]
    security = container["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"], "add": ["NET_RAW"]}
    assert (security["privileged"], security["allowPrivilegeEscalation"]) == (False, False)
    assert security["readOnlyRootFilesystem"] is True
    assert set(container["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/var/tmp"]


@pytest.mark.parametrize(
    ("wish", "added"),
    [
        ({"net_admin": True}, ["NET_RAW", "NET_ADMIN"]),
        ({"gives_up_root": True}, ["NET_RAW", "SETGID", "SETUID", "KILL"]),
        ({"peers": True}, ["NET_RAW", "SYS_ADMIN", "SYS_PTRACE"]),
    ],
)
def test_each_wish_adds_its_own_rights_and_no_other(wish, added):
    pod = daemon_set(**wish)
    assert pod["containers"][0]["securityContext"]["capabilities"]["add"] == added
    # The API server refuses SYS_ADMIN beside allowPrivilegeEscalation: false.
    assert pod["containers"][0]["securityContext"]["allowPrivilegeEscalation"] is ("SYS_ADMIN" in added)
    assert pod.get("hostPID", False) is wish.get("peers", False)


def test_the_first_process_ends_at_once_when_it_is_told_to():
    command = daemon_set()["containers"][0]["command"]
    # As the first process of its own PID namespace, where signals without a handler are not heard.
    process = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", *command])
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while not (found := children.read_text().split()):
            assert process.poll() is None
        subprocess.run(["sh", "-c", f"until grep -q '^SigCgt:.*[^0]$' /proc/{found[0]}/status; do :; done"], timeout=10)
        subprocess.run(["kill", "-TERM", found[0]], check=True)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()


def rules(kind: str, name: str) -> list[dict]:
    found = [one for one in documents(Wishes()) if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return [rule for one in found for rule in one["rules"]]


def test_whoever_captures_may_run_commands_in_the_agent_pods_and_only_there():
    assert rules("Role", "captools-capture") == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create", "get"]},
    ]
    inventory = [*rules("ClusterRole", "captools-inventory"), *rules("Role", "captools-inventory")]
    assert {verb for rule in inventory for verb in rule["verbs"]} == {"get", "list"}
    assert not {"secrets", "*", "pods/exec"} & {name for rule in inventory for name in rule["resources"]}


def test_the_inventory_rules_are_what_the_inventory_reads():
    asked = set()
    for _, paths in LISTS.values():
        for path in paths:
            parts = path.strip("/").split("/")
            group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
            if rest[0] != "namespaces":
                asked.add((group, rest[0]))
    assert asked == {(group, name) for group, names in READS.items() for name in names}


def test_rules_are_bound_to_whom_one_names_and_to_nobody_else():
    assert not [one for one in documents(Wishes()) if "Binding" in one["kind"]]
    bound = [one for one in documents(EVERYTHING) if "Binding" in one["kind"]]
    assert len(bound) == 3
    for one in bound:
        assert [subject["name"] for subject in one["subjects"]] == ["jane", "system:masters", "net ops"]


@pytest.mark.parametrize(
    "wish",
    [
        {"namespace": "a\nb: c"}, {"namespace": "A"}, {"image": 'x"\n'}, {"image": "a b"}, {"spool": "2"}, {"spool": "0Gi"},
        {"selector": {"a": 'b"\nc: d'}}, {"selector": {"a b": "c"}}, {"users": ('x"',)}, {"groups": ("\n",)},
    ],
)  # fmt: skip
def test_what_would_be_something_else_in_yaml_is_refused(wish):
    with pytest.raises(UsageError, match="cannot be used"):
        manifest(Wishes(**wish))
