"""The compiled decoder: one pass per packet from file bytes to the normalised tables (numba).

Imported only for large captures; it equals the numpy reference (captools.wire.decode) in every column. Each function
follows one function of the reference, for one packet instead of for all rows.
"""
