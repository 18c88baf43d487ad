"""What Hubble told of single flows (``hubble observe``): who, to whom, where in the datapath, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class HubbleEnd:
    """One end as Hubble names it. Compact text has either a pod or an address, JSON has both."""

    ip: str = ""
    port: int | None = None
    pod: str = ""  # namespace/name
    identity: int | None = None
    reserved: str = ""  # world, host, ingress, remote-node, kube-apiserver …

    @property
    def name(self) -> str:
        """The pod, else the address."""
        return self.pod or self.ip


@dataclass(frozen=True, slots=True, kw_only=True)
class HubbleFlow:
    """One event. ``src`` sent the packet or request this event is about, whatever way the arrow was printed.

    ``kind`` is the observation point or the event as compact text prints it: ``to-overlay``, ``to-endpoint``,
    ``policy-verdict:L3-Only INGRESS``, ``pre-xlate-fwd``, ``http-request``, ``Policy denied`` …; ``verdict`` one of
    FORWARDED DROPPED ERROR AUDIT REDIRECTED TRACED TRANSLATED ALLOWED DENIED. ``ts_ns`` is None where the text
    tells no year.
    """

    time: str
    src: HubbleEnd
    dst: HubbleEnd
    kind: str
    verdict: str
    proto: str = ""  # TCP UDP ICMPv4 …, empty where the event does not tell
    summary: str = ""
    node: str = ""
    ts_ns: int | None = None
    method: str = ""  # of an HTTP event
    url: str = ""
    status: int | None = None
    request_id: str = ""
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def pre_translation(self) -> bool:
        """Tell whether this is a socket's call before socket-LB chose a backend (its dst is the Service)."""
        return self.kind == "pre-xlate-fwd"

    @property
    def post_translation(self) -> bool:
        """Tell whether this is the same call afterwards (its dst is the backend)."""
        return self.kind == "post-xlate-fwd"
