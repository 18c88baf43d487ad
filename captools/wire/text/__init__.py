"""Text logs: what tcpdump and ngrep print, read back into rows of the packet table and HTTP heads. Pure.

A row carries what the text says and null elsewhere: a text log holds less than a capture file, and nothing is
made up for the rest.
"""
