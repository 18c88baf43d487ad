"""Short questions to a cluster through the user's kubectl, and its refusals as sentences."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from captools.collect.clean import last_line
from captools.collect.targets import Target
from captools.collect.transports import kubectl
from captools.model.errors import CaptureFailed

CALL_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A context of the kubeconfig. ``api``: address and port of its server as seen from here, empty where unknown."""

    api: str = ""
    namespace: str = "default"


def pods(target: Target, name: str = "", **query: str) -> dict[str, Any]:
    """Return one pod, or the list of those that fit; asked for by path, which spares kubectl its discovery."""
    namespace = target.namespace or context(tuple(kubectl.base(target))).namespace
    path = f"/api/v1/namespaces/{kubectl.checked(target, 'namespace', namespace)}/pods"
    path += f"/{name}" if name else f"?{urlencode(query)}"
    try:
        found = json.loads(call(target, "get", "--raw", path))
    except ValueError as error:
        raise CaptureFailed(f"{target.name}: kubectl get answered something that is no JSON") from error
    return found if isinstance(found, dict) else {}


def call(target: Target, *words: str) -> str:
    """Return what one short kubectl command prints; CaptureFailed with its reason."""
    where = [f"--namespace={kubectl.checked(target, 'namespace', target.namespace)}"] if target.namespace else []
    # Before the command: whatever follows "--" belongs to the pod.
    argv = [*kubectl.base(target), *where, f"--request-timeout={CALL_TIMEOUT_S - 10}s", *words]
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CALL_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CaptureFailed(
            f"{target.name}: kubectl {words[0]} did not answer within {CALL_TIMEOUT_S} s", hint="check the way to it"
        ) from error
    if done.returncode != 0:
        raise failed(target, done.stderr)
    return done.stdout


def failed(target: Target, said: str) -> CaptureFailed:
    """Return the error for what kubectl said, as a sentence where its words are known."""
    explained = kubectl.explain(target, said)
    if explained is not None:
        return CaptureFailed(f"{target.name}: {explained[0]}", hint=explained[1])
    words = re.sub(r"\s*See 'kubectl [^']*' for usage\.", "", said)
    return CaptureFailed(f"{target.name}: kubectl says: {last_line(words) or 'nothing'}", hint=f"look at {target.way}")


@lru_cache(maxsize=64)
def context(kubectl_argv: tuple[str, ...]) -> Context:
    """Return what the kubeconfig says of the context in force; nothing is sent. Unknown parts stay as they are."""
    api, namespace = "", ""
    try:
        done = subprocess.run(
            [*kubectl_argv, "config", "view", "--minify", "--output=json"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CALL_TIMEOUT_S, check=False,
        )  # fmt: skip
        told = json.loads(done.stdout)
        namespace = told["contexts"][0]["context"].get("namespace", "")
        url = urlsplit(told["clusters"][0]["cluster"]["server"])
        port = url.port or (443 if url.scheme == "https" else 80)
        api = f"{socket.getaddrinfo(url.hostname, port, type=socket.SOCK_STREAM)[0][4][0]} {port}"
    except (OSError, ValueError, LookupError, TypeError, subprocess.TimeoutExpired):
        pass  # whoever asks the server next hears what is wrong
    return Context(api=api, namespace=str(namespace) or "default")


@lru_cache(maxsize=64)
def konnectivity(kubectl_argv: tuple[str, ...]) -> bool:
    """Tell whether API server and kubelets meet by konnectivity; True where it may not be asked."""
    path = "/api/v1/namespaces/kube-system/pods?limit=1&labelSelector=k8s-app%3Dkonnectivity-agent"
    argv = [*kubectl_argv, f"--request-timeout={CALL_TIMEOUT_S - 10}s", "get", "--raw", path]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=CALL_TIMEOUT_S, check=False)
        return done.returncode != 0 or bool(json.loads(done.stdout).get("items"))
    except (OSError, ValueError, AttributeError, subprocess.TimeoutExpired):
        return True
