"""Inventory files of a session."""

from __future__ import annotations

import pytest

from captools.collect.inventory import changed_texts, cluster_of, inventory_records, read_files
from captools.model.errors import UsageError


def test_files_and_folders_are_read_under_safe_names_that_never_collide(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a/pods.json").write_text("1")
    (tmp_path / "b/pods.json").write_text("2")
    (tmp_path / "a/k8s-w1__ip-link.json").write_text("3")
    (tmp_path / "b/odd\x1b name").write_bytes(b"\xff")
    texts = read_files([tmp_path / "a", tmp_path / "b"])
    assert sorted(texts) == ["k8s-w1__ip-link.json", "odd_name", "pods-2.json", "pods.json"]
    assert texts["pods-2.json"] == "2" and texts["odd_name"].encode("utf-8", "surrogateescape") == b"\xff"


def test_a_path_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no such file or folder"):
        read_files([tmp_path / "none"])


def test_pods_come_from_kubectls_own_output():
    text = """{"kind":"List","apiVersion":"v1","items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"curl",
    "namespace":"default"},"spec":{"nodeName":"k8s-w1"},"status":{"podIP":"172.20.1.7","phase":"Running"}}]}"""
    pod = cluster_of({"pods.json": text}, {}).pods[0]
    assert (pod.full_name, pod.node, pod.ip) == ("default/curl", "k8s-w1", "172.20.1.7")


def test_only_what_changed_is_kept_again_under_a_name_that_says_so():
    early, late = {"wg.txt": "old", "ip-neigh.json": "[]"}, {"wg.txt": "new", "ip-neigh.json": "[]"}
    assert changed_texts(early, late) == {"wg-stop.txt": "new"}


def test_a_list_of_identities_is_kept_twice_and_then_settles_them():
    text = """{"kind":"CiliumEndpointList","apiVersion":"cilium.io/v2","items":[{"metadata":{"name":"web",
    "namespace":"shop"},"status":{"identity":{"id":5000},"networking":{"addressing":[{"ipv4":"10.0.1.7"}]}}}]}"""
    early = {"kube-ciliumendpoints.json": text}
    late = changed_texts(early, early)
    assert list(late) == ["kube-ciliumendpoints-stop.json"]
    assert cluster_of(early, {}).pods[0].identity_settled is False
    assert cluster_of({**early, **late}, {}).pods[0].identity_settled is True
    changed = {name: text.replace("5000", "5001") for name, text in late.items()}
    assert cluster_of({**early, **changed}, {}).pods[0].identity_settled is False


def test_records_tell_when_each_file_was_taken_and_whether_it_changed():
    early, late = {"wg.txt": "a", "ip-link.json": "[]"}, {"wg.txt": "b", "ip-link.json": "[]"}
    records = inventory_records("k8s-w1", {"wg.txt": 1, "ip-link.json": 2}, {"wg.txt": 3}, changed_texts(early, late))
    assert [(one.file, one.again != "", one.changed) for one in records] == [
        ("k8s-w1__ip-link.json", False, False), ("k8s-w1__wg.txt", True, True),
    ]  # fmt: skip
    assert records[1].taken == "1970-01-01T00:00:00.000000001Z" and records[1].node == "k8s-w1"
    (one,) = inventory_records("", {}, {"kube-pods.json": 5}, ())
    assert (one.file, one.taken) == ("kube-pods.json", "")
