"""captools diff."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from captools.views.schemas import schema
from captures import case
from tests.agreement.test_schemas import closed
from tests.cli.conftest import one_sentence

CLEAR, SEALED = case("s16-without-encryption").folder, case("s16b-with-encryption").folder


def test_two_sessions_are_told_beside_each_other(captools):
    done = captools("diff", CLEAR, SEALED)
    assert done.code == 0 and done.err == ""
    assert done.out.startswith("A  s16-without-encryption: ") and "\nB  s16b-with-encryption: " in done.out
    assert "travels unwrapped in A, in WireGuard in B" in done.out
    again = captools("diff", SEALED, CLEAR).out
    assert "travels in WireGuard in A, unwrapped in B" in again


def test_all_tells_what_is_alike_too(captools):
    assert "MEASURE" not in captools("diff", CLEAR, CLEAR).out
    assert "MEASURE" in captools("diff", CLEAR, CLEAR, "--all").out


def test_json_fits_its_schema_and_lines_are_conversations(captools):
    document = json.loads(captools("diff", CLEAR, SEALED, "--json").out)
    Draft202012Validator(closed(schema("diff"))).validate(document)
    lines = [json.loads(line) for line in captools("diff", CLEAR, SEALED, "--format", "ndjson").out.splitlines()]
    assert lines == document["paths"]["both"] and len(lines) == 2


@pytest.mark.parametrize("sources", [(), (CLEAR,), (CLEAR, SEALED, CLEAR)])
def test_anything_but_two_is_a_usage_error(captools, sources):
    done = captools("diff", *sources)
    assert (done.code, done.out) == (2, "") and ("captools diff A B" in done.err or "--help" in one_sentence(done))


def test_a_session_that_is_not_there_is_one_sentence(captools, tmp_path):
    done = captools("diff", CLEAR, tmp_path / "gone")
    assert done.code == 3 or done.code == 2
    assert "gone" in one_sentence(done)
