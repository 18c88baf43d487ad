"""The options that say where to capture, and what becomes of them: targets, pods, a request's road, the plan's fate."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from captools.cli.plan import plan_document, plan_text
from captools.collect.inventory import cluster_of
from captools.collect.kube.access import KubeAccess, find_access
from captools.collect.kube.nodes import kube_nodes
from captools.collect.places import known_nodes, pick_targets
from captools.collect.planning.asked import AskedRequest, known_addresses, read_url
from captools.collect.planning.plan import CapturePlan
from captools.collect.planning.pods import PodWish, rows_of, wanted_pods
from captools.collect.planning.preview import early_texts
from captools.collect.planning.road import road_of
from captools.collect.request import ROLE_NAMES, CaptureRequest
from captools.collect.targets import LOCAL, Config, Target
from captools.model.cluster import Cluster
from captools.model.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetWishes:
    """Where to capture, as the user typed it. ``yes``: no question is asked. ``plan_only``: the plan is all."""

    nodes: tuple[str, ...] = ()
    all_nodes: bool = False
    pods: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    namespace: str = ""
    interfaces: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    asked: str = ""
    host: str = ""
    many: str | None = None
    yes: bool = False
    plan_only: bool = False
    inventory: tuple[Path, ...] = ()
    config: Path | None = None
    kubectl: bool | None = None
    context: str = ""
    kubeconfig: Path | None = None

    def resolve(self) -> Resolved:
        """Return what the wishes mean here and now; UsageError where they mean nothing."""
        if self.host and not self.asked:
            raise UsageError("--host needs --request", hint="--host is the name in the Host header of the request")
        known = known_nodes(self.config)
        inventory = ([known.inventory] if known is not None and known.inventory is not None else []) + [*self.inventory]
        access = find_access(wanted=self.kubectl, context=self.context, kubeconfig=self.kubeconfig)
        wish = PodWish(pods=self.pods, selectors=self.selectors, services=self.services, namespace=self.namespace)
        said: list[str] = []
        cluster = Cluster()
        if wish or self.asked or (self.all_nodes and known is None):
            texts, about = early_texts(inventory, access, known.targets if known is not None else ())
            cluster = cluster_of(texts, {})
            said += about
        pods = wanted_pods(cluster, wish)
        asked = _asked(self.asked, self.host, cluster)
        names = list(self.nodes)
        if self.all_nodes:
            names += _every_node(known, cluster)
        names += _homes(pods, known, cluster, said)
        if asked is not None:
            names += _road_nodes(asked, known, cluster, said)
        if not names:
            listed = ", ".join(one.name for one in known.targets) if known is not None else "none: no captools.toml"
            raise UsageError(
                "no node was named",
                hint=f"give --node NAME, --node local, --all-nodes, --pod or --request; known nodes: {listed}",
            )
        if known is None and access is not None and access.insisted:
            targets, how = _of_cluster(access, names)
        else:
            targets, how = pick_targets(known, names)
        return Resolved(
            fields={
                "targets": targets,
                "interfaces": self.interfaces,
                "roles": self.roles,
                "pods": tuple(pods),
                "pod_reasons": tuple(pods.items()),
                "asked": asked,
                "named": self.nodes,
                "many": self.many or "",
                "inventory": tuple(inventory),
                "kube": access,
            },
            said=(*how, *said),
        )

    def decide(self, plan: CapturePlan, request: CaptureRequest) -> CapturePlan:
        """Print the plan on stderr; where points were too many for the ring budget, ask on a terminal.

        Without a terminal, with --yes or with --many the plan stands as it is: one capture of any in their place.
        """
        if not any(node.runs for node in plan.nodes):
            return plan  # the errors that follow say it all
        click.echo(plan_text(plan, request), err=True)
        if not plan.crowded or self.many or self.yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return plan
        answer = click.prompt(
            "Too many points for the ring memory: one capture of any per node, each of them all the same, or stop?",
            type=click.Choice(("any", "each", "stop")),
            default="any",
            err=True,
        )
        if answer == "stop":
            raise click.Abort
        return plan.keeping_all() if answer == "each" else plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Fields for the CaptureRequest, and what the user should know about how they were found."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()


def _of_cluster(access: KubeAccess, names: list[str]) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """Return the cluster's nodes called ``names``: the user named the cluster, so ssh is not tried."""
    known = {one.name: one for one in kube_nodes(access.kubeconfig, access.context)}
    known.setdefault(LOCAL.name, LOCAL)
    unknown = [name for name in names if name not in known]
    if unknown:
        listed = ", ".join(list(known)[:20])
        raise UsageError(f"no node of {access.shown} is called {unknown[0]!r}", hint=f"its nodes: {listed}")
    return tuple(known[name] for name in dict.fromkeys(names)), (f"nodes by {access.shown}",)


def _asked(text: str, host: str, cluster: Cluster) -> AskedRequest | None:
    """Read --request; a host name that the inventory does not know is looked up here."""
    if not text:
        return None
    asked = read_url(text, host)
    if known_addresses(asked, cluster):
        return asked
    try:
        found = socket.getaddrinfo(asked.host, asked.port, type=socket.SOCK_STREAM)
    except OSError:
        return asked  # the plan says that nobody knows it
    return replace(asked, resolved=tuple(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found)))


def _every_node(known: Config | None, cluster: Cluster) -> list[str]:
    if known is not None:
        return [target.name for target in known.targets]
    members = [node.name for node in cluster.nodes if node.in_cluster]
    if not members:
        raise UsageError(
            "--all-nodes: neither a captools.toml nor kubectl tells any node",
            hint="name nodes with --node, write a captools.toml, or give --context",
        )
    return members


def _homes(pods: Mapping[str, str], known: Config | None, cluster: Cluster, said: list[str]) -> list[str]:
    """Return the nodes of the pods; where one's node is not known, every node is asked for it."""
    homes = {full_name: {pod.node for pod in rows_of(cluster, full_name)} - {""} for full_name in pods}
    lost = [full_name for full_name, nodes in homes.items() if not nodes]
    names = [node for nodes in homes.values() for node in sorted(nodes)]
    if lost:
        said.append(f"the node of pod {lost[0]} is not known: every node is asked for it")
        names += [one.name for one in known.targets if one.role == "node"] if known is not None else []
    return names


def _road_nodes(asked: AskedRequest, known: Config | None, cluster: Cluster, said: list[str]) -> list[str]:
    machines = (
        {target.name: target.role for target in known.targets}
        if known is not None
        else {node.name: "node" for node in cluster.nodes if node.in_cluster}
    )
    names = [stop.node for stop in road_of(asked, cluster, machines).stops]
    if not names:
        raise UsageError(
            f"--request {asked.text}: no node on its road is known",
            hint="name nodes with --node; --inventory or --context tells where services and pods are",
        )
    return names


def print_plan(plan: CapturePlan, request: CaptureRequest, failed: Mapping[str, str], *, as_json: bool) -> None:
    """Print the plan on stdout: what --plan is for."""
    if as_json:
        click.echo(json.dumps(plan_document(plan, request, failed), indent=1))
    else:
        click.echo(plan_text(plan, request, failed))


def kube_options(command: F) -> F:
    """Add --kubectl/--no-kubectl, --context and --kubeconfig."""
    decorated: Any = command
    for decorate in (
        click.option("--kubectl/--no-kubectl", "kubectl", default=None,
                     help="Ask the cluster for pods, services and nodes. Default: if kubectl has a context."),
        click.option("--context", default="", metavar="NAME", help="kubectl's context."),
        click.option("--kubeconfig", type=click.Path(path_type=Path), help="kubectl's configuration file."),
    ):  # fmt: skip
        decorated = decorate(decorated)
    return cast(F, decorated)


def target_options(command: F) -> F:
    """Add every option that says where to capture; the command gets them as ``chosen``."""

    @wraps(command)
    def asking(*words: Any, **options: Any) -> Any:
        wishes = {name: options.pop(name) for name in TargetWishes.__slots__}
        return command(*words, chosen=TargetWishes(**wishes), **options)

    decorated: Any = kube_options(cast(F, asking))
    several: dict[str, Any] = {"multiple": True}
    for decorate in reversed((
        click.option("--node", "nodes", **several, metavar="NAME", help="Capture there; may be given several times."),
        click.option("--all-nodes", is_flag=True, help="Capture on every node of captools.toml, or of the cluster."),
        click.option("--pod", "pods", **several, metavar="NS/NAME", help="At this pod's device, on its node; a glob too."),
        click.option("--selector", "selectors", **several, metavar="LABELS", help="At every pod with app=web,tier!=db."),
        click.option("--service", "services", **several, metavar="NS/NAME", help="At every pod behind a service."),
        click.option("-n", "--namespace", default="", metavar="NS", help="Of --pod, --selector and --service."),
        click.option("--request", "asked", default="", metavar="URL",
                     help="At every point that http://VIP/path can cross, filtered so that nothing of it is missed."),
        click.option("--host", default="", metavar="NAME", help="With --request: its Host header."),
        click.option("-i", "--interface", "interfaces", **several, metavar="NAME|GLOB", help="Interfaces, or NODE/NAME."),
        click.option("--role", "roles", **several, type=click.Choice(ROLE_NAMES), help="Interfaces by what they are for."),
        click.option("--many", type=click.Choice(("each", "any")),
                     help="Too many points for --buffer: keep each, or one capture of any per node."),
        click.option("--yes", "-y", is_flag=True, help="Ask nothing."),
        click.option("--plan", "plan_only", is_flag=True, help="Print what would be captured where and why, and stop."),
        click.option("--inventory", multiple=True, type=click.Path(path_type=Path), help="Cluster facts to go by."),
        click.option("--config", type=click.Path(path_type=Path), help="The captools.toml to read."),
    )):  # fmt: skip
        decorated = decorate(decorated)
    return cast(F, decorated)
