"""Identities: what can be held against an inventory and what cannot."""

from __future__ import annotations

from captools.model.identities import of_workload, taken_at_the_end


def test_identities_of_workloads_are_neither_reserved_nor_of_another_cluster():
    # FACTS, sections 2 and 3: reserved up to 255, the cluster's id in the bits from 16 on.
    assert [one for one in (0, 8, 107, 255, 256, 45966, 65535, 65536, 1 << 24) if of_workload(one)] == [
        256,
        45966,
        65535,
    ]


def test_files_of_the_end_are_known_by_their_names():
    late = ("wg-stop.txt", "a/k8s-w1.example.com__wg-stop.txt", "ciliumendpoints-stop.json.zst")
    assert all(map(taken_at_the_end, late))
    assert not any(
        map(taken_at_the_end, ("wg.txt", "stop.json", "a-stop/pods.json", "pods-stopped.json", "node-stop__wg.txt"))
    )
