"""Reports: one document, drawn by several renderers. Pure."""
