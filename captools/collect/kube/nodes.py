"""The nodes of a Kubernetes cluster as targets, for whoever has no captools.toml."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlencode

from captools.collect.clean import clean, last_line
from captools.collect.targets import Target
from captools.collect.transports import kubectl
from captools.model.errors import CaptureFailed

TIMEOUT_S = 10


def kube_nodes(kubeconfig: Path | None = None, context: str = "") -> tuple[Target, ...]:
    """Return every node of the context's cluster; raises ToolMissing without kubectl, CaptureFailed with its words."""
    cluster = Target(name="the cluster", transport="kubectl", kubeconfig=kubeconfig, context=context)
    return tuple(_targets(cluster, _get(cluster, "/api/v1/nodes")))


def kube_node(name: str, kubeconfig: Path | None = None, context: str = "") -> Target | None:
    """Return the cluster's node called ``name``; None where there is no such node, no kubectl or no answer."""
    cluster = Target(name="the cluster", transport="kubectl", kubeconfig=kubeconfig, context=context)
    if shutil.which("kubectl") is None:
        return None
    try:
        found = _get(cluster, f"/api/v1/nodes?{urlencode({'fieldSelector': f'metadata.name={name}'})}")
    except CaptureFailed:
        return None
    return next((one for one in _targets(cluster, found) if one.name == name), None)


def current_context(kubeconfig: Path | None = None) -> str:
    """Return the name of the kubeconfig's current context; the empty string without one. Nothing is sent."""
    if shutil.which("kubectl") is None:
        return ""
    argv = [*kubectl.base(Target(name="", kubeconfig=kubeconfig)), "config", "current-context"]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _get(cluster: Target, path: str) -> dict[str, object]:
    # By path: it spares kubectl its discovery, and no word of the user's stands alone on its command line.
    argv = [*kubectl.base(cluster), f"--request-timeout={TIMEOUT_S - 2}s", "get", "--raw", path]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S)
        if done.returncode != 0:
            wrong, to_try = kubectl.explain(cluster, done.stderr) or (last_line(done.stderr), "try kubectl get nodes")
            raise CaptureFailed(f"the nodes of the cluster cannot be listed: {wrong}", hint=to_try)
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise CaptureFailed(
            f"the nodes of the cluster cannot be listed: {clean(str(error), 80)}", hint="try kubectl get nodes"
        ) from error
    return found if isinstance(found, dict) else {}


def _targets(cluster: Target, listed: dict[str, object]) -> list[Target]:
    items = listed.get("items")
    names = [one["metadata"]["name"] for one in items] if isinstance(items, list) else []
    return [
        Target(name=str(name), transport="kubectl", kubeconfig=cluster.kubeconfig, context=cluster.context)
        for name in names
    ]
