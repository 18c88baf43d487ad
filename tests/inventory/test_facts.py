from __future__ import annotations

from captools.inventory.facts import Facts, PodFact


def test_facts_of_two_files_do_not_share_their_lists() -> None:
    one, other = Facts(), Facts()
    one.pods.append(PodFact(name="a"))
    assert other.pods == []


def test_a_pod_fact_says_nothing_until_told() -> None:
    fact = PodFact()
    assert (fact.ip, fact.identity, fact.host_network) == ("", None, None)
