"""What is said where no HTTP request was found: which kinds were looked for, what hides the others, where to look."""

from __future__ import annotations

import pyarrow.compute as pc

from captools.model.analysis import Analysis

MOST = 3  # host names that are told


def no_requests(analysis: Analysis) -> str:
    """Return one paragraph; where TLS conversations begin it says how many, and for which hosts."""
    words = ["No HTTP request was found in clear text, neither HTTP/1 nor HTTP/2."]
    tls = analysis.tls
    asking = tls.filter(pc.equal(tls["kind"].cast("string"), "client_hello"))
    # The same packet seen at several points, or passed on by a proxy, is one handshake: its random tells.
    begun = pc.count_distinct(asking["random"], mode="only_valid").as_py() + asking["random"].null_count
    if begun:
        names = list(dict.fromkeys(name for name in asking["sni"].to_pylist() if name))
        hosts = f" (for {', '.join(names[:MOST])}{' …' if len(names) > MOST else ''})" if names else ""
        seen = "1 TLS handshake was" if begun == 1 else f"{begun:,} TLS handshakes were"
        words.append(f"{seen} seen{hosts}: requests may be behind them.")
    words.append(
        "Capture at the pods' own interfaces (captools capture --role pods), where a proxy that ends TLS speaks plain HTTP."
    )
    return " ".join(words)
