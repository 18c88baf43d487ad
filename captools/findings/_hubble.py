"""What Hubble itself says of a conversation that packets show to be dropped."""

from __future__ import annotations

from captools.model.analysis import Analysis
from captools.model.flows import Flow
from captools.model.hubble import HubbleEnd, HubbleFlow

_DROPS = ("DROPPED", "DENIED")  # a drop, and the verdict of a policy that leads to one


def dropped(analysis: Analysis, flow: Flow) -> HubbleFlow | None:
    """Return an event that says packets of ``flow`` were dropped or denied; None where Hubble was not asked or saw none.

    Its own ports must be those of the flow, where it tells any: a log may be older than the capture.
    """
    ends = (flow.src, flow.sport), (flow.dst, flow.dport)
    for one in analysis.cluster.hubble:
        if one.verdict in _DROPS and all(_is(analysis, *pair) for pair in zip((one.src, one.dst), ends, strict=True)):
            return one
    return None


def _is(analysis: Analysis, end: HubbleEnd, known: tuple[str, int | None]) -> bool:
    address, port = known
    pod = analysis.cluster.pod_of(address)
    if end.port is not None and port is not None and end.port != port:
        return False
    return end.ip == address or bool(pod is not None and end.pod == pod.full_name)
