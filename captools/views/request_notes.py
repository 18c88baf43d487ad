"""What a table of requests has no column for: tries, TLS, rewriting, claims, and why a leg is missing or not chosen."""

from __future__ import annotations

from captools.model.addresses import endpoint
from captools.model.analysis import Analysis
from captools.model.requests import Attempt, Request, TlsSession
from captools.model.units import duration

_KINDS = {
    "passthrough": "passed on unopened", "terminated": "ends at the proxy", "end-to-end": "ends at the pod",
    "unknown": "what is inside is not known",
}  # fmt: skip


def request_notes(one: Request) -> list[str]:
    """Return the notes on one request, each a clause."""
    notes = [one.note] if one.note else []
    if len(one.attempts) > 1:
        notes.append(f"{len(one.attempts)} attempts: {', '.join(_result(attempt) for attempt in one.attempts)}")
    leg = one.client_leg
    if leg is not None and leg.over_tls:
        notes.append(f"client leg over TLS{f' for {leg.sni}' if leg.sni else ''}, joined by {one.joined_by}")
    notes += _rewritten(one)
    if one.xff_claimed:
        notes.append(f"X-Forwarded-For {', '.join(one.xff_claimed)} was claimed by whoever asked")
    if one.xff_agrees is False:
        notes.append(f"X-Forwarded-For names {one.client_by_xff}, the packets {one.client_by_packets}")
    return notes


def _result(attempt: Attempt) -> str:
    got = str(attempt.status) if attempt.status is not None else attempt.result.replace("-", " ") or "no answer"
    return f"{got} from {attempt.backend.pod or endpoint(attempt.backend.ip, attempt.backend.port)}"


def _rewritten(one: Request) -> list[str]:
    """Say what the proxy made of host and path; nothing where it left them alone."""
    if not one.attempts or not one.attempts[-1].path:
        return []
    last = one.attempts[-1]
    if one.client_leg is None or one.client_leg.over_tls or (last.host, last.path) == (one.host, one.path):
        return []
    return [f"the proxy asked for {last.host}{last.path}"]


def session_notes(analysis: Analysis) -> list[str]:
    """Return a line per kind of TLS session: who, for which host, where they end, how many there were."""
    groups: dict[str, list[TlsSession]] = {}
    for one in analysis.tls_sessions:
        groups.setdefault(_session(one), []).append(one)
    return [f"{words}{_counted(some)}" for words, some in groups.items()]


def _session(one: TlsSession) -> str:
    leg = one.client_leg
    words = [f"TLS from {leg.src} to {endpoint(leg.dst, leg.dport)} for {leg.sni or 'no name'}: {_KINDS[one.kind]}"]
    if one.kind == "terminated":
        words.append(f"on {one.proxy.node or 'an unknown node'}" if one.proxy else "")
    elif one.backend is not None:
        where = one.backend.pod or endpoint(one.backend.ip, one.backend.port)
        source = f" from {one.proxy.source_address} ({one.proxy.source_kind})" if one.proxy else ""
        words.append(f"{'to ' if one.backend_legs else ''}{where} on {one.backend.node or 'an unknown node'}{source}")
    return " ".join(word for word in words if word)


def _counted(some: list[TlsSession]) -> str:
    requests = sum(one.requests for one in some)
    counts = [_number(len(some), "session")] if len(some) > 1 else []
    counts += [f"{_number(requests, 'request')} joined"] if requests else []
    return f" ({', '.join(counts)})" if counts else ""


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def times(one: Request) -> str:
    """Return our measure of the backends' time beside Envoy's; the empty string where neither is known."""
    if one.backends_ns is None:
        return ""
    own = f" (Envoy says {one.envoy_upstream_ms} ms)" if one.envoy_upstream_ms is not None else ""
    return f"{duration(one.backends_ns)} until the backend answered{own}"
