"""The codebook as data, and everything that can be wrong with it, by row and column."""

import pytest
from alliance.codebook_file import parse_codebook
from alliance.errors import Stop
from alliance.study import item_column, item_columns, read_codebook
from tiny_study import CODEBOOK, changed


@pytest.fixture
def problems(tmp_path):
    def parse(text):
        path = tmp_path / "codebook.csv"
        path.write_text(text, encoding="utf-8")
        return [str(problem).removeprefix(f"{path.as_posix()}, ") for problem in parse_codebook(path)[1]]

    return parse


def test_a_row_becomes_codes_missing_codes_a_key_and_a_report(tmp_path):
    (tmp_path / "codebook.csv").write_text(CODEBOOK)
    codebook = read_codebook(tmp_path / "codebook.csv")
    bond_1, bond_2 = codebook.items("mentee", 1)
    assert bond_1.codes == {"1": "Never", "2": "Sometimes", "3": "Always"}
    assert bond_1.missing == {"-99": "refused"}
    assert bond_1.invalid == ("7",)
    assert (bond_1.reverse, bond_2.reverse) == (False, True)
    assert bond_1.scale == (1, 3)
    assert codebook.reports() == [("mentee", 1), ("mentee", 2)]
    assert codebook.label("bond_1") == "Bond 1"
    gpa = codebook.by_variable["gpa"][0]
    assert gpa.range == (0.0, 4.0)


def test_items_have_one_name_in_the_sample(tmp_path):
    (tmp_path / "codebook.csv").write_text(CODEBOOK)
    codebook = read_codebook(tmp_path / "codebook.csv")
    assert item_column("bond_1", "mentor", 2) == "bond_1_mentor_w2"
    assert item_columns(codebook, "mentee", 2, "bond") == ["bond_1_mentee_w2", "bond_2_mentee_w2"]
    assert item_columns(codebook, "mentee", 2, "goal") == []


def test_the_same_column_twice_names_both_rows(problems):
    twice = CODEBOOK + "first,b2,other,Again,text,,,,,,,,\n"
    assert problems(twice) == [
        "row 18: column b2 of input first stands twice, first in row 6 -> keep one of the two rows"
    ]


def test_two_columns_of_a_file_cannot_become_one_variable(problems):
    assert (
        "variable bond_1 of input first is filled twice, first in row 5"
        in problems(changed(CODEBOOK, 5, "variable", "bond_1"))[0]
    )


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (6, "variable", "wave", '"wave" is a column that intake adds itself'),
        (4, "type", "itme", 'row 5, column type: unknown type "itme"'),
        (4, "values", "1 Never; 2=Always", 'row 5, column values: cannot read "1 Never"'),
        (4, "values", "1=Never; 1=Always", "row 5, column values: code 1 stands twice"),
        (4, "values", "1=Never; 2=never", 'two codes have the label "never"'),
        (4, "values", "a=Never; b=Always", "the codes of an item are whole numbers, not a, b"),
        (4, "values", "", "an item needs its answer codes"),
        (4, "missing", "3", "code 3 is also missing or invalid"),
        (4, "reverse", "maybe", 'column reverse: cannot read "maybe" -> write yes or no'),
        (4, "wave", "one", '"one" is no number of a wave'),
        (4, "wave", "", "role and wave go together"),
        (4, "variable", "bond 1", '"bond 1" is no name'),
        (6, "range", "4..0", 'row 7, column range: cannot read "4..0"'),
        (6, "dimension", "bond", "a number with a dimension belongs to a report"),
        (1, "variable", "student", 'an id is called "student" -> use student_id or mentor_id'),
        (8, "type", "text", "variable mentor_id is type text here and type id in row 3"),
    ],
)
def test_each_mistake_is_named_with_row_and_column(problems, row, column, value, message):
    assert any(message in problem for problem in problems(changed(CODEBOOK, row, column, value)))


def test_unknown_and_absent_columns_of_the_codebook_itself(problems):
    found = problems(CODEBOOK.replace("variable,label", "varible,label"))
    assert found[0] == "header: unknown column varible -> did you mean variable?"
    assert "header: has no column variable -> add it" in found


def test_a_row_with_too_many_fields_says_that_commas_need_quotes(problems):
    assert problems(CODEBOOK.replace("Grade points", "Grade, points"))[0].startswith(
        "row 7: has 14 fields, the header has 13 -> put a text that holds a comma"
    )


def test_a_codebook_that_spreadsheets_write_is_read_too(problems):
    fields = [line.split(",") for line in CODEBOOK.splitlines()]
    lines = [";".join(f'"{field}"' if ";" in field else field for field in line) for line in fields]
    text = "\ufeff" + "\r\n".join(lines)
    assert problems(text) == []


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\0\0", b"input,column\n\xff\xfe", CODEBOOK[:86].encode()])
def test_what_is_no_codebook_ends_in_one_message(tmp_path, content):
    path = tmp_path / "codebook.csv"
    path.write_bytes(content)
    with pytest.raises(Stop, match=r"STOPPED in codebook: .*codebook.csv.* -> "):
        read_codebook(path)
