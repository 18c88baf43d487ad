"""The options that say where to capture, over a recorded cluster's files."""

from __future__ import annotations

from dataclasses import replace

import click
import pytest
from click.testing import CliRunner

from captools.cli.targets import TargetWishes, target_options
from captools.collect.facts import NodeFacts
from captools.collect.planning.plan import plan_capture
from captools.collect.request import CaptureRequest
from captools.collect.targets import Target
from captools.lab.topology import LEADER, MACHINES, VIP_SHARED, WEBPODS, webpod_on
from captools.model.cluster import Cluster
from captools.model.errors import UsageError
from tests.collect.recorded import recorded

MIB = 1 << 20


@pytest.fixture
def wishes(tmp_path, monkeypatch):
    """Return a function that parses a command line and resolves it against the files of a recorded case."""
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "empty"))
    monkeypatch.delenv("CAPTOOLS_CONFIG", raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.chdir(tmp_path)

    def resolve(*argv: str, case: str = "s10-l7-routing", toml: bool = True):
        folder = tmp_path / "inventory"
        folder.mkdir(exist_ok=True)
        for name, text in recorded(case)[1].items():
            (folder / name).write_text(text)
        if toml:
            lines = ['[cluster]\ninventory = "inventory"\n']
            lines += [f'[nodes.{name}]\nrole = "{"router" if name == "router" else "node"}"\n' for name in MACHINES]
            (tmp_path / "captools.toml").write_text("".join(lines))
        kept: list[TargetWishes] = []

        @click.command()
        @target_options
        def command(chosen: TargetWishes) -> None:
            kept.append(chosen)

        done = CliRunner().invoke(command, ["--no-kubectl", *argv], standalone_mode=False)
        if done.exception is not None:
            raise done.exception
        return kept[0].resolve()

    return resolve


def names(resolved):
    return [target.name for target in resolved.fields["targets"]]


def test_nodes_named_and_all_of_them(wishes):
    assert names(wishes("--node", "k8s-w0", "--node", "router")) == ["k8s-w0", "router"]
    assert set(names(wishes("--all-nodes"))) == set(MACHINES)
    assert wishes("--node", "k8s-w0").fields["named"] == ("k8s-w0",)


def test_pods_bring_their_nodes_however_they_are_meant(wishes):
    web = webpod_on("k8s-w0")
    one = wishes("--pod", f"default/{web.name}")
    assert names(one) == ["k8s-w0"] and one.fields["pods"] == (f"default/{web.name}",)
    several = wishes("--selector", "app=webpod", "-n", "default")
    assert set(names(several)) == {pod.node for pod in WEBPODS}
    assert set(dict(several.fields["pod_reasons"]).values()) == {"--selector app=webpod"}
    behind = wishes("--service", "default/webpod", case="s3-service-distribution")
    assert {f"{pod.namespace}/{pod.name}" for pod in WEBPODS} == set(behind.fields["pods"])


def test_a_request_brings_the_nodes_of_its_road(wishes):
    found = wishes("--request", f"http://{VIP_SHARED}/exact", "--host", "paths.lab.test")
    asked = found.fields["asked"]
    assert asked.name == "paths.lab.test" and {"router", LEADER} <= set(names(found))
    # Who announces the address is only known once the nodes have spoken, so all of them are asked.
    assert set(names(found)) == set(MACHINES)


def test_what_cannot_be_is_one_sentence_with_the_next_step(wishes):
    for argv, words in (
        ((), "no node was named; give --node NAME"),
        (("--host", "a"), "--host needs --request"),
        (("--pod", "default/gone"), "no pod 'default/gone' in the inventory; known pods: "),
        (("--request", "http://nobody.invalid/"), "knows nobody.invalid"),
        (("--node", "x"), "no node is called 'x'"),
    ):
        with pytest.raises(UsageError) as caught:
            wishes(*argv)
        assert words in str(caught.value)


def test_all_nodes_without_any_list_says_what_to_do(wishes):
    with pytest.raises(UsageError, match="neither a captools.toml nor kubectl tells any node"):
        wishes("--all-nodes", toml=False)


def crowded() -> tuple[CaptureRequest, dict[str, NodeFacts]]:
    facts = {"k8s-w1": recorded("s2-vxlan-overlay")[0]["k8s-w1"]}
    return CaptureRequest(targets=(Target(name="k8s-w1"),), buffer_bytes=8 * MIB), facts


def test_without_a_terminal_too_many_points_become_any_and_the_plan_says_so(capsys):
    request, facts = crowded()
    plan = plan_capture(request, facts, Cluster())
    assert TargetWishes().decide(plan, request) is plan
    said = capsys.readouterr()
    assert said.out == "" and "one capture of any takes their place" in said.err


def test_a_plan_without_any_point_is_left_to_the_errors(capsys):
    request, facts = crowded()
    empty = plan_capture(replace(request, interfaces=("eth9",)), facts, Cluster())
    assert TargetWishes().decide(empty, request) is empty and capsys.readouterr().err == ""


@pytest.mark.parametrize(("answer", "points"), [("each\n", 4), ("any\n", 1), ("\n", 1)])
def test_on_a_terminal_it_is_asked(monkeypatch, answer, points):
    request, facts = crowded()
    plan = plan_capture(request, facts, Cluster())
    found = []

    @click.command()
    def command() -> None:
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        found.append(TargetWishes().decide(plan, request))

    done = CliRunner().invoke(command, input=answer)
    assert done.exit_code == 0 and "Too many points for the ring memory" in done.stderr
    assert len(found[0].node("k8s-w1").runs) == points


def test_stop_stops(monkeypatch):
    request, facts = crowded()
    plan = plan_capture(request, facts, Cluster())

    @click.command()
    def command() -> None:
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        TargetWishes().decide(plan, request)

    assert CliRunner().invoke(command, input="stop\n").exit_code == 1


def test_a_cluster_named_by_the_user_gives_the_nodes_without_ssh(wishes, kube):
    access = ("--kubeconfig", str(kube.kubeconfig), "--context", "lab", "--kubectl")
    kube.node("w2")
    found = wishes(*access, "--all-nodes", toml=False)
    assert [(one.name, one.transport) for one in found.fields["targets"]] == [("w1", "kubectl"), ("w2", "kubectl")]
    assert found.fields["kube"].context == "lab" and "nodes by kubectl (context lab)" in found.said
    with pytest.raises(UsageError, match="no node of .* is called 'w9'; its nodes: w1, w2"):
        wishes(*access, "--node", "w9", toml=False)


def test_pods_of_this_moment_come_from_the_cluster(wishes, kube):
    pod = {
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {"nodeName": "w1"},
        "status": {"phase": "Running", "podIP": "172.20.1.7"},
    }
    kube.objects["pods"].append(pod)
    found = wishes("--kubeconfig", str(kube.kubeconfig), "--selector", "app=web", "-n", "shop", "--kubectl", toml=False)
    assert found.fields["pods"] == ("shop/web",) and names(found) == ["w1"]
