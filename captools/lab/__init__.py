"""Real nodes in network namespaces: the cluster captools is proven on."""
