"""Ways to run one process on a node, one file each."""
