"""WireGuard between nodes: its datagrams, sessions and handshakes, what they carry, and what crossed beside them in clear."""
