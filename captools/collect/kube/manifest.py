"""The agent as a Kubernetes manifest: a DaemonSet with the least privileges that capture, and the rules to reach it. Pure.

The pod does nothing by itself: ``captools capture`` brings the agent along and runs it there by ``kubectl exec``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from captools.collect.kube.pod import IMAGE, NAMESPACE
from captools.model.errors import UsageError

NAME = "captools-agent"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # a DNS label (RFC 1123)
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}")
_LABEL = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:@/=+-]{0,252}")
_SIZE = re.compile(r"[1-9][0-9]{0,5}(Mi|Gi)")

# What the inventory reads (collect/kube/access.py): API group -> resources.
READS: Mapping[str, tuple[str, ...]] = {
    "": ("nodes", "pods", "services"),
    "discovery.k8s.io": ("endpointslices",),
    "networking.k8s.io": ("ingresses",),
    "gateway.networking.k8s.io": ("gateways", "httproutes", "tlsroutes"),
    "cilium.io": (
        "ciliumendpoints", "ciliumidentities", "ciliumnodes", "ciliumloadbalancerippools", "ciliuml2announcementpolicies",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the manifest is to be like. selector: labels of the nodes; spool: size of the space for captures."""

    namespace: str = NAMESPACE
    image: str = IMAGE
    selector: Mapping[str, str] = field(default_factory=dict)
    spool: str = "5Gi"
    net_admin: bool = False  # for the node's conntrack, nft and wg show
    gives_up_root: bool = False  # the image's tcpdump changes its user, as Debian's and Ubuntu's do
    peers: bool = False  # pods found by looking into their network namespaces
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def manifest(wishes: Wishes) -> str:
    """Return the manifest as YAML; UsageError for a name that Kubernetes would not take."""
    _check(wishes)
    documents = [_namespace(wishes), _account(wishes), _daemon_set(wishes), *_rules(wishes)]
    return _HEAD + "---\n" + "---\n".join(documents)


_HEAD = """\
# captools' agent: one idle pod per node, sharing the node's network, in which captures run by kubectl exec.
#   install:  captools agent manifest | kubectl apply -f -
#   capture:  captools capture --node NODE
#   remove:   captools agent manifest | kubectl delete -f -
"""


def _namespace(wishes: Wishes) -> str:
    return f"""\
apiVersion: v1
kind: Namespace
metadata:
  name: "{wishes.namespace}"
  labels:
    app.kubernetes.io/name: {NAME}
    # Only this level lets a pod use its node's network.
    pod-security.kubernetes.io/enforce: privileged
"""


def _account(wishes: Wishes) -> str:
    return f"""\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {NAME}
  namespace: "{wishes.namespace}"
# It may do nothing, and gets no token.
automountServiceAccountToken: false
"""


def _capabilities(wishes: Wishes) -> list[tuple[str, str]]:
    """Return the capabilities that are added, each with its reason."""
    found = [("NET_RAW", "tcpdump and ngrep: packet sockets")]
    if wishes.net_admin:
        found.append(("NET_ADMIN", "the node's conntrack -L, nft list ruleset and wg show; capturing needs it not"))
    if wishes.gives_up_root:
        found += [("SETGID", "for tcpdump to give up root"), ("SETUID", "the same")]
        found.append(("KILL", "to stop it then, for it belongs to another user"))
    if wishes.peers:
        found += [("SYS_ADMIN", "to enter pods' network namespaces"), ("SYS_PTRACE", "to find them in /proc")]
    return found


def _daemon_set(wishes: Wishes) -> str:
    # A pod that may enter namespaces could do anything anyway, and the API refuses the pair.
    escalation = "true" if wishes.peers else "false"
    added = "".join(f"            - {name}  # {reason}\n" for name, reason in _capabilities(wishes))
    selector = "".join(f'        "{key}": "{value}"\n' for key, value in wishes.selector.items())
    pids = "      hostPID: true  # to find the pods' network namespaces\n" if wishes.peers else ""
    return f"""\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: {NAME}
  namespace: "{wishes.namespace}"
  labels:
    app.kubernetes.io/name: {NAME}
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: {NAME}
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 100%
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {NAME}
    spec:
      serviceAccountName: {NAME}
      automountServiceAccountToken: false
      enableServiceLinks: false
      hostNetwork: true  # the node's interfaces are what is captured
{pids}      dnsPolicy: Default
      terminationGracePeriodSeconds: 5
      nodeSelector:
        "kubernetes.io/os": "linux"
{selector}      tolerations:
      - operator: Exists  # every node, whatever its taints
      securityContext:
        seccompProfile:
          type: RuntimeDefault
      containers:
      - name: agent
        image: "{wishes.image}"
        # It waits; trap, because the first process of a container is deaf to signals it does not catch.
        command:
        - /bin/sh
        - -c
        - 'trap "exit 0" TERM INT; while :; do sleep 86400 & wait $!; done'
        securityContext:
          privileged: false
          allowPrivilegeEscalation: {escalation}
          readOnlyRootFilesystem: true
          # Kubernetes gives capabilities to root alone: for others they are only a bound, never in force. Without
          # the rest of them this root may not even read another user's files.
          runAsUser: 0
          runAsGroup: 0
          capabilities:
            drop:
            - ALL
            add:
{added}        resources:
          requests:
            cpu: 20m
            memory: 64Mi
            ephemeral-storage: 64Mi
          limits:
            cpu: "2"  # compressing what is shipped
            memory: 512Mi  # the capture rings are the kernel's and do not count; captools budgets them
            ephemeral-storage: {wishes.spool}
        volumeMounts:
        - name: spool
          mountPath: /var/tmp
      volumes:
      # Captures wait here until they are at home. A pod that fills more is evicted, with all that it holds: the
      # --spool of all captures at one time (1 GiB each by default) must stay below.
      - name: spool
        emptyDir:
          sizeLimit: {wishes.spool}
"""


def _rules(wishes: Wishes) -> list[str]:
    """Return the rules for the person who captures, and their bindings where people or groups are named."""
    reads = "".join(
        f'- apiGroups: ["{group}"]\n  resources: [{", ".join(names)}]\n  verbs: [get, list]\n'
        for group, names in READS.items()
    )
    found = [
        f"""\
# For whoever captures: find the agent pods and run commands in them (get is what WebSocket clients are asked for).
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: captools-capture
  namespace: "{wishes.namespace}"
rules:
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list]
- apiGroups: [""]
  resources: [pods/exec]
  verbs: [create, get]
""",
        f"""\
# For whoever captures: what addresses and identities mean. No secrets, and nothing is ever written.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: captools-inventory
rules:
{reads}""",
        """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: captools-inventory
  namespace: kube-system
rules:
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [cilium-config]
  verbs: [get]
- apiGroups: [coordination.k8s.io]
  resources: [leases]  # who announces which service address
  verbs: [get, list]
- apiGroups: [""]
  resources: [pods]  # is konnectivity between the API server and the kubelets?
  verbs: [get, list]
""",
    ]
    subjects = "".join(
        f'- apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: "{name}"\n'
        for kind, names in (("User", wishes.users), ("Group", wishes.groups))
        for name in names
    )
    if subjects:
        found += [
            _binding("RoleBinding", "captools-capture", wishes.namespace, "Role", subjects),
            _binding("RoleBinding", "captools-inventory", "kube-system", "Role", subjects),
            _binding("ClusterRoleBinding", "captools-inventory", "", "ClusterRole", subjects),
        ]
    return found


def _binding(kind: str, name: str, namespace: str, role: str, subjects: str) -> str:
    where = f'  namespace: "{namespace}"\n' if namespace else ""
    return f"""\
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}
metadata:
  name: {name}
{where}roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {role}
  name: {name}
subjects:
{subjects}"""


def _check(wishes: Wishes) -> None:
    """Refuse whatever would be another thing in YAML than the one it is given for."""
    checks = [
        (_NAME, wishes.namespace, "--namespace", "lower-case letters, digits and -"),
        (_IMAGE, wishes.image, "--image", "registry/name:tag"),
        (_SIZE, wishes.spool, "--spool", "a number and Mi or Gi, such as 5Gi"),
        *((_LABEL, key, "--node-selector", "KEY=VALUE") for key in wishes.selector),
        *((_VALUE, value, "--node-selector", "KEY=VALUE") for value in wishes.selector.values()),
        *((_SUBJECT, name, "--user", "the name the cluster knows") for name in wishes.users),
        *((_SUBJECT, name, "--group", "the name the cluster knows") for name in wishes.groups),
    ]
    for allowed, value, option, hint in checks:
        if allowed.fullmatch(value) is None:
            raise UsageError(f"{option} {value!r} cannot be used", hint=f"give {hint}")
