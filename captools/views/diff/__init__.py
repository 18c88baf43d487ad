"""Two sessions beside each other: what differs, by how much, and whether clocks or chance explain it. Pure."""
