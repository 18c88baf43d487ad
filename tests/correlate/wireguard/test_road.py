"""The road through the room: one call for what paths need, one for the verdict."""

from __future__ import annotations

from jsonschema import Draft202012Validator

from captools.model.encryption import Verdict
from captools.views import documents
from captools.views.schemas import schema
from tests.correlate.material import LEAK, S13, material
from tests.correlate.sealed_talk import EAST, WEST, begin, carried, data, ping, respond, talk

OWN = carried(ping(1, src=EAST, dst=WEST), 60_000)


def test_everything_about_a_pair_stands_with_it():
    ways = [begin(0, 1), respond(1, 2, 1), data(2, 0, index=2), data(3, 0, index=1, src=WEST, dst=EAST), OWN]
    pair = talk(east__eth0=ways, west__eth0=ways, east__cilium_wg0=[(OWN[0], ping(1))]).pair()
    assert (pair.a, pair.b, pair.verdict) == ("east", "west", Verdict.ENCRYPTED)
    assert [len(each) for each in (pair.handshakes, pair.sessions, pair.crossings, pair.inner)] == [1, 2, 2, 1]
    assert (pair.wireguard_packets, pair.unmatched_inner, pair.troubles) == (2, 1, ())


def test_troubles_stand_with_their_pair_whatever_the_verdict():
    pair = talk(east__eth0=[begin(0, 1), begin(5_000, 2), OWN], west__eth0=[begin(0, 1), begin(5_000, 2), OWN]).pair()
    assert pair.verdict is Verdict.UNKNOWN and [one.kind for one in pair.troubles] == ["ignored"]


def test_an_empty_capture_has_no_pairs():
    found = talk(east__eth0=[]).encryption()
    assert (found.verdict, found.pairs, found.cleartext) == (Verdict.UNKNOWN, (), ())


def test_the_document_fits_its_schema_with_everything_in_it():
    lossy = [data(step, counter) for step, counter in enumerate((0, 3, 2, 2))]
    found = talk(east__eth0=[*lossy, begin(9, 1), begin(5_009, 2), OWN], west__eth0=[*lossy[:1], OWN]).encryption()
    one = {"schema": 1, **found.to_json()}
    Draft202012Validator(schema("encryption")).validate(one)
    (pair,) = one["pairs"]
    assert pair["sessions"][0]["gaps"] and pair["sessions"][0]["duplicates"] and pair["sessions"][0]["reordered"]
    assert pair["crossings"][0]["missing"] and pair["troubles"]
    for name in (S13, LEAK):
        Draft202012Validator(schema("encryption")).validate(documents.encryption(material(name).analysed()))
