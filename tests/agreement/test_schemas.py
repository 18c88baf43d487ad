"""What every reference case prints with --json fits its schema, with no key the schema does not know."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from captools.views import documents
from captools.views.schemas import NAMES, schema
from captures import cases
from tests.agreement.telling import HOP_BY_HOP, analysed
from tests.depth import quick


def closed(node: Any) -> Any:
    """Return the schema with further keys forbidden: a key we print and nobody described is an oversight."""
    if isinstance(node, list):
        return [closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: closed(value) for key, value in node.items()}
    if "properties" in made and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


@pytest.mark.parametrize("document", NAMES)
@pytest.mark.parametrize("name", quick(HOP_BY_HOP, [one.name for one in cases()]))
def test_the_document_of_a_reference_case_fits_its_schema_to_the_key(name: str, document: str) -> None:
    Draft202012Validator(closed(schema(document))).validate(getattr(documents, document)(analysed(name)))
