"""What runs ON a node: standard library only, Python 3.8 or newer, imports nothing else of captools.

The source of these files is read as package data and sent over the transport's own channel; nothing is
installed on the node and nothing stays there.
"""
