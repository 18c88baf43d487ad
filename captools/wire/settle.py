"""WireGuard data messages that only a handshake proves: those on other ports and of odd length, decided afterwards.

The kernel sees one packet at a time. The reference looks at all UDP of one batch and one depth together, so this does
too, from the side table alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from captools.wire.bytesview import Bools
from captools.wire.decode import BATCH_ROWS
from captools.wire.wireguard import DATA


def proven(messages: Any) -> Bools:
    """Tell which rows of the WireGuard side table (``row`` counted in the whole file) are WireGuard."""
    place = (messages["row"] // BATCH_ROWS << 8 | messages["depth"]) << 16
    shaken = messages["wg_type"] != DATA
    ports = np.concatenate([place[shaken] | messages[side][shaken] for side in ("sport", "dport")])
    seen: Bools = messages["known"] == 1
    for side in ("sport", "dport"):
        seen |= np.isin(place | messages[side], ports)
    return seen
