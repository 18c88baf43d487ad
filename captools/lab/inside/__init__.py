"""Small programs that run inside the lab's namespaces: standard library only, started by path, never imported."""
