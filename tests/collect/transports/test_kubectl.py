"""The kubectl transport: the real client against a stand-in for the API server, streams served by real processes."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from captools.collect.targets import Target
from captools.collect.transports import kubectl, prepare
from captools.model.errors import ToolMissing, UsageError
from tests.collect.kube_api import KubeApi
from tests.collect.kube_fixtures import AGENT
from tests.collect.transports.contract import MANY, Contract, Way, hostile_names

PLAIN = Target(name="w1", transport="kubectl")
KINDS = ("context", "namespace", "pod", "container")


def target_of(api: KubeApi, **more: object) -> Target:
    found = Target(
        name="w1",
        transport="kubectl",
        kubeconfig=api.kubeconfig,
        namespace="captools",
        pod="agent-1",
        container="agent",
    )
    return replace(found, **more)  # type: ignore[arg-type]


@pytest.mark.lab
class TestKubectl(Contract):
    @pytest.fixture
    def way(self, node, kube) -> Way:
        kube.pod("agent-1", "w1", pid=node.pid, **AGENT)
        return Way(prepare(Target(name="w1", transport="kubectl", kubeconfig=kube.kubeconfig)), lambda _: kube.cut())

    def hostile(self, way: Way, marker: Path) -> list[Target]:
        return [replace(way.target, **{kind: name}) for kind in KINDS for name in hostile_names(marker) if name]


@pytest.mark.lab
def test_the_older_protocol_carries_the_same_bytes(node, kube, monkeypatch):
    monkeypatch.setenv("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", "false")
    kube.pod("agent-1", "w1", pid=node.pid)
    done = Way(target_of(kube), lambda _: kube.cut()).run("cat; echo err >&2; exit 7", MANY)
    assert (done.returncode, done.stdout == MANY, b"err" in done.stderr) == (7, True, True)
    assert kube.execs()[-1].protocol == "spdy/3.1"


def test_what_kubectl_asks_for_is_the_line_in_the_container_with_stdin(kube):
    kube.pod("agent-1", "w1")
    Way(target_of(kube), lambda _: kube.cut()).run("echo 'a  b'")
    asked = kube.execs()[-1]
    assert asked.path == "/api/v1/namespaces/captools/pods/agent-1/exec"
    assert asked.query["command"] == ["/bin/sh", "-c", "echo 'a  b'"]
    assert (asked.query["container"], asked.query["stdin"], asked.query["stderr"]) == (["agent"], ["true"], ["true"])
    assert "tty" not in asked.query


def test_the_nodes_own_programs_are_entered_by_chroot():
    argv = kubectl.argv(Target(name="w1", transport="kubectl", pod="p", root="/host"), "true")
    assert argv[argv.index("--") + 1 :] == ["chroot", "/host", "/bin/sh", "-c", "true"]


@pytest.mark.parametrize("name", ["-x", "--kubeconfig=/x", "a b", "a\nb", "$(x)", "A", "a/b", "x" * 300, "\x1b[2J"])
@pytest.mark.parametrize("kind", ["namespace", "pod", "container"])
def test_names_that_kubernetes_would_not_give_are_refused(kind, name):
    odd = replace(Target(name="w1", transport="kubectl", pod="p"), **{kind: name})
    with pytest.raises(UsageError, match=f"is no {kind}") as error:
        kubectl.argv(odd, "true")
    assert str(error.value).isprintable()


def test_a_context_may_be_called_anything_and_stays_one_word():
    odd = Target(name="w1", transport="kubectl", pod="p", context="--namespace=x admin@prod")
    assert "--context=--namespace=x admin@prod" in kubectl.argv(odd, "true")


@given(context=st.text(), namespace=st.text(), pod=st.text(), container=st.text())
@example(context="", namespace="", pod="p", container="--")
def test_no_name_ever_becomes_a_word_of_its_own(context, namespace, pod, container):
    plain = kubectl.argv(replace(PLAIN, context="c", namespace="n", pod="p", container="c"), "true")
    odd = replace(PLAIN, context=context or "c", namespace=namespace or "n", pod=pod, container=container or "c")
    try:
        argv = kubectl.argv(odd, "true")
    except UsageError as error:
        assert str(error).isprintable()
        return
    assert len(argv) == len(plain)
    for word, model in zip(argv, plain, strict=True):
        assert word == model or (word.partition("=")[0], pod) in ((model.partition("=")[0], pod), (pod, word))
        assert word.isprintable() and (word == model or not word.startswith("-") or "=" in word)


def said(target: Target, line: str = "true") -> str:
    done = subprocess.run(kubectl.argv(target, line), stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert done.returncode
    explained = kubectl.explain(target, done.stderr.decode())
    assert explained is not None, done.stderr
    return f"{explained[0]}; {explained[1]}"


EXEC = r".*/exec"
NOT_ALLOWED = (
    'pods "agent-1" is forbidden: User "jane" cannot create resource "pods/exec" in API group "" '
    'in the namespace "captools"'
)


@pytest.mark.parametrize(
    ("method", "path", "answer", "wrong"),
    [
        ("GET|POST", EXEC, (403, "Forbidden", NOT_ALLOWED), "you may not create pods/exec in namespace captools"),
        ("GET|POST", ".*", (401, "Unauthorized", "Unauthorized"), "does not accept these credentials"),
        ("GET|POST", EXEC, (500, "InternalError", "error dialing backend: dial tcp 192.0.2.1:10250: connect: x"),
         "cannot reach the node's kubelet"),
        ("GET|POST", EXEC, (400, "BadRequest", "container agent is not valid for pod agent-1"), "no such container"),
    ],
)  # fmt: skip
def test_what_the_api_server_refuses_becomes_a_sentence(kube, method, path, answer, wrong):
    kube.pod("agent-1", "w1")
    kube.refusals = {(one, path): answer for one in method.split("|")}
    assert wrong in said(target_of(kube))


def test_a_pod_that_is_gone_and_one_without_a_shell_are_told(kube):
    kube.put("namespaces", {"metadata": {"name": "captools"}})
    assert "the pod is gone" in said(target_of(kube))
    kube.pod("agent-1", "w1")
    kube.exec_argv = lambda pod, command: ["/no/such/shell"]
    assert "has no shell" in said(target_of(kube))


def test_a_pod_that_has_ended_is_told(kube):
    kube.pod("agent-1", "w1")
    kube.objects["pods"][0]["status"]["phase"] = "Succeeded"
    assert "the pod has ended" in said(target_of(kube))


def test_a_broken_stream_is_told(kube):
    kube.pod("agent-1", "w1")
    process = Way(target_of(kube), lambda _: kube.cut()).start("echo ready; sleep 5")
    assert process.stdin and process.stdout and process.stderr
    assert process.stdout.readline() == b"ready\n"
    kube.cut()
    words = process.communicate()[1].decode()
    if kube.execs()[-1].protocol == "spdy/3.1" and not words:
        pytest.skip("a kubectl of this age says nothing when its stream breaks")
    explained = kubectl.explain(target_of(kube), words)
    assert explained is not None and "the exec stream broke" in explained[0]


def test_no_context_no_server_and_no_certificate_are_told_from_each_other(kube, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = kube.config(tmp_path / "closed", server=f"http://127.0.0.1:{free.getsockname()[1]}")
        assert "refuses the connection" in said(target_of(kube, kubeconfig=closed))
    assert "no such context" in said(target_of(kube, context="other"))
    (tmp_path / "empty").write_text("{}")
    assert "knows no cluster" in said(target_of(kube, kubeconfig=tmp_path / "empty"))
    plain = kube.config(tmp_path / "plain", server=kube.url.replace("http:", "https:"))
    assert "does not speak TLS" in said(target_of(kube, kubeconfig=plain))


def test_a_certificate_nobody_vouches_for_is_told_and_one_in_the_kubeconfig_is_fine(tmp_path, monkeypatch, kube):
    (tmp_path / "tls").mkdir()
    with KubeApi(tmp_path / "tls", tls=True) as sealed:
        sealed.pod("agent-1", "w1")
        assert "certificate is not accepted" in said(target_of(sealed))
        trusted = sealed.config(tmp_path / "trusted", **{"certificate-authority": str(tmp_path / "tls/tls.crt")})
        done = Way(target_of(sealed, kubeconfig=trusted), lambda _: sealed.cut()).run("cat", b"sealed")
        assert done.stdout == b"sealed", done.stderr


def test_the_nodes_own_words_are_left_to_others():
    for words in ("sh: 1: tcpdump: not found", "command terminated with exit code 127", "Traceback (most recent call)"):
        assert kubectl.explain(Target(name="w1", transport="kubectl", pod="p"), words) is None


def test_without_kubectl_the_tool_is_missing(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissing, match="no kubectl"):
        kubectl.argv(Target(name="w1", transport="kubectl", pod="p"), "true")


def test_kubectl_finds_captools_as_its_own_command(kube, monkeypatch):
    here = Path(sys.executable).parent
    if not (here / "kubectl-captools").exists():
        pytest.skip("captools is not installed here")
    monkeypatch.setenv("PATH", str(here), prepend=":")
    done = subprocess.run(["kubectl", "captools", "--version"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout.startswith("captools, version"), done.stderr
