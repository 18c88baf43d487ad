"""What lies on this node: captures of this user that run, have ended, or were left by a keeper that died."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Dict, List

from captools.agent import places
from captools.agent.order import LINGER_S
from captools.agent.places import Refused
from captools.agent.view import View


def captures(folders: List[str]) -> Dict[str, Any]:
    """Return LIST's document. What a dead keeper left longer ago than it was to linger is removed first."""
    found, removed = [], []
    names, refused = places.known(folders)
    for capture, base in names:
        try:
            view = View(capture, base)
        except (Refused, OSError) as error:
            refused.append("%s: %s" % (capture, error))
            continue
        try:
            if view.alive:
                state = view.ask("state").get("state")
                if isinstance(state, dict):
                    found.append(state)
                continue
            state = dict(view.state, words=view.words, attached=0)
            linger_s = state["linger_s"] or LINGER_S
            if time.time_ns() - state["stopped_ns"] > linger_s * 1e9:
                places.take_away(capture, base)
                removed.append(capture)
            else:
                found.append(state)
        except Refused as error:
            refused.append(str(error))
        finally:
            with contextlib.suppress(OSError):
                view.close()
    return {"captures": found, "refused": refused, "removed": removed}
