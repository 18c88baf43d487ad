"""Captures that outlive their controller: found again, fetched, stopped, looked into."""
