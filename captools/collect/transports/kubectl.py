"""A node reached by the system's kubectl: exec into a pod that shares the node's network.

That pod is an agent pod of the DaemonSet that ``captools agent manifest`` prints, or a debug pod made by
``kubectl debug node/NAME`` for as long as it is needed (collect/kube/pod.py). The user's own kubeconfig, contexts and
credential plugins apply.
"""

from __future__ import annotations

import re
import shutil

from captools.collect.clean import clean
from captools.collect.targets import Target
from captools.model.errors import ToolMissing, UsageError

# RFC 1123, as Kubernetes checks names of pods and nodes; containers and namespaces are narrower still.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}")
PROFILES = ("netadmin", "sysadmin", "general", "legacy")

# What kubectl, the API server or the container runtime says -> what is wrong, what to try. First hit wins.
_SAYINGS: tuple[tuple[str, str, str], ...] = (
    (r"current-context is not set|no configuration has been provided|localhost:8080 was refused",
     "kubectl knows no cluster", "set KUBECONFIG, or kubeconfig and context in captools.toml"),
    (r"context \"?[^\"\n]*\"? does not exist|context was not found|no context exists",
     "the kubeconfig has no such context", "kubectl config get-contexts lists them"),
    (r"violates PodSecurity|unable to validate against any (pod security policy|security context constraint)",
     "this namespace lets no pod use the node's network",
     "give a namespace that does (namespace = \"kube-system\"), or install the agent: captools agent manifest"),
    (r"\(Unauthorized\)|Unauthorized|must be logged in|getting credentials|couldn't get .*credentials",
     "the cluster does not accept these credentials", "log in again, and try kubectl auth whoami"),
    (r"pods \"[^\"\n]*\" not found", "the pod is gone", "look for it with kubectl get pods, or leave pod out"),
    (r"nodes \"[^\"\n]*\" not found", "the cluster has no node of that name", "kubectl get nodes lists them"),
    (r"namespaces \"[^\"\n]*\" not found", "the cluster has no such namespace",
     "install the agent (captools agent manifest), or correct namespace"),
    (r"container not found|container \S+ is not valid for pod|container \S+ not found in pod",
     "the pod has no such container, or it does not run", "correct container in captools.toml, or leave it out"),
    (r"cannot exec (into|in) a (container in a )?(completed|stopped)|completed pod", "the pod has ended",
     "start the agent pod again, or leave pod out"),
    (r"exec: \"[^\"\n]*\".*(no such file or directory|not found)|unable to start container process"
     r"|OCI runtime exec failed",
     "the pod's image has no shell", "give an image with sh, tcpdump and python3"),
    (r"error dialing backend|No agent available|proxy error from", "the API server cannot reach the node's kubelet",
     "is the node Ready, and is port 10250 open to the control plane?"),
    (r"server gave HTTP response to HTTPS client|first record does not look like",
     "the API server does not speak TLS there", "correct the server in the kubeconfig"),
    (r"x509:|certificate (signed by|has expired|is not)|tls: ", "the API server's certificate is not accepted",
     "renew the cluster's certificate-authority-data in the kubeconfig"),
    (r"no such host", "the API server's name does not resolve", "correct the server in the kubeconfig"),
    (r"connection refused|The connection to the server \S+ was refused", "the API server refuses the connection",
     "is it up, and is the context right?"),
    (r"i/o timeout|TLS handshake timeout|deadline exceeded|Client\.Timeout|request canceled|timed out",
     "the API server does not answer", "check the VPN and the way to it"),
    (r"websocket: close|error reading from error stream|lost connection to pod|http2: client connection lost"
     r"|Unknown stream id|unexpected EOF|connection reset by peer|broken pipe|error sending request|upgrade request",
     "the exec stream broke", "something between here and the node ended it: a proxy, a restart, a timeout"),
    (r"Unable to connect to the server", "the API server cannot be reached", "check the context and the way to it"),
)  # fmt: skip
_FORBIDDEN = re.compile(
    r"cannot (?P<verb>\w+) resource \"(?P<what>[^\"\n]+)\" in API group \"[^\"\n]*\""
    r"(?: in the namespace \"(?P<namespace>[^\"\n]+)\")?"
)


def base(target: Target) -> list[str]:
    """Return kubectl with the target's kubeconfig and context; ToolMissing without a kubectl here."""
    program = shutil.which("kubectl")
    if program is None:
        raise ToolMissing("this machine has no kubectl", hint="install kubectl (Debian: kubernetes-client)")
    command = [program]
    if target.kubeconfig is not None:
        command.append(f"--kubeconfig={target.kubeconfig}")
    if target.context:
        # One word with its option, so that a name can never be taken for an option itself.
        command.append(f"--context={checked(target, 'context', target.context)}")
    return command


def checked(target: Target, kind: str, value: str) -> str:
    """Return ``value`` if it can be what it claims (a name, an image, a profile); UsageError otherwise."""
    if kind == "image":
        fits = _IMAGE.fullmatch(value) is not None
    elif kind == "profile":
        fits = value in PROFILES
    elif kind == "context":  # anything goes in a kubeconfig, but no control characters
        fits = value.isprintable()
    else:
        fits = _NAME.fullmatch(value) is not None
    if not fits:
        shown = clean(repr(value), 80)
        raise UsageError(f"{clean(target.name, 80)}: {shown} is no {kind}", hint=f"correct {kind} in captools.toml")
    return value


def in_pod(target: Target, command: list[str]) -> list[str]:
    """Return the argv that runs ``command`` in the target's pod, its stdin connected."""
    where = [f"--namespace={checked(target, 'namespace', target.namespace)}"] if target.namespace else []
    container = [f"--container={checked(target, 'container', target.container)}"] if target.container else []
    root = ["chroot", target.root] if target.root else []
    pod = checked(target, "pod", target.pod)
    return [*base(target), *where, "exec", "--stdin", pod, *container, "--", *root, *command]


def argv(target: Target, line: str) -> list[str]:
    """Return the kubectl command; the line reaches sh whole, for no shell stands between here and the pod."""
    return in_pod(target, ["/bin/sh", "-c", line])


def explain(target: Target, said: str) -> tuple[str, str] | None:
    """Read what kubectl, the API server or the container runtime says."""
    for pattern, wrong, to_try in _SAYINGS[:3]:
        if re.search(pattern, said):
            return f"{wrong} ({target.way})", to_try
    forbidden = _FORBIDDEN.search(said)
    if forbidden is not None or "(Forbidden)" in said:
        return _not_allowed(target, forbidden)
    for pattern, wrong, to_try in _SAYINGS[3:]:
        if re.search(pattern, said):
            return f"{wrong} ({target.way})", to_try
    return None


def _not_allowed(target: Target, found: re.Match[str] | None) -> tuple[str, str]:
    """Return which rule is missing: RBAC knows only what is allowed, so the sentence names the rule to add."""
    if found is None:
        return f"the cluster does not allow this ({target.way})", "captools agent manifest prints the rules it takes"
    verb, what = clean(found["verb"], 40), clean(found["what"], 80)
    where = f" in namespace {clean(found['namespace'], 80)}" if found["namespace"] else " in the whole cluster"
    return (
        f"you may not {verb} {what}{where} ({target.way})",
        f"ask for a role that allows {verb} on {what}; captools agent manifest prints it",
    )


def prepare(target: Target) -> Target:
    """Find the node's agent pod, or make a debug pod; return the target with what was found."""
    from captools.collect.kube import pod as kube_pod

    return kube_pod.prepare(target)


def find(target: Target) -> Target | None:
    """Return the target with a pod that is there already; None where only a debug pod would do."""
    from captools.collect.kube import pod as kube_pod

    return kube_pod.find(target)


def release(target: Target) -> None:
    """Delete the debug pod that was made, once no capture lies in it any more."""
    from captools.collect.kube import pod as kube_pod

    kube_pod.release(target)
