"""TCP: what each connection looked like at each point, computed on columns. Pure."""
