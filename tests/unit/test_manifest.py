"""Everything that is shared is listed, nothing private ever."""

from __future__ import annotations

import hashlib

import pytest
from alliance.verification.manifest import manifest, sha256, write_manifest


def test_files_and_folders_in_order(tmp_path):
    (tmp_path / "report/figures").mkdir(parents=True)
    (tmp_path / "report/figures/b.svg").write_bytes(b"b")
    (tmp_path / "report/figures/a.svg").write_bytes(b"a")
    (tmp_path / "report/figures/.snakemake_timestamp").write_bytes(b"")
    (tmp_path / "report.html").write_bytes(b"page")
    rows = manifest([tmp_path / "report/figures", tmp_path / "report.html"], tmp_path)
    assert [row["file"] for row in rows] == ["report.html", "report/figures/a.svg", "report/figures/b.svg"]
    assert rows[0] == {"file": "report.html", "sha256": hashlib.sha256(b"page").hexdigest(), "bytes": "4"}
    write_manifest(rows, tmp_path / "manifest.csv")
    assert (tmp_path / "manifest.csv").read_text(encoding="utf-8").splitlines()[0] == "file,sha256,bytes"


def test_private_files_are_refused(tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "private/sample.parquet").write_bytes(b"x")
    with pytest.raises(ValueError, match="private"):
        manifest([tmp_path / "private/sample.parquet"], tmp_path)


def test_large_files_are_read_in_pieces(tmp_path):
    data = bytes(range(256)) * 10000
    (tmp_path / "large").write_bytes(data)
    assert sha256(tmp_path / "large") == hashlib.sha256(data).hexdigest()
