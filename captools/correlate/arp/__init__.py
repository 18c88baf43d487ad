"""Who asked for an address by ARP, who answered for it, and when nobody did."""
