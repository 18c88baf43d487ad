"""The cluster's own facts, asked of the API server by the user's kubectl: what addresses and identities mean now.

Secrets are never asked for, and of what is asked only the keys of kube_kept.py are stored. Each kind may fail
alone. The lists are asked by path (``kubectl get --raw``): no discovery, so all of them are here within a second.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from captools.collect.clean import clean, last_line
from captools.collect.kube.kept import kept_list
from captools.model.cluster import Cluster
from captools.model.errors import ToolMissing, UsageError

REQUEST_TIMEOUT_S = 8
MAX_BYTES = 128 * 1024 * 1024
AT_ONCE = 8

# file -> (kind, paths): the first path that the server knows counts; versions newest first.
LISTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "kube-pods.json": ("Pod", ("/api/v1/pods",)),
    "kube-nodes.json": ("Node", ("/api/v1/nodes",)),
    "kube-services.json": ("Service", ("/api/v1/services",)),
    "kube-endpointslices.json": ("EndpointSlice", ("/apis/discovery.k8s.io/v1/endpointslices",)),
    "kube-ciliumendpoints.json": ("CiliumEndpoint", ("/apis/cilium.io/v2/ciliumendpoints",)),
    "kube-ciliumnodes.json": ("CiliumNode", ("/apis/cilium.io/v2/ciliumnodes",)),
    "kube-ciliumidentities.json": ("CiliumIdentity", ("/apis/cilium.io/v2/ciliumidentities",)),
    "kube-cilium-config.json": ("ConfigMap", ("/api/v1/namespaces/kube-system/configmaps/cilium-config",)),
    "kube-gateways.json": (
        "Gateway",
        ("/apis/gateway.networking.k8s.io/v1/gateways", "/apis/gateway.networking.k8s.io/v1beta1/gateways"),
    ),
    "kube-httproutes.json": (
        "HTTPRoute",
        ("/apis/gateway.networking.k8s.io/v1/httproutes", "/apis/gateway.networking.k8s.io/v1beta1/httproutes"),
    ),
    "kube-tlsroutes.json": (
        "TLSRoute",
        tuple(f"/apis/gateway.networking.k8s.io/{version}/tlsroutes" for version in ("v1", "v1alpha3", "v1alpha2")),
    ),
    "kube-ingresses.json": ("Ingress", ("/apis/networking.k8s.io/v1/ingresses",)),
    "kube-ippools.json": (
        "CiliumLoadBalancerIPPool",
        tuple(f"/apis/cilium.io/{version}/ciliumloadbalancerippools" for version in ("v2", "v2alpha1")),
    ),
    "kube-l2policies.json": (
        "CiliumL2AnnouncementPolicy",
        tuple(f"/apis/cilium.io/{version}/ciliuml2announcementpolicies" for version in ("v2", "v2alpha1")),
    ),
    "kube-leases.json": ("Lease", ("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeAccess:
    """How the API server is reached. ``insisted``: the user named it, so it is believed without further question."""

    program: str = "kubectl"
    context: str = ""
    kubeconfig: Path | None = None
    insisted: bool = False

    def argv(self, *words: str) -> list[str]:
        """Return a kubectl command line; names are joined to their options, so none of them can be one itself."""
        where = [f"--kubeconfig={self.kubeconfig}"] if self.kubeconfig is not None else []
        where += [f"--context={self.context}"] if self.context else []
        return [self.program, *where, *words]

    @property
    def shown(self) -> str:
        """Who is asked, for sentences."""
        return f"kubectl (context {clean(self.context, 60)})" if self.context else "kubectl"


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeTexts:
    """Inventory files (name -> text), one sentence per trouble, and when they were asked for (ns, our clock)."""

    texts: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    taken_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one kubectl said: its output, or the last line of its complaint."""

    text: str = ""
    trouble: str = ""


def find_access(*, wanted: bool | None = None, context: str = "", kubeconfig: Path | None = None) -> KubeAccess | None:
    """Return the way to a cluster; None where there is none or it is not wanted (``--no-kubectl``).

    ``wanted`` None asks whether kubectl and a current context are there. True, a context or a kubeconfig insist:
    ToolMissing without kubectl, UsageError where no such context is configured. Nothing is sent to a server.
    """
    if wanted is False:
        return None
    insisted = bool(wanted or context or kubeconfig)
    program = shutil.which("kubectl")
    if program is None:
        if insisted:
            raise ToolMissing("this machine has no kubectl", hint="install kubernetes-client, or use --no-kubectl")
        return None
    access = KubeAccess(program=program, context=context, kubeconfig=kubeconfig, insisted=insisted)
    if not context and os.environ.get("KUBERNETES_SERVICE_HOST"):
        return access  # inside a pod kubectl needs no configuration
    said = ask(access.argv("config", "get-contexts", "-o", "name"), REQUEST_TIMEOUT_S)
    current = context or ask(access.argv("config", "current-context"), REQUEST_TIMEOUT_S).text.strip()
    if current and current in said.text.splitlines():
        return KubeAccess(program=program, context=current, kubeconfig=kubeconfig, insisted=insisted)
    if insisted:
        known = ", ".join(map(clean, said.text.split()[:10])) or "none"
        raise UsageError(
            f"kubectl has no context {clean(current)!r}" if current else "kubectl has no current context",
            hint=f"known contexts: {known}; give one with --context, or use --no-kubectl",
        )
    return None


def ask(argv: list[str], timeout_s: float) -> Answer:
    """Run one kubectl, bounded in time and in size, without a terminal."""
    late = threading.Event()
    with tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints)
        except (OSError, ValueError) as error:
            return Answer(trouble=f"{argv[0]} cannot be started ({error})")

        def end() -> None:
            late.set()
            process.kill()

        said, timer = bytearray(), threading.Timer(timeout_s, end)
        timer.daemon = True
        timer.start()
        assert process.stdout is not None
        with process:
            while len(said) <= MAX_BYTES and (block := process.stdout.read(1 << 20)):
                said += block
            if len(said) > MAX_BYTES:
                process.kill()
        timer.cancel()
        complaints.seek(0)
        words = complaints.read(64 * 1024).decode("utf-8", "replace")
    if late.is_set():
        return Answer(trouble=f"no answer within {timeout_s:.0f} s")
    if len(said) > MAX_BYTES:
        return Answer(trouble=f"more than {MAX_BYTES >> 20} MiB, which is left out")
    if process.returncode != 0:
        return Answer(trouble=last_line(words) or "no word of why")
    return Answer(text=said.decode("utf-8", "replace"))


def cluster_texts(access: KubeAccess, *, timeout_s: float = REQUEST_TIMEOUT_S) -> KubeTexts:
    """Return the cluster's objects as inventory files; a kind that cannot be had costs one sentence at most.

    A kind that the server does not know is no trouble: not every cluster has Gateway API or Cilium's own kinds.
    """
    taken_ns = time.time_ns()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kubectl") as pool:
        answers = dict(zip(LISTS, pool.map(lambda file: _list(access, file, timeout_s), LISTS), strict=True))
    texts, troubles = {}, {}
    for file, answer in answers.items():
        kind = LISTS[file][0]
        if answer.trouble:
            troubles[kind] = answer.trouble
        elif answer.text:
            try:
                texts[file] = kept_list(answer.text, kind)
            except (ValueError, RecursionError) as error:
                troubles[kind] = f"an answer that is no list of objects ({clean(str(error), 60)})"
    return KubeTexts(texts=texts, warnings=tuple(_sentences(access, troubles)), taken_ns=taken_ns)


def _list(access: KubeAccess, file: str, timeout_s: float) -> Answer:
    for path in LISTS[file][1]:
        # A little less than our own patience, so that kubectl can still say what it waited for.
        command = access.argv("get", "--raw", path, f"--request-timeout={max(1, int(timeout_s) - 1)}s")
        answer = ask(command, timeout_s)
        if "(NotFound)" not in answer.trouble and "could not find the requested resource" not in answer.trouble:
            return answer
    return Answer()


def _sentences(access: KubeAccess, troubles: Mapping[str, str]) -> Iterable[str]:
    """Yield one sentence per kind of trouble, however many lists it has cost."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for kind, said in troubles.items():
        reasons["forbidden" if "(Forbidden)" in said else said].append(kind)
    for reason, kinds in reasons.items():
        named = ", ".join(kinds[:4]) + (f" and {len(kinds) - 4} more kinds" if len(kinds) > 4 else "")
        if reason == "forbidden":
            hint = "`captools agent manifest` prints a ClusterRole that allows it"
            yield f"{access.shown}: not allowed to list {named}; names of these are missing from the session; {hint}"
        else:
            hint = "" if access.insisted else "; --no-kubectl leaves it unasked"
            yield f"{access.shown}: {named} could not be had ({clean(reason)}){hint}"


def concerns(cluster: Cluster, names: Iterable[str], addresses: Iterable[str]) -> bool:
    """Tell whether a cluster is the one that these machines belong to: it knows one by name or by InternalIP.

    The current context may be that of another cluster, whose pods would give wrong names to addresses.
    """
    known = {node.name for node in cluster.nodes} | {node.internal_ip for node in cluster.nodes if node.internal_ip}
    return not known.isdisjoint((*names, *addresses))
