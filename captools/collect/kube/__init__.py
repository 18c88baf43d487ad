"""The cluster by kubectl: its facts, its nodes, the pods that captures run in."""
