"""The plan of a capture without the capture: nodes are asked what they have, and nothing is started there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from captools.collect.inventory import cluster_of, read_files
from captools.collect.kube.access import KubeAccess, cluster_texts, concerns
from captools.collect.planning.plan import CapturePlan, plan_capture, wants_peers
from captools.collect.request import CaptureRequest
from captools.collect.survey import survey
from captools.collect.targets import Target
from captools.model.errors import CaptureFailed


def early_texts(
    inventory: Iterable[Path], access: KubeAccess | None, targets: Sequence[Target]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the inventory texts known before any node is asked, and what is to be said of them.

    What the cluster says now goes before what files said once; a current context that knows none of the ``targets``
    is another cluster's, and says nothing here.
    """
    texts = read_files(inventory)
    if access is None:
        return texts, ()
    asked = cluster_texts(access)
    live = cluster_of(asked.texts, {})
    nodes = [one for one in targets if one.role == "node"]
    mine = concerns(live, [one.name for one in nodes], [one.address for one in nodes if one.address])
    if nodes and not mine and not access.insisted:
        return texts, ()
    if not live.pods:
        return {**texts, **asked.texts}, asked.warnings
    return dict(asked.texts), (*asked.warnings, f"pods, services and routes of this moment by {access.shown}")


def preview(request: CaptureRequest) -> tuple[CapturePlan, dict[str, str]]:
    """Return the plan for the nodes that answer, and one sentence for each that does not.

    CaptureFailed where none answers.
    """
    texts, _ = early_texts(request.inventory, request.kube, request.targets)
    early = cluster_of(texts, {})
    found = survey(request.targets, peers=lambda name, facts: wants_peers(name, facts, request, early), deep=False)
    failed = {one.target.name: str(one.error) for one in found if one.error is not None}
    able = {}
    for one in found:
        if one.error is None and request.tool not in one.facts.tools:
            failed[one.target.name] = f"{one.target.name}: {request.tool} is not installed on the node"
        elif one.error is None:
            able[one.target.name] = one.facts
    if not able:
        raise CaptureFailed(next(iter(failed.values())), hint="captools nodes shows what would work and what to fix")
    reached = {one.target.name: one.target for one in found}
    return plan_capture(request, able, cluster_of(texts, able), reached), failed
