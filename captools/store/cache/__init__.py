"""Decoded captures on disk: the normalised tables as Parquet, read page by page, whatever the size of the file.

An entry holds one capture file, as one or more *shards*: byte ranges of it that were decoded at the same time, each
with packets, lanes and side tables of its own, in file order.
"""
