"""Reads a Pod that kubectl sends as protobuf (1.31 and newer), as far as tests look at it.

Field numbers from Kubernetes' published k8s.io/api/core/v1/generated.proto; the envelope is "k8s\\0" and then a
runtime.Unknown whose field 2 holds the object.
"""

from __future__ import annotations

from typing import Any

MAGIC = b"k8s\0"
# field number -> (name, schema of a message, "text", "flag"; a list of one where it repeats)
_CAPABILITIES = {1: ("add", ["text"]), 2: ("drop", ["text"])}
_SECURITY = {1: ("capabilities", _CAPABILITIES), 2: ("privileged", "flag")}
_MOUNT = {1: ("name", "text"), 3: ("mountPath", "text")}
_CONTAINER = {
    1: ("name", "text"), 2: ("image", "text"), 3: ("command", ["text"]), 4: ("args", ["text"]),
    9: ("volumeMounts", [_MOUNT]), 15: ("securityContext", _SECURITY),
}  # fmt: skip
_SPEC = {
    1: ("volumes", [{1: ("name", "text")}]), 2: ("containers", [_CONTAINER]), 3: ("restartPolicy", "text"),
    10: ("nodeName", "text"), 11: ("hostNetwork", "flag"), 12: ("hostPID", "flag"), 13: ("hostIPC", "flag"),
}  # fmt: skip
_POD = {1: ("metadata", {1: ("name", "text"), 3: ("namespace", "text")}), 2: ("spec", _SPEC)}


def pod(data: bytes) -> dict[str, Any]:
    """Return the pod in ``data``, as JSON would show it."""
    envelope = _read(data.removeprefix(MAGIC), {2: ("raw", "bytes")})
    return {"apiVersion": "v1", "kind": "Pod", **_read(envelope["raw"], _POD)}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 0x80:
            return value, at


def _read(data: bytes, schema: dict[int, tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value: Any
        if key & 7 == 2:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            assert key & 7 == 0, "a field of a kind that pods do not have here"
            value, at = _varint(data, at)
        if key >> 3 not in schema:
            continue
        name, kind = schema[key >> 3]
        one = kind[0] if isinstance(kind, list) else kind
        if isinstance(one, dict):
            value = _read(value, one)
        elif one != "bytes":
            value = bool(value) if one == "flag" else value.decode()
        if isinstance(kind, list):
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found
