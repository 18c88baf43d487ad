"""What runs ON a node: standard library only, Python 3.8 or newer, imports nothing else of captools."""
