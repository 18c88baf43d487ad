from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captools.lab.tomltext import to_toml

# TOML has no surrogates, and its integers are 64 bits wide.
TEXT = st.text(st.characters(blacklist_categories=("Cs",)))
SIMPLE = TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.lists(TEXT)
TABLE = st.dictionaries(TEXT, SIMPLE, min_size=1)
DOCUMENT = st.dictionaries(TEXT, SIMPLE | TABLE | st.lists(TABLE, min_size=1) | st.dictionaries(TEXT, TABLE))


@settings(max_examples=60, deadline=None)
@given(DOCUMENT)
def test_what_is_written_is_read_back_the_same(document):
    read = tomllib.loads(to_toml(document))
    assert read == document


def test_an_array_of_tables_below_a_table_reads_as_people_write_it():
    text = to_toml({"id": "s1", "truth": {"flows": [{"src": "a"}, {"src": "b"}]}})
    assert text == 'id = "s1"\n\n[[truth.flows]]\nsrc = "a"\n\n[[truth.flows]]\nsrc = "b"\n'


def test_a_value_without_a_toml_form_is_refused():
    with pytest.raises(TypeError, match="NoneType"):
        to_toml({"nothing": None})
