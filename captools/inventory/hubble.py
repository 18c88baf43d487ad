"""``hubble observe``: compact text (printed by default) and JSON lines (``-o jsonpb``).

Compact text is ``TIME [NODE]: END ARROW END KIND VERDICT (SUMMARY)``; an END is ``ns/pod:port (ID:n)`` or
``ip:port (world)``, the bracket missing in older versions. ``<-`` prints a reply with its ends swapped back, ``<>`` an event
without a direction (github.com/cilium/hubble, pkg/printer).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from captools.inventory.facts import Facts, PodFact
from captools.inventory.values import NotAsClaimed, address, at, clean, list_at, number, parse_json, text_at
from captools.model.hubble import HubbleEnd, HubbleFlow
from captools.model.units import from_rfc3339

VERDICTS = ("FORWARDED", "DROPPED", "ERROR", "AUDIT", "REDIRECTED", "TRACED", "TRANSLATED", "ALLOWED", "DENIED")
_TIME = r"(?:[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\S+?)"
_END = r"\S+(?: \((?:ID:\d+|[a-z][\w-]*)\))?"
LINE = re.compile(
    rf"^(?P<time>{_TIME})(?: \[(?P<node>[^\]]{{1,253}})\])?: (?P<src>{_END}) (?P<arrow>->|<-|<>) (?P<dst>{_END}) "
    rf"(?P<kind>\S.{{0,120}}?) (?P<verdict>{'|'.join(VERDICTS)})(?: \((?P<summary>.*)\))?\s*$"
)
_POINT = re.compile(r"^(?P<name>\S+?)(?: \((?:ID:(?P<id>\d+)|(?P<reserved>[a-z][\w-]*))\))?$")
_HTTP = re.compile(r"^(?P<version>HTTP/[\d.]+) (?:(?P<status>\d{3}) \S+ \()?(?P<method>[A-Z]+) (?P<url>[^\s)]+)")
LAST_RESERVED = 255  # Cilium pkg/identity: numbers below 256 are not allocated to workloads


def read_compact(text: str, _node: str) -> Facts:
    """Read compact text: one event per line; lines of another form are counted in a warning."""
    found, others = [], 0
    for number_, line in enumerate(text.splitlines(), 1):
        match = LINE.match(line[:4_000].strip())
        if match is None:
            others += bool(line.strip())
            continue
        found.append(_of_line(match, number_))
    if not found:
        raise NotAsClaimed("no line of the form TIME: FROM -> TO KIND VERDICT (SUMMARY)")
    warnings = [f"{others} line{'' if others == 1 else 's'} of another form left out"] if others else []
    return _facts(found, warnings)


def read_jsonpb(text: str, _node: str) -> Facts:
    """Read JSON lines: one ``{"flow": {…}}`` per line; other events (lost, node status) are passed over."""
    found, broken = [], 0
    for number_, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            event = parse_json(line)
        except NotAsClaimed:
            broken += 1
            continue
        flow = at(event, "flow")
        if isinstance(flow, dict):
            found.append(_of_json(flow, number_))
    if broken and not found:
        raise NotAsClaimed("no JSON object per line")
    warnings = [f"{broken} line{'' if broken == 1 else 's'} that cannot be read left out"] if broken else []
    return _facts(found, warnings)


def _facts(flows: list[HubbleFlow], warnings: list[str]) -> Facts:
    """Return the events, and the pods that they name with address and identity."""
    pods = {
        PodFact(namespace=namespace, name=name, ip=end.ip, identity=end.identity)
        for flow in flows
        for end in (flow.src, flow.dst)
        if end.pod and end.ip and not end.reserved
        for namespace, _, name in [end.pod.partition("/")]
    }
    ordered = sorted(pods, key=lambda one: (one.namespace, one.name, one.ip, one.identity or 0))
    return Facts(hubble=flows, pods=ordered, warnings=warnings)


def _of_line(match: re.Match[str], line: int) -> HubbleFlow:
    src, dst = _end_of(match["src"]), _end_of(match["dst"])
    if match["arrow"] == "<-":
        src, dst = dst, src
    summary = clean(match["summary"] or "")
    http = _HTTP.match(summary)
    return HubbleFlow(
        time=match["time"], ts_ns=_instant(match["time"]), src=src, dst=dst, kind=clean(match["kind"]),
        verdict=match["verdict"], summary=summary, node=clean(match["node"] or ""), line=line,
        proto="TCP" if http or summary.startswith("TCP") else summary.split(" ")[0] if summary else "",
        method=http["method"] if http else "", url=clean(http["url"]) if http else "",
        status=int(http["status"]) if http and http["status"] else None,
    )  # fmt: skip


def _end_of(text: str) -> HubbleEnd:
    match = _POINT.match(text)
    name, port = clean(match["name"] if match else text), None
    head, colon, tail = name.rpartition(":")
    if colon and tail.isascii() and tail.isdigit() and (":" not in head or head.endswith("]")) and int(tail) < 65_536:
        name, port = head.strip("[]"), int(tail)
    ip = address(name) or ""
    identity = int(match["id"]) if match and match["id"] and len(match["id"]) < 10 else None
    return HubbleEnd(
        ip=ip, port=port, pod="" if ip or "/" not in name else name, identity=identity,
        reserved=match["reserved"] or "" if match else "",
    )  # fmt: skip


def _of_json(flow: dict[str, Any], line: int) -> HubbleFlow:
    proto, ports = _layer4(flow)
    http = at(flow, "l7", "http")
    status = number(at(flow, "l7", "http", "code")) if isinstance(http, dict) else None
    ids = (text_at(one, "value") for one in list_at(flow, "l7", "http", "headers")
           if text_at(one, "key").lower() == "x-request-id")  # fmt: skip
    src, dst = (_json_end(flow, end, ports[end]) for end in ("source", "destination"))
    return HubbleFlow(
        time=text_at(flow, "time"), ts_ns=_instant(text_at(flow, "time")), src=src, dst=dst, kind=_kind(flow),
        verdict=text_at(flow, "verdict"), proto=proto, summary=text_at(flow, "Summary"), node=text_at(flow, "node_name"),
        method=text_at(flow, "l7", "http", "method"), url=text_at(flow, "l7", "http", "url"), status=status,
        request_id=next(ids, ""), line=line,
    )  # fmt: skip


def _layer4(flow: dict[str, Any]) -> tuple[str, dict[str, int | None]]:
    layer = at(flow, "l4")
    proto = next((clean(str(name)) for name in layer), "") if isinstance(layer, dict) else ""
    ports = {end: number(at(flow, "l4", proto, f"{end}_port")) for end in ("source", "destination")}
    return proto, ports


def _json_end(flow: dict[str, Any], end: str, port: int | None) -> HubbleEnd:
    namespace, pod = text_at(flow, end, "namespace"), text_at(flow, end, "pod_name")
    reserved = [clean(str(one)).removeprefix("reserved:") for one in list_at(flow, end, "labels")
                if str(one).startswith("reserved:")]  # fmt: skip
    return HubbleEnd(
        ip=address(text_at(flow, "IP", end)) or "", port=port, pod=f"{namespace}/{pod}" if namespace and pod else "",
        identity=number(at(flow, end, "identity")), reserved=reserved[0] if reserved else "",
    )  # fmt: skip


def _kind(flow: dict[str, Any]) -> str:
    """Return the event's kind in the words of compact text."""
    translation = text_at(flow, "sock_xlate_point")
    if translation.startswith("SOCK_XLATE_POINT_"):
        # SOCK_XLATE_POINT_PRE_DIRECTION_FWD reads pre-xlate-fwd
        stage, _, way = translation.removeprefix("SOCK_XLATE_POINT_").lower().partition("_direction_")
        return f"{stage}-xlate-{way}"
    layer7 = text_at(flow, "l7", "type")
    if layer7:
        name = next((one for one in ("http", "dns", "kafka") if at(flow, "l7", one)), "l7")
        return f"{name}-{layer7.lower()}"
    point = text_at(flow, "trace_observation_point")
    if point and point != "UNKNOWN_POINT":
        return point.lower().replace("_", "-")
    return text_at(flow, "drop_reason_desc").lower().replace("_", "-") or "event"


def _instant(text: str) -> int | None:
    try:
        return from_rfc3339(text)
    except ValueError:
        return None


def hubble_names(flows: Iterable[HubbleFlow]) -> dict[int, tuple[str, ...]]:
    """Return which pods Hubble named with each identity; not for reserved ones, which stand for no workload."""
    found: dict[int, dict[str, None]] = {}
    for flow in flows:
        for end in (flow.src, flow.dst):
            if end.pod and end.identity is not None and end.identity > LAST_RESERVED:
                found.setdefault(end.identity, {})[end.pod] = None
    return {identity: tuple(pods) for identity, pods in found.items()}
