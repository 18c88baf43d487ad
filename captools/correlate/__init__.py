"""Which sightings are one packet, which connections are one request, what changed between them. Pure."""
