"""The pod through which a Kubernetes node is reached: an agent pod found, or a debug pod made and taken away.

A debug pod only sleeps, and everything runs in it by ``kubectl exec``; so a cut connection ends nothing, and a
controller that comes back finds its captures. It ends by itself after a week, should nobody come back.
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from dataclasses import replace
from typing import Any

from captools.collect.clean import clean, last_line
from captools.collect.kube.calls import CALL_TIMEOUT_S, call, context, failed, konnectivity, pods
from captools.collect.targets import Target
from captools.collect.transports import kubectl
from captools.model.errors import CaptoolsError, CaptureFailed

NAMESPACE = "captools"  # where the manifest puts the agent
LABEL = "app.kubernetes.io/name=captools-agent"
IMAGE = "nicolaka/netshoot:v0.13"  # sh, python3, tcpdump, ngrep, ip, conntrack and nft in one
PROFILE = "netadmin"  # NET_RAW and NET_ADMIN, nothing of the node's files
MARK = "captools-agent"
LIFE_S = 7 * 24 * 3600
START_TIMEOUT_S = 120.0
_ASKING = threading.Lock()  # fifty nodes want the same two answers: the first one asks
_MADE = re.compile(r"Creating debugging pod ([a-z0-9.-]+) with container ([a-z0-9-]+) on node")
# Reasons of a container that waits, and will go on waiting.
_STUCK = {
    "ErrImagePull": "pulled", "ImagePullBackOff": "pulled", "ErrImageNeverPull": "pulled", "InvalidImageName": "pulled",
    "CreateContainerConfigError": "started", "CreateContainerError": "started", "RunContainerError": "started",
    "CrashLoopBackOff": "started", "StartError": "started",
}  # fmt: skip
_ROOT = "/host"  # where kubectl debug mounts the node's file system
_FOLDERS = "/usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin"
_PROBE = (
    'for r in "" /host; do for p in python3 tcpdump; do for d in ' + _FOLDERS + "; do "
    'if [ -x "$r$d/$p" ]; then echo "$p@$r"; break; fi; done; done; done'
)
# Any capture's folder (agent/spool.py): somebody still has to fetch it.
_SPOOLED = (
    "for d in /var/tmp/captools-[0-9]*/*/ /tmp/captools-[0-9]*/*/ /dev/shm/captools-[0-9]*/*/; "
    'do [ -d "$d" ] && exit 9; done; exit 0'
)


def prepare(target: Target) -> Target:
    """Return the target with its pod: the one named, else the node's agent pod, else a debug pod made now.

    Raises CaptoolsError: what the cluster answered, or why the debug pod does not run.
    """
    return _surroundings(_existing(target) or _debug(target, _node(target)))


def find(target: Target) -> Target | None:
    """Return the target with a pod that is there already (an agent's, or an earlier debug pod); nothing is made."""
    found = _existing(target) or next(iter(leftovers(target)), None)
    return _surroundings(found) if found is not None else None


def _surroundings(target: Target) -> Target:
    way = tuple(kubectl.base(target))
    with _ASKING:
        return replace(target, api=context(way).api, konnectivity=konnectivity(way))


def _node(target: Target) -> str:
    return kubectl.checked(target, "node", target.address or target.name)


def _existing(target: Target) -> Target | None:
    if target.pod:
        return _running(target, pods(target, kubectl.checked(target, "pod", target.pod)))
    home = replace(target, namespace=target.namespace or NAMESPACE)
    for pod in _pods_on(home, labelSelector=LABEL):
        return _running(replace(home, pod=str(pod["metadata"]["name"])), pod)
    return None


def _pods_on(target: Target, **more: str) -> list[dict[str, Any]]:
    """Return the pods of the target's namespace that run on its node."""
    listed = pods(target, fieldSelector=f"spec.nodeName={_node(target)}", **more).get("items")
    return [pod for pod in listed if _ready(pod)] if isinstance(listed, list) else []


def release(target: Target) -> None:
    """Delete the pod, if it was made for us and no capture lies in it; CaptureFailed where it stays against our will."""
    if not target.made or not target.pod:
        return
    try:
        left = subprocess.run(
            kubectl.in_pod(target, ["/bin/sh", "-c", _SPOOLED]),
            stdin=subprocess.DEVNULL, capture_output=True, timeout=CALL_TIMEOUT_S, check=False,
        )  # fmt: skip
        if left.returncode == 9:
            return
    except subprocess.TimeoutExpired:
        pass  # a pod that does not answer is of no use to anybody
    _delete(target)


def leftovers(target: Target) -> tuple[Target, ...]:
    """Return the debug pods of earlier captures that still run on the node; none where they may not be listed."""
    try:
        listed = _pods_on(target)
    except CaptoolsError:
        return ()
    found = []
    for pod in listed:
        if any(MARK in one.get("command", ()) for one in pod["spec"]["containers"]):
            named = replace(target, pod=str(pod["metadata"]["name"]), made=True)
            found.append(_with_tools(_running(named, pod)))
    return tuple(found)


# -- a debug pod -----------------------------------------------------------------------------------------


def _debug(target: Target, node: str) -> Target:
    """Make a debug pod on ``node``, wait until it runs, and choose whose programs are used."""
    image = kubectl.checked(target, "image", target.image or IMAGE)
    profile = kubectl.checked(target, "profile", target.profile or PROFILE)
    sleep = ["--", "/bin/sh", "-c", f"exec sleep {LIFE_S}", MARK]
    try:
        made = call(target, "debug", f"node/{node}", f"--image={image}", f"--profile={profile}", *sleep)
    except CaptureFailed as error:
        if "--profile" not in error.message and "unknown profile" not in error.message:
            raise
        # A kubectl before 1.27: the node's namespaces and files, and the runtime's usual rights.
        made = call(target, "debug", f"node/{node}", f"--image={image}", *sleep)
    named = _MADE.search(made)
    if named is None:
        raise CaptureFailed(
            f"{target.name}: kubectl debug did not say which pod it made ({last_line(made) or 'not a word'})",
            hint="look for it with kubectl get pods, and install the agent instead: captools agent manifest",
        )
    found = replace(target, pod=named[1], container=named[2], image=image, made=True)
    try:
        return _with_tools(_wait(found))
    except BaseException:
        _delete(found)
        raise


def _wait(target: Target) -> Target:
    """Wait until the debug pod runs."""
    deadline, pause = time.monotonic() + START_TIMEOUT_S, 0.2
    while True:
        pod = pods(target, target.pod)
        if _ready(pod):
            return _running(target, pod)
        reason, message = _waiting(pod)
        if reason in _STUCK or pod.get("status", {}).get("phase") in ("Failed", "Succeeded"):
            wrong = f"the image {target.image} cannot be {_STUCK.get(reason, 'started')}"
            raise CaptureFailed(
                f"{target.name}: {wrong} ({clean(message or reason) or 'the pod ended at once'})",
                hint="give another image in captools.toml, one that the node can pull, with sh, python3 and tcpdump",
            )
        if time.monotonic() > deadline:
            raise CaptureFailed(
                f"{target.name}: the debug pod did not start within {START_TIMEOUT_S:.0f} s ({clean(reason) or 'pending'})",
                hint=f"kubectl describe pod {target.pod} says why; it is deleted now",
            )
        time.sleep(pause)
        pause = min(2.0, pause * 1.5)


def _with_tools(target: Target) -> Target:
    """Choose the image's programs, or the node's own by chroot where only the node has them."""
    argv = kubectl.in_pod(target, ["/bin/sh", "-c", _PROBE])
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CALL_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CaptureFailed(f"{target.name}: pod {target.pod} does not answer", hint="is the node Ready?") from error
    if done.returncode != 0:
        raise failed(target, done.stderr or done.stdout)
    has = set(done.stdout.split())
    ranks = {"": 0, _ROOT: 0}
    for root in ranks:
        ranks[root] = 2 * (f"tcpdump@{root}" in has) + (f"python3@{root}" in has)
    if not any(f"tcpdump@{root}" in has for root in ranks):
        raise CaptureFailed(
            f"{target.name}: neither the image {target.image} nor the node has tcpdump",
            hint='give an image that has it, or profile = "sysadmin" where the node itself has it',
        )
    return replace(target, root=_ROOT if ranks[_ROOT] > ranks[""] else "")


def _delete(target: Target) -> None:
    try:
        call(target, "delete", "pod", target.pod, "--wait=false", "--ignore-not-found")
    except CaptoolsError as error:
        where = f" --namespace={target.namespace}" if target.namespace else ""
        raise CaptureFailed(
            f"{target.name}: the debug pod {target.pod} could not be deleted ({error.message})",
            hint=f"delete it by hand: kubectl{where} delete pod {target.pod}",
        ) from error


# -- what a pod says -------------------------------------------------------------------------------


def _running(target: Target, pod: dict[str, Any]) -> Target:
    """Return the target with what its pod tells; CaptureFailed for a pod that does not run."""
    if not _ready(pod):
        reason, message = _waiting(pod)
        phase = str(pod.get("status", {}).get("phase", "unknown"))
        raise CaptureFailed(
            f"{target.name}: pod {target.pod} is not ready ({clean(message or reason or phase)})",
            hint=f"kubectl describe pod {target.pod} says why",
        )
    containers = [str(one["name"]) for one in pod["spec"]["containers"]]
    container = target.container or ("agent" if "agent" in containers else containers[0])
    return replace(
        target,
        container=container,
        host_ip=str(pod["status"].get("hostIP", "")),
        # Written out, so that the pod is found again from a context with another default.
        namespace=str(pod["metadata"].get("namespace", "")) or target.namespace,
    )


def _ready(pod: dict[str, Any]) -> bool:
    status = pod.get("status", {})
    if status.get("phase") != "Running" or pod.get("metadata", {}).get("deletionTimestamp"):
        return False
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in status.get("conditions", ()))


def _waiting(pod: dict[str, Any]) -> tuple[str, str]:
    """Return why the first waiting container waits: (reason, message)."""
    for one in pod.get("status", {}).get("containerStatuses", ()):
        waiting = one.get("state", {}).get("waiting") or {}
        if waiting:
            return str(waiting.get("reason", "")), str(waiting.get("message", ""))
    return "", ""
