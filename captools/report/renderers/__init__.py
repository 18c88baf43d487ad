"""Renderers of the report document: html, markdown, json."""
