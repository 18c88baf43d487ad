"""From what was asked for to the tools that run: points, filters, reasons. Pure."""
