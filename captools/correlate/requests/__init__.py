"""Requests across a proxy: HTTP exchanges, their two legs joined, TLS legs, and what is told of them."""
