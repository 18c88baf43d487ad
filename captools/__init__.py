"""captools: follow one request across every node, tunnel, NAT and proxy of a Kubernetes/Cilium cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from captools.pipeline import Session

__version__ = "0.1.0"
__all__ = ["__version__", "open"]


def open(*sources: Any, **options: Any) -> Session:  # noqa: A001 - captools.open(...) reads as people say it
    """Open captures, logs or session folders and return a :class:`captools.pipeline.Session`.

    ``captools.open("captures/sessions/20261120-1").packets()`` gives a pandas frame. Nothing heavy is
    imported before this call.
    """
    from captools.pipeline import open_session

    return open_session(sources, **options)
