"""A second opinion on a few packets: field trees by scapy and by tshark."""
