"""The parameter table against lavaan's own (tests/reference/sem_tables.json) and against hand-made expectations."""

import json
from pathlib import Path

import numpy as np
import pytest
from alliance.sem.syntax import ModelSyntaxError
from alliance.sem.table import build_table

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "sem_tables.json").read_text())


def name_of(case):
    return case.get("name") or case["model"].replace("\n", "; ")[:60]


@pytest.mark.parametrize("case", REFERENCE["listings"], ids=name_of)
def test_rows_are_those_lavaan_lists(case):
    args = dict(case["args"])
    npar = args.pop("npar")
    table = build_table(case["model"], ordered=list(args.get("n_thresholds", {})), **args)
    rows = [
        f"{lhs} {op} {rhs}".strip() + f" @{group}" + (f" {label}" if label else "")
        for lhs, op, rhs, group, label in zip(
            table.lhs, table.op, table.rhs, table.group, table.label, strict=True
        )
    ]  # fmt: skip
    assert rows == case["rows"]
    assert table.n_par == npar


@pytest.mark.parametrize("case", REFERENCE["tables"], ids=name_of)
def test_free_fixed_start_label_and_equality_are_lavaans(case):
    table = build_table(case["model"], **case["args"])
    rows = []
    for i, op in enumerate(table.op):
        regression_on_x = op == "~" and case["args"].get("conditional_x") and table.rhs[i] in table.ov_x
        if op == ":=":
            state, value = "fixed", np.nan
        elif table.free[i]:
            state, value = "free", table.start[i]
        else:
            state, value = ("exo" if table.exo[i] or regression_on_x else "fixed"), table.fixed[i]
        rows.append(
            f"{table.lhs[i]} {op} {table.rhs[i]}".strip()
            + f" @{table.group[i]} {state}"
            + ("" if np.isnan(value) else f"={value:g}")
            + (f" {table.label[i]}" if table.label[i] else "")
        )
    assert rows == [row for row in case["rows"] if " == " not in row]
    assert equal_pairs_of(table) == pairs_of(case["rows"])


def equal_pairs_of(table):
    """Rows that share a number, each with the first of its set."""
    first, pairs = {}, set()
    for i, number in enumerate(table.free):
        if number:
            first.setdefault(number, i)
            if first[number] != i:
                pairs.add((first[number], i))
    return pairs


def pairs_of(rows):
    """lavaan's '.p2. == .p13.' rows as index pairs."""
    sides = [row.split(" == ") for row in rows if " == " in row]
    return {tuple(int(side.strip(".p")) - 1 for side in pair) for pair in sides}


def test_sharing_a_number_is_how_equality_is_kept():
    table = build_table("f =~ x1 + a*x2 + a*x3 + x4")
    assert table.free[:4].tolist() == [0, 1, 1, 2]
    assert table.n_par == 7


def test_label_equals_label_is_absorbed_and_arithmetic_is_kept():
    table = build_table("f =~ x1 + a*x2 + b*x3 + c*x4\na == b\nc == 2*a")
    assert table.free[1] == table.free[2]
    assert table.constraint_texts == ["c == 2*a"]
    values, jacobian = table.constraint_values(np.array([0.5, 0.9, 1, 1, 1, 1, 1]))
    assert values == pytest.approx([0.9 - 1.0])
    assert jacobian[0, :3] == pytest.approx([-2, 1, 0])


def test_label_equals_number_fixes_in_any_order():
    table = build_table("f =~ x1 + a*x2 + b*x3\na == b\nb == 0.5")
    assert table.free[1] == table.free[2] == 0
    assert table.fixed[1] == table.fixed[2] == 0.5


def test_fixed_twice_differently_is_refused():
    with pytest.raises(ModelSyntaxError, match=r"line 3.*fixed at 0\.5"):
        build_table("f =~ x1 + a*x2 + x3\na == 0.5\na == 0.7")


def test_defined_parameters_build_on_each_other():
    table = build_table("y ~ a*m + c*x\nm ~ b*x\nind := a*b\ntotal := ind + c")
    theta = np.array([0.5, 0.2, 0.4, 1, 1])
    values, gradient = table.defined_values(theta)
    assert values == pytest.approx([0.2, 0.4])
    assert gradient[1, :3] == pytest.approx([0.4, 1, 0.5])
    assert table.values(theta)[-2:] == pytest.approx([0.2, 0.4])


def test_start_values_win_over_defaults():
    table = build_table("f =~ x1 + start(0.8)*x2 + x3")
    theta = table.start_values(np.full(len(table), 0.3))
    assert theta.tolist() == [0.8, 0.3, 0.3, 0.3, 0.3, 0.3]


def test_covariates_count_as_ordered_only_when_they_are_outcomes():
    table = build_table("y ~ x", ordered=["y", "x"], n_thresholds={"y": 1, "x": 1}, conditional_x=True)
    assert table.ov_ordered == ["y"]
    assert table.ov_x == ["x"]


def test_group_partial_ignores_blanks_and_knows_the_cells():
    model = "f =~ x1 + x2 + x3"
    table = build_table(model, n_groups=2, meanstructure=True, group_equal=["loadings"], group_partial=["f =~ x2"])
    assert table.free[1] != table.free[1 + len(table) // 2]
    assert table.free[2] == table.free[2 + len(table) // 2]
    with pytest.raises(ValueError, match="f=~x9"):
        build_table(model, n_groups=2, group_equal=["loadings"], group_partial=["f=~x9"])


def test_words_of_group_equal_are_checked_and_underscores_accepted():
    table = build_table("f =~ x1 + x2 + x3", n_groups=2, group_equal=["lv_variances"])
    assert table.label[6] == ".p7."
    with pytest.raises(ValueError, match="group_equal does not know loading;"):
        build_table("f =~ x1 + x2 + x3", n_groups=2, group_equal=["loading"])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("y ~ x\nd := a*2", "line 2, word 'a': no parameter carries this label"),
        ("y ~ a*x\na := 2", "line 2, word 'a': this name is already a label"),
        ("f =~ x1 + x2\nx1 | t1 + t5", "line 2, word 't5': 'x1' has 3 categories"),
        ("y ~ a*x\na == q", "line 2, word 'q': no parameter carries this label"),
    ],
)
def test_errors_name_line_and_word(model, message):
    with pytest.raises(ModelSyntaxError, match="STOPPED in model syntax") as caught:
        build_table(model, ordered=["x1"] if "x1" in model else [], n_thresholds={"x1": 2})
    assert message in str(caught.value)
