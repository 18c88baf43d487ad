"""The Textual screens over one analysis; they ask views and never decode."""
