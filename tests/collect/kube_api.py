"""A loopback stand-in for the Kubernetes API server: the real kubectl talks to it, and tests look at what it asked.

Objects are plain dictionaries put in by the test. ``kubectl exec`` runs real processes (tests/collect/kube_exec.py), by
default in the namespaces of the process that the pod's annotation ``test/pid`` names. Both kinds of client are served:
SPDY/3.1 (Debian 12's 1.20) and WebSocket (1.31 and newer). Nothing listens beyond 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.collect import kube_proto
from tests.collect.kube_exec import STDERR, STDIN, STDOUT, Spdy, WebSocket, Wire, serve

# plural -> (group/version, kind, namespaced)
KINDS = {
    "pods": ("v1", "Pod", True),
    "nodes": ("v1", "Node", False),
    "services": ("v1", "Service", True),
    "configmaps": ("v1", "ConfigMap", True),
    "namespaces": ("v1", "Namespace", False),
    "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice", True),
    "leases": ("coordination.k8s.io/v1", "Lease", True),
    "ingresses": ("networking.k8s.io/v1", "Ingress", True),
    "serviceaccounts": ("v1", "ServiceAccount", True),
    "roles": ("rbac.authorization.k8s.io/v1", "Role", True),
    "rolebindings": ("rbac.authorization.k8s.io/v1", "RoleBinding", True),
    "clusterroles": ("rbac.authorization.k8s.io/v1", "ClusterRole", False),
    "clusterrolebindings": ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", False),
    "daemonsets": ("apps/v1", "DaemonSet", True),
    "gateways": ("gateway.networking.k8s.io/v1", "Gateway", True),
    "httproutes": ("gateway.networking.k8s.io/v1", "HTTPRoute", True),
    "ciliumnodes": ("cilium.io/v2", "CiliumNode", False),
    "ciliumendpoints": ("cilium.io/v2", "CiliumEndpoint", True),
    "ciliumidentities": ("cilium.io/v2", "CiliumIdentity", False),
    "ciliumloadbalancerippools": ("cilium.io/v2alpha1", "CiliumLoadBalancerIPPool", False),
}
_PATH = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+/[^/]+))(?:/namespaces/(?P<namespace>[^/]+)(?=/))?/(?P<plural>[^/]+)"
    r"(?:/(?P<name>[^/]+))?(?:/(?P<sub>[^/]+))?$"
)


@dataclass(frozen=True)
class Asked:
    """One request as kubectl sent it."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    protocol: str = ""  # of an exec stream


class KubeApi:
    """Use it as a context manager; ``kubeconfig`` leads a kubectl to it."""

    def __init__(self, folder: Path, *, tls: bool = False) -> None:
        self.asked: list[Asked] = []
        self.objects: dict[str, list[dict[str, Any]]] = {plural: [] for plural in KINDS}
        # (method, path pattern) -> (HTTP code, reason, message): what this user may not do
        self.refusals: dict[tuple[str, str], tuple[int, str, str]] = {}
        self.on_pod: Callable[[dict[str, Any]], None] = run_at_once
        self.exec_argv: Callable[[dict[str, Any], list[str]], list[str]] = in_namespaces
        self.websocket = True  # an API server before 1.29 answers with SPDY only
        self._streams: list[socket.socket] = []
        api = self

        class Handler(_Handler):
            owner = api

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            _with_tls(self.server, folder)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' * tls}://127.0.0.1:{self.port}"
        self.kubeconfig = self.config(folder / "kubeconfig")

    def config(self, path: Path, **cluster: Any) -> Path:
        """Write a kubeconfig whose context ``lab`` leads here; ``cluster`` adds to its cluster entry."""
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "lab",
            "clusters": [{"name": "c", "cluster": {"server": self.url, **cluster}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "lab", "context": {"cluster": "c", "user": "u"}}],
        }  # fmt: skip
        path.write_text(json.dumps(document))
        path.chmod(0o600)
        return path

    def __enter__(self) -> KubeApi:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.cut()

    def put(self, plural: str, *objects: dict[str, Any]) -> None:
        """Add objects; apiVersion and kind are filled in."""
        version, kind, _ = KINDS[plural]
        self.objects[plural] += [{"apiVersion": version, "kind": kind, **one} for one in objects]

    def node(self, name: str, address: str = "192.0.2.1") -> None:
        """Add a node."""
        self.put("nodes", {"metadata": {"name": name, "uid": f"uid-{name}", "labels": {"kubernetes.io/hostname": name}},
                           "status": {"addresses": [{"type": "InternalIP", "address": address}],
                                      "conditions": [{"type": "Ready", "status": "True"}]}})  # fmt: skip

    def pod(self, name: str, node: str, *, namespace: str = "captools", pid: int | None = None, **labels: str) -> None:
        """Add a running pod whose container ``agent`` is the namespaces of ``pid``."""
        meta = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": labels}
        if pid is not None:
            meta["annotations"] = {"test/pid": str(pid)}
        pod = {"metadata": meta, "spec": {"nodeName": node, "containers": [{"name": "agent", "image": "i"}]}}
        run_at_once(pod)
        self.put("pods", pod)

    def cut(self) -> int:
        """Reset every open exec stream, as a load balancer that restarts does; return how many there were."""
        streams, self._streams = self._streams, []
        for one in streams:
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        return len(streams)

    def execs(self) -> list[Asked]:
        """Return every exec that was asked for."""
        return [one for one in self.asked if one.path.endswith("/exec")]


def run_at_once(pod: dict[str, Any]) -> None:
    """Give a pod the status of one that runs and is ready."""
    names = [one["name"] for one in pod["spec"]["containers"]]
    pod["status"] = {
        "phase": "Running", "hostIP": "192.0.2.1", "podIP": "192.0.2.1",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": name, "ready": True, "restartCount": 0, "image": "i", "imageID": "",
                               "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}} for name in names],
    }  # fmt: skip


def in_namespaces(pod: dict[str, Any], command: list[str]) -> list[str]:
    """Return the command inside the namespaces of the process that plays the pod; on this machine without one."""
    pid = pod["metadata"].get("annotations", {}).get("test/pid")
    if pid is None:
        return command
    # A pod knows nothing of how its node is reached.
    return ["nsenter", f"--target={pid}", "--net", "--mount", "--uts", "--",
            "/usr/bin/env", "-u", "SSH_CONNECTION", *command]  # fmt: skip


def _with_tls(server: ThreadingHTTPServer, folder: Path) -> None:
    import ssl

    key, cert = folder / "tls.key", folder / "tls.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=kube", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: KubeApi

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # a client that hangs up
            super().handle()

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_PATCH = do_PUT = do_GET

    def _serve(self) -> None:
        owner, parts = self.owner, urlsplit(self.path)
        query = parse_qs(parts.query)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        document = kube_proto.pod(body) if body.startswith(kube_proto.MAGIC) else json.loads(body or b"null")
        upgrade = self.headers.get("Upgrade", "").lower()
        owner.asked.append(Asked(self.command, parts.path, query, document, upgrade))
        for (method, pattern), (code, reason, message) in owner.refusals.items():
            if method == self.command and re.fullmatch(pattern, parts.path):
                self._status(code, reason, message)
                return
        found = _PATH.match(parts.path)
        if parts.path in ("/api", "/apis", "/version") or (found is None or found["plural"] not in KINDS):
            self._discover(parts.path)
        elif found["sub"] == "exec":
            self._exec(found["namespace"], found["name"], query, upgrade)
        else:
            self._object(found["plural"], found["namespace"], found["name"], query, document)

    # -- answers -----------------------------------------------------------------------------------------

    def _json(self, document: Any, code: int = 200) -> None:
        data = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _status(self, code: int, reason: str, message: str) -> None:
        self._json({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                    "reason": reason, "message": message, "code": code}, code)  # fmt: skip

    def _discover(self, path: str) -> None:
        versions = sorted({version for version, _, _ in KINDS.values()} - {"v1"})
        if path == "/version":
            self._json({"major": "1", "minor": "32", "gitVersion": "v1.32.4"})
        elif path == "/api":
            self._json({"kind": "APIVersions", "versions": ["v1"]})
        elif path == "/apis":
            groups: dict[str, list[dict[str, str]]] = {}
            for version in versions:
                group, _, short = version.partition("/")
                groups.setdefault(group, []).append({"groupVersion": version, "version": short})
            self._json({"kind": "APIGroupList", "apiVersion": "v1", "groups": [
                {"name": name, "versions": found, "preferredVersion": found[0]} for name, found in groups.items()
            ]})  # fmt: skip
        else:
            wanted = path.removeprefix("/apis/").removeprefix("/api/")
            rows = [
                {"name": plural, "singularName": kind.lower(), "kind": kind, "namespaced": namespaced,
                 "verbs": ["get", "list", "create", "delete", "patch"]}
                for plural, (version, kind, namespaced) in KINDS.items() if version == wanted
            ]  # fmt: skip
            if not rows:
                self._status(404, "NotFound", "the server could not find the requested resource")
                return
            if wanted == "v1":
                rows.append({"name": "pods/exec", "kind": "PodExecOptions", "namespaced": True, "verbs": ["create"],
                             "singularName": ""})  # fmt: skip
            self._json({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": wanted, "resources": rows})

    def _object(
        self, plural: str, namespace: str | None, name: str | None, query: dict[str, list[str]], body: Any
    ) -> None:
        owner, (version, kind, _) = self.owner, KINDS[plural]
        here = [one for one in owner.objects[plural] if namespace in (None, one["metadata"].get("namespace"))]
        if self.command == "POST":
            body["metadata"]["namespace"] = namespace
            body["metadata"].setdefault("uid", "made")
            if plural == "pods":
                owner.on_pod(body)
            owner.objects[plural].append(body)
            self._json(body, 201)
        elif name is None:
            picked = [one for one in here if _selected(one, query)]
            self._json({"kind": f"{kind}List", "apiVersion": version, "metadata": {"resourceVersion": "1"},
                        "items": picked})  # fmt: skip
        elif not (found := [one for one in here if one["metadata"]["name"] == name]):
            self._status(404, "NotFound", f'{plural} "{name}" not found')
        else:
            if self.command == "DELETE":
                owner.objects[plural].remove(found[0])
            self._json(found[0])

    def _exec(self, namespace: str, name: str, query: dict[str, list[str]], upgrade: str) -> None:
        pods = self.owner.objects["pods"]
        pod = next((o for o in pods if (o["metadata"]["namespace"], o["metadata"]["name"]) == (namespace, name)), None)
        if pod is None:
            self._status(404, "NotFound", f'pods "{name}" not found')
            return
        if upgrade == "websocket" and not self.owner.websocket:
            self._status(400, "BadRequest", "unable to upgrade: websocket is not served here")
            return
        wire: Wire
        self.send_response(101, "Switching Protocols")
        self.send_header("Connection", "Upgrade")
        wanted = [
            n for n, key in ((STDIN, "stdin"), (STDOUT, "stdout"), (STDERR, "stderr")) if query.get(key) == ["true"]
        ]
        if upgrade == "websocket":
            self.send_header("Upgrade", "websocket")
            self.send_header("Sec-WebSocket-Accept", WebSocket.accept(self.headers["Sec-WebSocket-Key"]))
            self.send_header("Sec-WebSocket-Protocol", "v5.channel.k8s.io")
            wire = WebSocket(self.connection, self.rfile)
        else:
            self.send_header("Upgrade", "SPDY/3.1")
            self.send_header("X-Stream-Protocol-Version", "v4.channel.k8s.io")
            wire = Spdy(self.connection, self.rfile, wanted)
        self.end_headers()
        self.wfile.flush()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.owner._streams.append(self.connection)
        self.close_connection = True
        serve(wire, self.owner.exec_argv(pod, query["command"]), stdin=STDIN in wanted)
        with contextlib.suppress(ValueError):
            self.owner._streams.remove(self.connection)


def _selected(one: dict[str, Any], query: dict[str, list[str]]) -> bool:
    """Tell whether an object fits labelSelector (``a=b,c=d``) and fieldSelector of a list request."""
    labels = one["metadata"].get("labels", {})
    fields = {"spec.nodeName": one.get("spec", {}).get("nodeName"), "metadata.name": one["metadata"]["name"]}
    for name, values in (("labelSelector", labels), ("fieldSelector", fields)):
        for term in filter(None, ",".join(query.get(name, [])).split(",")):
            key, _, value = term.partition("=")
            if values.get(key) != value.lstrip("="):
                return False
    return True
