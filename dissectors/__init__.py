"""scapy layers, one protocol per file, each with bind(); nothing binds at import."""
