"""The report as JSON: the document, and beside it the typed documents it was made from (DESIGN, section 7)."""

from __future__ import annotations

import json

from captools.model.analysis import Analysis
from captools.report.document import Document

SCHEMA = 1


def render(document: Document, analysis: Analysis) -> str:
    """Return the report as JSON text; control characters are escaped, so printing it is harmless."""
    whole = {
        "schema": SCHEMA,
        "report": document.to_json(),
        "findings": [finding.to_json() for finding in analysis.findings],
        "coverage": [blind.to_json() for blind in analysis.coverage],
        "paths": [path.to_json() for path in analysis.paths],
        "requests": [request.to_json() for request in analysis.requests],
        "encryption": analysis.encryption.to_json(),
    }
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"
