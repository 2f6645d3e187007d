"""A claim is reproduced, differs, or is not found; it is never dropped."""

from __future__ import annotations

import csv

import pytest
from alliance.errors import Stop
from alliance.verification.claims import compare, differing, parse_select, read_claims, write_verdicts

HEADER = "claim,file,select,column,expected,tolerance\n"
FIT = "sample,model,measure,value\npooled,one,cfi,0.812\npooled,correlated,cfi,0.9713\n2015,correlated,cfi,\n"


@pytest.fixture
def study(tmp_path):
    """A results folder with one table, and a way to claim something about it."""
    (tmp_path / "results/measurement").mkdir(parents=True)
    (tmp_path / "results/measurement/fit.csv").write_text(FIT, encoding="utf-8")

    def claim(*rows: str):
        (tmp_path / "claims.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
        return compare(read_claims(tmp_path / "claims.csv"), tmp_path / "results")

    return claim


def claim_cfi(expected: str, tolerance: str, select: str = "sample=pooled; model=correlated; measure=cfi") -> str:
    return f"CFI,measurement/fit.csv,{select},value,{expected},{tolerance}"


def test_within_the_tolerance_is_reproduced(study):
    verdict = study(claim_cfi("0.971", "0.0005"))[0]
    assert verdict.verdict == "reproduced"
    assert verdict.reproduced == 0.9713
    assert verdict.row()["rule"] == "measurement"


def test_the_tolerance_itself_is_within(study):
    assert study(claim_cfi("0.9713", "0"))[0].verdict == "reproduced"
    assert study(claim_cfi("0.9613", "0.01"))[0].verdict == "reproduced"


def test_beyond_the_tolerance_differs(study):
    assert study(claim_cfi("0.972", "0.0005"))[0].verdict == "differs"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("N,measurement/none.csv,,value,1,0", "no such file"),
        (claim_cfi("1", "0", "sample=pooled; mesure=cfi"), "no column mesure"),
        (claim_cfi("1", "0", "sample=pooled; measure=cfi"), "2 rows where one is meant"),
        (claim_cfi("1", "0", "sample=2016; measure=cfi"), "0 rows where one is meant"),
        ("Name,measurement/fit.csv,sample=pooled; model=one,measure,1,0", '"cfi" is not a number'),
        (claim_cfi("1", "0", "sample=2015"), '"" is not a number'),
    ],
)
def test_what_cannot_be_looked_up_is_not_found_and_says_why(study, row, why):
    verdict = study(row)[0]
    assert verdict.verdict == "not found"
    assert verdict.why == why


def test_numbers_select_by_value(study, tmp_path):
    (tmp_path / "results/measurement/waves.csv").write_text("wave,n\n1.0,200\n2.0,140\n", encoding="utf-8")
    assert study("N,measurement/waves.csv,wave=2,n,140,0")[0].verdict == "reproduced"


def test_every_claim_is_written_and_only_those_not_reproduced_are_printed(study, tmp_path):
    verdicts = study(claim_cfi("0.9713", "0"), claim_cfi("0.9", "0.01"), "N,measurement/none.csv,,value,1,0")
    write_verdicts(verdicts, tmp_path / "verdicts.csv")
    with (tmp_path / "verdicts.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["verdict"] for row in rows] == ["reproduced", "differs", "not found: no such file"]
    printed = [str(problem) for problem in differing(rows)]
    assert len(printed) == 2
    assert "CFI: expected 0.9 within 0.01, found 0.9713" in printed[0]
    assert "rule measurement" in printed[0]


def test_all_mistakes_in_the_claims_are_listed_at_once(study):
    with pytest.raises(Stop) as stopped:
        study(
            claim_cfi("much", "0"),
            claim_cfi("1", "-1"),
            claim_cfi("1", "0", "sample"),
            "N,private/x.csv,,n,1,0",
            "N,../x.csv,,n,1,0",
        )
    text = str(stopped.value)
    for row, what in (
        (2, '"much" is not a number'),
        (3, "must not be negative"),
        (4, "column=value"),
        (5, "private"),
        (6, "below the results"),
    ):
        assert f"row {row}" in text
        assert what in text


def test_a_table_without_the_columns_is_refused(tmp_path):
    (tmp_path / "claims.csv").write_text("claim,value\nN,3\n", encoding="utf-8")
    with pytest.raises(Stop, match="lacks file, select, column, expected, tolerance"):
        read_claims(tmp_path / "claims.csv")


def test_conditions():
    assert parse_select(" sample = pooled ;measure=cfi; ") == {"sample": "pooled", "measure": "cfi"}
    assert parse_select("") == {}
