"""Legs: what the head of a request tells of its way through proxies.

A proxy appends its peer to X-Forwarded-For (or writes X-Real-IP, or Forwarded of RFC 7239), may rewrite path and
authority and then says what they were, and leaves alone what belongs to client and server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from captools.correlate.requests.exchanges import Exchange

# What only proxies write. A client that forges X-Forwarded-For seldom writes these too.
_PROXY_WORDS = frozenset({
    "x-envoy-expected-rq-timeout-ms", "x-envoy-attempt-count", "x-envoy-internal", "x-envoy-external-address",
    "x-envoy-original-path", "x-forwarded-proto", "x-forwarded-port", "x-forwarded-host", "x-forwarded-server",
    "x-real-ip", "via",
})  # fmt: skip
_PEERS = ("x-real-ip", "x-envoy-external-address")
_ASKED_PATHS = ("x-envoy-original-path", "x-original-uri", "x-replaced-path")
_ASKED_HOSTS = ("x-forwarded-host", "x-envoy-original-host")
# Ids that travel with one request. Traces hold several requests: such an id still has to be the only one that fits.
_IDS = ("x-request-id", "x-correlation-id", "x-b3-spanid", "x-amzn-trace-id")
# Envoy and its kin leave these as the client wrote them; where both legs have one, they are equal.
_PASSED = ("user-agent", "cookie", "referer", "range", "content-type", "if-none-match", "accept-language")
_NEVER_ADDED = ("cookie", "referer", "range")
_HEADERS = (
    *_PROXY_WORDS,
    *_ASKED_HOSTS,
    *_ASKED_PATHS,
    *_IDS,
    *_PASSED,
    "x-forwarded-prefix",
    "forwarded",
    "traceparent",
)


@dataclass(slots=True)
class Leg:
    """One exchange with what its request says of the way it came. ``peer`` is whom the proxy before it talked to."""

    exchange: Exchange
    sources: frozenset[str]
    chain: tuple[str, ...]  # X-Forwarded-For without ports and brackets
    peer: str | None
    path: str
    asked: tuple[str, ...]  # paths that the client may have asked for: a proxy may rewrite a prefix
    host: str
    hosts: frozenset[str]
    scheme: str | None
    ids: tuple[tuple[str, str], ...]
    by_proxy: bool  # carries what only proxies write
    passed: dict[str, str]  # what proxies leave alone

    @property
    def number(self) -> int:
        """The exchange's number."""
        return self.exchange.number

    @property
    def forwarded(self) -> bool:
        """Tell whether it may have been sent by a proxy."""
        return self.by_proxy or self.peer is not None


def legs(found: Sequence[Exchange]) -> list[Leg]:
    """Read the legs of requests."""
    said: dict[int, dict[str, dict[int, str]]] = {}  # of all these headers those that occur: few do
    made = []
    for one in found:
        heads = one.request.heads
        if id(heads) not in said:
            said[id(heads)] = {name: values for name in _HEADERS if (values := heads.header(name))}
        made.append(_leg(one, said[id(heads)]))
    return made


def _leg(one: Exchange, said: dict[str, dict[int, str]]) -> Leg:
    request = one.request
    here = {name: values[request.at] for name, values in said.items() if request.at in values}
    chain = tuple(address(entry) for entry in request.xff)
    path = _origin_form(request.path)
    asked = [path]
    host = request.host.lower()
    hosts = [host]
    if here:
        asked += [here[name] for name in _ASKED_PATHS if name in here]
        asked += [here["x-forwarded-prefix"].rstrip("/") + path] if "x-forwarded-prefix" in here else []
        hosts += [here[name].lower() for name in _ASKED_HOSTS if name in here]
    return Leg(
        exchange=one,
        sources=frozenset(flow.src for flow in one.variants),
        chain=chain,
        peer=chain[-1] if chain else _other_peer(here),
        path=path,
        asked=tuple(dict.fromkeys(asked)),
        host=host,
        hosts=frozenset(hosts),
        scheme=here["x-forwarded-proto"].lower() if "x-forwarded-proto" in here else None,
        ids=tuple((name, here[name]) for name in _IDS if name in here) + _trace(here.get("traceparent", "")),
        by_proxy=not _PROXY_WORDS.isdisjoint(here),
        passed={name: here[name] for name in _PASSED if name in here},
    )


def contradicts_passed(client: Leg, backend: Leg) -> bool:
    """Tell whether a header that proxies leave alone differs, or appeared on the way."""
    if not (client.exchange.request.complete and backend.exchange.request.complete):
        return False
    ours, theirs = client.passed, backend.passed
    return any(
        ours.get(name, value) != value or (name in _NEVER_ADDED and name not in ours) for name, value in theirs.items()
    )


@lru_cache(maxsize=65_536)
def address(entry: str) -> str:
    """Return the address of an X-Forwarded-For entry, without port, brackets and quotes; as it stands if it is none."""
    text = entry.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return text.lower()
    return str(getattr(found, "ipv4_mapped", None) or found)


def _other_peer(here: dict[str, str]) -> str | None:
    """Return the peer by what proxies write beside or instead of X-Forwarded-For."""
    for name in _PEERS:
        if here.get(name):
            return address(here[name])
    last = here.get("forwarded", "").rpartition(",")[2]
    for part in last.split(";"):
        word, _, value = part.strip().partition("=")
        if word.lower() == "for" and value:
            return address(value)
    return None


def _trace(parent: str) -> tuple[tuple[str, str], ...]:
    """The trace id of W3C Trace Context: proxies give each hop a new span of it."""
    parts = parent.split("-")
    return (("traceparent", parts[1]),) if len(parts) == 4 and len(parts[1]) == 32 else ()


def _origin_form(target: str) -> str:
    """Return the path and query of a request target (RFC 9112, section 3.2)."""
    if not target.startswith(("http://", "https://")):
        return target
    try:
        parts = urlsplit(target)
    except ValueError:
        return target
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
