"""The cluster's own facts during one capture: asked beside the nodes at its start, and once more at its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping

from captools.collect.inventory import changed_texts, cluster_of
from captools.collect.kube.access import KubeAccess, KubeTexts, cluster_texts, concerns
from captools.collect.kube.cilium import cilium_texts
from captools.collect.targets import Target
from captools.model.cluster import Cluster

PODS = "kube-pods.json"
LISTS_S, ALL_S = 10.0, 40.0  # how long a caller may have to wait: for the lists, for what Cilium's agents say too


class ClusterFacts:
    """``start`` it, take ``lists`` when the plan needs them, the ``rest`` whenever it is there, ``again`` at the end.

    Without an access every answer is empty. Of a cluster that knows none of the targets nothing is kept, unless the
    user named it: the current context may be another cluster's.
    """

    def __init__(self, access: KubeAccess | None, targets: Iterable[Target]) -> None:
        self._access = access
        self._targets = tuple(targets)
        self._asking: _Asking | None = None
        self._asking_again: _Asking | None = None
        self._early: dict[str, str] = {}
        self._refused = False
        self.taken: dict[str, int] = {}  # file -> when it was asked for, ns on this machine's clock
        self.late_taken: dict[str, int] = {}

    def start(self) -> None:
        """Begin to ask, in a thread."""
        if self._access is not None:
            self._asking = _Asking(self._access, self._targets)

    def lists(self, addresses: Iterable[str] = (), timeout_s: float = LISTS_S) -> KubeTexts:
        """Return what the API server told. ``addresses``: those of the machines captured on."""
        if self._access is None or self._asking is None:
            return KubeTexts()
        if not self._asking.listed.wait(timeout_s):
            return KubeTexts(warnings=(f"{self._access.shown}: no answer within {timeout_s:.0f} s; it is left out",))
        told = self._asking.lists
        names = [target.name for target in self._targets]
        known = [*addresses, *(target.address for target in self._targets)]
        if told.texts and not self._access.insisted and not concerns(self._asking.cluster, names, known):
            self._refused = True
            return KubeTexts(
                warnings=(
                    f"{self._access.shown} knows none of these nodes, so its facts are left out; "
                    "--kubectl takes them all the same, --no-kubectl does not ask",
                )
            )
        return self._keep(told)

    def rest(self, timeout_s: float = 0.0) -> KubeTexts:
        """Return what Cilium's agents told, once; nothing while they are still being asked."""
        asking = self._asking
        if asking is None or self._refused or not asking.done.wait(timeout_s):
            return KubeTexts()
        told, asking.rest = asking.rest, KubeTexts()
        return self._keep(told)

    def ask_again(self) -> None:
        """Begin to ask once more, in a thread: while the tools are stopping, so that nobody waits."""
        if self._access is not None and self._early and not self._refused and self._asking_again is None:
            self._asking_again = _Asking(self._access, self._targets)

    def again(self, timeout_s: float = ALL_S) -> KubeTexts:
        """Return what differs when asked once more, under names that say so (``kube-pods-stop.json``)."""
        self.ask_again()
        asking = self._asking_again
        if asking is None:
            return KubeTexts()
        asking.done.wait(timeout_s)
        late = {**asking.lists.texts, **asking.rest.texts}
        self.late_taken = dict.fromkeys(late.keys() & self._early.keys(), asking.lists.taken_ns)
        # A list that could be had at the start and not at the end says nothing about what changed.
        changed = changed_texts(self._early, {name: text for name, text in late.items() if name in self._early})
        return KubeTexts(
            texts=changed, warnings=(*asking.lists.warnings, *asking.rest.warnings), taken_ns=asking.lists.taken_ns
        )

    def _keep(self, told: KubeTexts) -> KubeTexts:
        self._early |= told.texts
        self.taken |= dict.fromkeys(told.texts, told.taken_ns)
        return told


class _Asking:
    """One round of questions, in a thread of its own."""

    def __init__(self, access: KubeAccess, targets: tuple[Target, ...]) -> None:
        self.listed, self.done = threading.Event(), threading.Event()
        self.lists = self.rest = KubeTexts(taken_ns=time.time_ns())
        self.cluster = Cluster()
        self._access, self._targets = access, targets
        threading.Thread(target=self._run, name="kubectl", daemon=True).start()

    def _run(self) -> None:
        try:
            self.lists = cluster_texts(self._access)
            self.cluster = cluster_of(self.lists.texts, {})
            self.listed.set()
            nodes = kubernetes_names(self.cluster, self._targets)
            self.rest = cilium_texts(self._access, self.lists.texts.get(PODS, ""), nodes)
        finally:
            self.listed.set()
            self.done.set()


def kubernetes_names(cluster: Cluster, targets: Iterable[Target]) -> Mapping[str, str]:
    """Return target -> Kubernetes' name of the same machine: by its name, else by its InternalIP."""
    by_address = {node.internal_ip: node.name for node in cluster.nodes if node.internal_ip and node.in_cluster}
    names = {node.name for node in cluster.nodes if node.in_cluster}
    found = {}
    for target in targets:
        theirs = target.name if target.name in names else by_address.get(target.address, "")
        if theirs:
            found[target.name] = theirs
    return found
