from __future__ import annotations

from captools.model.evidence import Evidence, Proofs

ONE, TWO = (Evidence(point="n/e", file="f", sha256="", frames=(number,), shows="it") for number in (1, 2))


def test_proofs_are_made_when_they_are_first_looked_at_and_once():
    made = []

    def make():
        made.append(1)
        return [ONE, TWO]

    proofs = Proofs(make)
    assert made == []
    assert list(proofs) == [ONE, TWO] and proofs[1] == TWO and proofs[:1] == (ONE,) and len(proofs) == 2
    assert made == [1]


def test_proofs_equal_any_sequence_of_the_same():
    assert Proofs(lambda: [ONE]) == (ONE,) and Proofs(lambda: [ONE]) == Proofs(lambda: [ONE])
    assert Proofs(lambda: [ONE]) != (TWO,) and Proofs(lambda: [ONE]) != ONE
    assert len({Proofs(lambda: [ONE]), Proofs(lambda: [ONE])}) == 1
