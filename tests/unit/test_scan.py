"""The scanner finds a person wherever somebody plants one, and nothing where there is nobody."""

import zipfile
from functools import partial

import pandas as pd
import pytest
from alliance.survey.ids import normalise
from alliance.survey.pseudonyms import pseudonym, pseudonyms_of
from alliance.verification.scan import first_findings, scan, shared_files, write_scan
from alliance.verification.scan_counts import counts_persons, small_in_csv, small_in_text
from alliance.verification.scan_identifiers import Identifiers, identifiers, read_identifiers

STEPS = partial(normalise, steps=["strip", "uppercase", "drop_email_domain", "drop_punctuation", "drop_leading_zeros"])
WHO = identifiers(["S12345", "M777", "88", "20155531", "BOND", "X1"], STEPS, ["bond: Bond, seed 1234567"])
CLEAN = {
    "report.html": "<h1>Report</h1><p><em>n</em> = 214 of 1,143 students; 12% (137).</p><svg><path d='M12345S12345'/>",
    "tables/rates.csv": "group,n_at_risk,n_events,rate\na,120,30,0.25\nb,,,\nc,0,0,\n",
    "fit.csv": "model,n,n_clusters,df,est\none,1143,4,2,20155.531\n",
}


def planted(folder, extra):
    """A folder of clean files and the extra ones."""
    for name, text in {**CLEAN, **extra}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def test_a_clean_folder_has_no_findings_and_says_what_was_read(tmp_path):
    planted(tmp_path, {})
    (tmp_path / "figure.png").write_bytes(b"\x89PNG")
    found = scan({"results": tmp_path}, WHO, 10)
    assert found.findings == []
    assert found.rows[0]["files"] == 3
    assert found.rows[0]["pictures"] == 1
    assert found.rows[0]["identifiers_searched"] == 4, "three, and one short number"
    assert found.rows[0]["identifiers_left_out"] == 2, "BOND is a word of the study, X1 is too short to search for"
    write_scan(found.rows, tmp_path / "scan.csv")
    assert pd.read_csv(tmp_path / "scan.csv")["findings"].tolist() == [0]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("figures/flow.svg", "<svg>\n<text>S12345</text></svg>", "line 2"),
        ("figures/alt.svg", '<svg>\n\n<g aria-label="of s-12345@college.edu"/></svg>', "line 3"),
        ("notes.md", "Thanks to\nsomebody@college.edu.", "line 2"),
        ("run.log", "reading\nrow of m 777 failed\n", "line 2"),
        ("run.log", "ValueError: '0088' for student 88\n", "line 1"),
        ("other.csv", "x,y\n1,20155531\n", "line 2"),
        ("verify/receipt.json", '{"key": "S0012345"}', "line 1"),
        ("report.html", "<p>\nOnly <em>n</em> = 7 of them</p>", "line 2"),
        ("report/methods.md", "We left out 3 students.", "line 1"),
        ("tables/flow.tex", "\\emph{n} = 4 \\\\", "line 1"),
        ("tables/share.csv", 'group,2015\na,"12% (3)"\n', "row 1, column 2015"),
        ("sample/flow.csv", "step,n_in,excluded\na,40,0\nb,40,3\n", "row 2, column excluded"),
        ("sample/waves.csv", "wave,n_linked\n1,9.0\n", "row 1, column n_linked"),
        ("scores.csv", "Student_ID,score\nabc,1\n", "column Student_ID"),
    ],
)
def test_what_is_planted_is_found_at_its_place_and_not_repeated(tmp_path, name, text, place):
    found = scan({"results": planted(tmp_path, {name: text})}, WHO, 10, {"student_id"})
    assert [(p.file, p.place) for p in found.findings] == [((tmp_path / name).as_posix(), place)]
    for secret in ("12345", "777", "88", "20155531", "somebody"):
        assert secret not in str(found.findings[0]).replace(tmp_path.as_posix(), "")


def test_word_files_are_opened(tmp_path):
    with zipfile.ZipFile(tmp_path / "table.docx", "w") as parts:
        parts.writestr("word/document.xml", "<w:p><w:t>S12345</w:t></w:p>")
        parts.writestr("word/styles.xml", "<w:style>S12345</w:style>")
    assert len(scan({"results": tmp_path}, WHO, 10).findings) == 1


def test_private_folders_and_other_studies_inside_are_not_read(tmp_path):
    planted(
        tmp_path,
        {
            "private/ids.csv": "student_id\nS12345\n",
            "examples/other/private/x.csv": "a\n1\n",
            "examples/other/report.html": "S12345",
            ".hidden": "S12345",
        },
    )
    assert [p.name for p in shared_files(tmp_path)] == ["fit.csv", "report.html", "rates.csv"]


def test_what_cannot_be_read_is_a_finding(tmp_path):
    (tmp_path / "data.parquet").write_bytes(bytes([0xFF, 0xFE, 0x00, 0x80]))
    assert "cannot be searched" in scan({"results": tmp_path}, WHO, 10).findings[0].what


def test_a_number_is_no_short_id_unless_the_text_says_so():
    assert WHO.found("88 of 120, 1.88, 188 and 20155531.5") == set()
    assert WHO.found("mentor_id=88") == {"88"}
    table = Identifiers(frozenset(), frozenset({"1", "88"}), 0, str, frozenset())
    assert table.found("support mentee     1    sum   pooled   88") == set(), "a role and its wave name nobody"
    assert WHO.found("20155531, and s_12345") == {"20155531", "s_12345"}


def test_which_columns_count_persons():
    assert all(map(counts_persons, ["n", "n_at_risk", "excluded", "2015: n", "Missing", "n_left"]))
    assert not any(map(counts_persons, ["n_clusters", "n_items", "estimate", "mean", "df", "bytes", "nonsense"]))


def test_zero_and_the_limit_are_no_small_counts():
    assert list(small_in_csv("pattern,n,n_missing\n1,20,3\n", 10)) == [], "variables missing, not persons"
    assert list(small_in_csv("n\n0\n10\n\n1143\n", 10)) == []
    assert (
        list(small_in_text("n = 10, N = 0, 10 students, wave 2 students, Table 1 Students, 9.5% (10), n = 3.5", 10))
        == []
    )


def test_ids_are_read_from_the_private_files_of_intake(tmp_path):
    pd.DataFrame({"student_id": ["S1234", "S1234", ""], "row": [1, 2, 3]}).to_parquet(tmp_path / "students.parquet")
    pd.DataFrame({"student_id": ["S9999"], "mentor_id": ["M5555"]}).to_parquet(tmp_path / "responses.parquet")
    who = read_identifiers(sorted(tmp_path.glob("*.parquet")), STEPS, [])
    assert who.known == {"S1234", "S9999", "M5555"}


def test_many_findings_are_shown_as_one_of_each_file(tmp_path):
    planted(tmp_path, {"a.csv": "n\n1\n2\n3\n", "b.csv": "n\n4\n"})
    shown = first_findings(scan({"results": tmp_path}, WHO, 10).findings)
    assert [p.file.rpartition("/")[2] for p in shown[:2]] == ["a.csv", "b.csv"]
    assert shown[2].what == "2 more places like these"


def test_with_a_key_raw_ids_are_found_though_no_result_holds_them():
    key = b"0123456789abcdef0123"
    hidden = [pseudonym(key, "student_id", name) for name in ("S12345", "TEST", "1143")]
    hidden.append(pseudonym(key, "mentor_id", "M456"))
    who = identifiers(hidden, STEPS, ["keep responses of type test out"], pseudonyms_of(key))
    assert who.found("student s0012345, mentor m0456 of 1143 in a test") == {"s0012345", "m0456"}
    assert who.found(f"see {hidden[0]}") == {hidden[0]}
    assert identifiers(hidden, STEPS).found("student s0012345") == set()
