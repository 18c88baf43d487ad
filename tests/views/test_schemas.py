"""The JSON Schemas: right for what we print, wrong for what a script could no longer read."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from captools.views import documents, schemas
from captools.views.schemas import NAMES, OTHERS, schema


def samples(sample: Any, name: str) -> list[dict[str, Any]]:
    make = getattr(documents, name)
    return [make(one()) for one in (sample.s1, sample.s2, sample.s8, sample.s13, sample.hostile, sample.analysis)]


def every_key(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every key of every object in a document."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(node, dict):
        items = list(node.items())
    elif isinstance(node, list):
        items = list(enumerate(node[:1]))
    own = [(*path, key) for key, _ in items if isinstance(key, str)]
    return own + [found for key, value in items for found in every_key(value, (*path, key))]


@pytest.mark.parametrize("name", NAMES + OTHERS)
def test_each_schema_is_one_of_draft_2020_12(name):
    assert schema(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("name", NAMES)
def test_documents_written_by_hand_fit(sample, name):
    for document in samples(sample, name):
        Draft202012Validator(schema(name)).validate(document)


@pytest.mark.parametrize("name", NAMES)
def test_a_renamed_key_is_caught_wherever_it_is(sample, name):
    validator = Draft202012Validator(schema(name))
    tried = set()
    for document in samples(sample, name):
        for path in every_key(document):
            # A subject holds the keys that apply, a ping's flow an id, decode_stops the reasons that occurred.
            if "subject" in path[:-1] or path[-1] == "icmp_id":
                continue
            changed = copy.deepcopy(document)
            holder = changed
            for step in path[:-1]:
                holder = holder[step]
            holder[f"{path[-1]}_"] = holder.pop(path[-1])
            with pytest.raises(ValidationError):
                validator.validate(changed)
            tried.add(path[-1])
    assert {"schema", *schema(name)["required"]} <= tried


@pytest.mark.parametrize("name", NAMES)
def test_a_further_key_is_let_pass(sample, name):
    for document in samples(sample, name):
        Draft202012Validator(schema(name)).validate({**document, "added_later": 1})


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("findings", ("schema",), 2),
        ("findings", ("findings", 0, "severity"), "fatal"),
        ("findings", ("findings", 0, "evidence", 0, "frames", 0), 0),
        ("findings", ("findings", 0, "evidence", 0, "sha256"), "abc"),
        ("paths", ("paths", 0, "outcome"), "gone"),
        ("paths", ("paths", 0, "hops", 0, "delay_ns"), 0.5),
        ("paths", ("paths", 0, "flow", "sport"), 65536),
        ("info", ("points", 0, "first"), 1_755_653_721_286_843_000),
        ("info", ("points", 0, "decode_stops"), {"bored": 1}),
    ],
)
def test_a_value_of_another_kind_is_caught(sample, name, path, value):
    document = getattr(documents, name)(sample.s1() if name != "info" else sample.s2())
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    with pytest.raises(ValidationError):
        Draft202012Validator(schema(name)).validate(document)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(KeyError, match="findings, paths, requests, encryption, info"):
        schema("packets/../findings")


def test_there_is_one_file_for_each_name_beside_the_code():
    folder = Path(schemas.__file__).parent
    assert {path.stem for path in folder.glob("*.json")} == {*NAMES, *OTHERS}


def test_each_call_gives_a_document_of_its_own():
    schema("info").clear()
    assert json.dumps(schema("info")) != "{}"


def references(node: Any) -> list[str]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    own = [node["$ref"]] if isinstance(node, dict) and isinstance(node.get("$ref"), str) else []
    return own + [one for child in children for one in references(child)]


@pytest.mark.parametrize("name", NAMES + OTHERS)
def test_a_schema_is_whole_what_it_takes_from_other_files_comes_with_it(name):
    document = schema(name)
    for reference in references(document):
        assert reference.startswith("#/$defs/") and reference.removeprefix("#/$defs/") in document["$defs"], reference


def test_a_finding_is_held_to_the_same_rules_wherever_it_is_told(sample):
    told = documents.explained_paths(sample.s1().paths, sample.s1().findings)
    Draft202012Validator(schema("paths")).validate(told)
    told["findings"][0]["severity"] = "fatal"
    with pytest.raises(ValidationError):
        Draft202012Validator(schema("paths")).validate(told)
