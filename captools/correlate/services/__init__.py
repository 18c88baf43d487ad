"""Services: who stands behind an address, how choices fell, and which sources were rewritten. Pure."""
