"""Bytes to columns: capture files, link types, headers, tunnels, text logs and HTTP heads. Pure."""
