"""Same packet, same connection: which sightings are one packet, which packets one conversation.

In the order in which one needs the other: ``prints`` and ``places`` name a sighting and where it was, ``match`` numbers the
packets (``split`` where sightings contradict each other, ``sure`` how surely), ``flows`` groups them to connections,
``nat`` (and ``dsr``) joins those before and behind a translation, ``icmp_errors`` ties errors to them, ``translated``
numbers the packets through NAT. ``lanes`` gives each direction of a conversation a number; by it ``byte_runs`` links
super-frames to the segments that carry their bytes, and ``repeats`` tells retransmissions from copies. ``twins`` are
lines of text logs beside captures.
"""
