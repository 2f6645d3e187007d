"""Exports of survey platforms, files of several cohorts, and questions that changed on the way."""

import pandas as pd
import pytest
from alliance.codebook_file import parse_codebook, read_codebook
from alliance.errors import Stop
from alliance.survey.intake import run_intake

HEADER = "input,column,variable,label,type,values,range,missing,invalid,dimension,reverse,role,wave,aliases,recode\n"
SCALE = "1=Never; 2=Sometimes; 3=Always"
STUDENT = "x,{id},student_id,Student,id,,,,,,,,,,\n"


@pytest.fixture
def intake(tmp_path):
    """Write files and a codebook, and run the intake of the inputs given as keyword arguments."""

    def run(codebook, files, **inputs):
        (tmp_path / "codebook.csv").write_text(HEADER + codebook)
        for name, content in files.items():
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        study = inputs.pop("study", {})
        for entry in inputs.values():
            entry.setdefault("kind", "survey")
            paths = entry["path"] if isinstance(entry["path"], list) else [entry["path"]]
            placed = [str(tmp_path / path) for path in paths]
            entry["path"] = placed if isinstance(entry["path"], list) else placed[0]
            if "dictionary" in entry:
                entry["dictionary"] = str(tmp_path / entry["dictionary"])
        config = {"inputs": inputs, "ids": {"normalise": ["strip", "uppercase"]}, "study": study}
        return run_intake(config, read_codebook(tmp_path / "codebook.csv"))

    return run


def said(found):
    return [p.what for _, p in found.issues.remarks]


def answers(found, *variables):
    assert found.issues.errors == [], [str(p) for p in found.issues.errors]
    return found.responses[["student_id", *variables]].to_numpy().tolist()


B1 = f"x,Q1,b1,B1,item,{SCALE},,,,,no,mentee,1,,\n"


def test_an_older_qualtrics_export_has_two_header_rows(intake):
    text = "ResponseID,ID,Q1\nResponseID,Your id,How often?\nR_1,a,2\nR_2,b,Always\n"
    entry = {"path": "x.csv", "format": "qualtrics", "header_rows": 2}
    found = intake(STUDENT.format(id="ID") + B1, {"x.csv": text}, x=entry)
    assert answers(found, "b1") == [["A", 2], ["B", 3]]
    assert found.inputs["format"].tolist() == ["Qualtrics, 2 header rows"]


IDS = '"{""ImportId"":""id""}","{""ImportId"":""QID1""}"\n'


@pytest.mark.parametrize(
    ("entry", "remedy"),
    [
        ({"format": "qualtrics", "header_rows": 2}, "write header_rows: 3 under inputs.x"),
        ({"format": "csv"}, "write format: qualtrics under inputs.x"),
    ],
)
def test_header_rows_are_never_taken_for_answers(intake, entry, remedy):
    text = f"ID,Q1\nYour id,How often?\n{IDS}a,2\n"
    found = intake(STUDENT.format(id="ID") + B1, {"x.csv": text}, x={"path": "x.csv", **entry})
    assert [p.remedy for p in found.issues.errors] == [remedy]


def test_a_qualtrics_workbook_is_read_like_its_csv(intake, tmp_path):
    rows = [["ID", "Q1"], ["Your id", "How often?"], ['{"ImportId":"id"}', '{"ImportId":"QID1"}'], ["a", 2]]
    pd.DataFrame(rows).to_excel(tmp_path / "x.xlsx", header=False, index=False)
    found = intake(STUDENT.format(id="ID") + B1, {}, x={"path": "x.xlsx", "format": "qualtrics"})
    assert answers(found, "b1") == [["A", 2]]
    assert found.inputs["format"].tolist() == ["Qualtrics, 3 header rows, sheet Sheet1"]


def test_codes_that_were_changed_after_launch_are_read_as_the_new_ones_and_counted(intake):
    book = STUDENT.format(id="ID") + f"x,Q1,b1,B1,item,{SCALE},,-99,,,yes,mentee,1,,11=1; 12=2; Mostly=3; 19=-99\n"
    text = "ID,Q1\na,11\nb,12.0\nc,Mostly\nd,2\ne,19\nf,12\n"
    found = intake(book, {"x.csv": text}, x={"path": "x.csv", "format": "csv"})
    assert [v for _, v in answers(found, "b1")] == [3, 2, 1, 2, pd.NA, 2], "reversed after recoding"
    listed = found.issues.summary(1)[["problem", "action", "n"]].to_numpy().tolist()
    assert ["recoded by the codebook", "read as 1", "1"] in listed
    assert ["recoded by the codebook", "read as 2", "2"] in listed


@pytest.mark.parametrize(
    ("recode", "message"),
    [
        ("11=7", "11 becomes 7, which is no code of this row"),
        ("1=2", "code 1 is a code of this row too"),
        ("11", 'cannot read "11"'),
    ],
)
def test_a_recode_that_leads_nowhere_is_an_error_of_the_codebook(tmp_path, recode, message):
    (tmp_path / "c.csv").write_text(HEADER + f"x,Q1,b1,B1,item,{SCALE},,,,,no,mentee,1,,{recode}\n")
    assert message in [p.what for p in parse_codebook(tmp_path / "c.csv")[1]]


DICTIONARY = (
    '"Variable / Field Name","Form Name","Section Header","Field Type","Field Label",'
    '"Choices, Calculations, OR Slider Labels"\n'
    "record_id,a,,text,Record,\nstudent,a,,text,Student,\n"
    'b1,a,,radio,"<b>How often?</b>","1, Never | 2, Sometimes | 3, Always"\n'
    'why,a,,checkbox,Why?,"1, Advice | 2, Friendship"\n'
)
REDCAP = (
    "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,student,b1,why___1,why___2\n"
    "1,first_arm_1,,,s1,2,1,0\n1,second_arm_1,,,,3,0,1\n2,first_arm_1,,,s2,1,0,0\n3,second_arm_1,,,,2,1,1\n"
)


def redcap_book(values=SCALE):
    rows = ""
    for name, wave in (("x", 1), ("y", 2)):
        rows += f"{name},student,student_id,Student,id,,,,,,,,,,\n"
        rows += f"{name},b1,b1,B1,item,{values},,,,,no,mentee,{wave},,\n"
        rows += f"{name},why___2,friendship,Why,category,0=no; 1=yes,,,,,,mentee,{wave},,\n"
    return rows


def redcap_inputs():
    entry = {"path": "r.csv", "format": "redcap", "dictionary": "d.csv", "fill_by": "record_id"}
    events = {"x": "first_arm_1", "y": "second_arm_1"}
    return {name: {**entry, "rows": {"redcap_event_name": event}} for name, event in events.items()}


def test_events_of_redcap_are_waves_and_the_id_of_the_first_event_holds_for_the_others(intake):
    found = intake(redcap_book(), {"r.csv": REDCAP, "d.csv": DICTIONARY}, **redcap_inputs())
    assert answers(found, "wave", "row", "b1", "friendship") == [
        ["S1", 1, 1, 2, "no"],
        ["S2", 1, 3, 1, "no"],
        ["S1", 2, 2, 3, "yes"],
        ["", 2, 4, 2, "yes"],
    ]
    assert "2 of 4 rows belong to this input (redcap_event_name)" in said(found)
    assert "column student: blank cells were filled from other rows with the same record_id" in said(found)


def test_a_codebook_that_contradicts_the_data_dictionary_is_a_warning(intake):
    book = redcap_book("1=Always; 2=Sometimes; 3=Never")
    found = intake(book, {"r.csv": REDCAP, "d.csv": DICTIONARY}, **redcap_inputs())
    assert "code 1, 3 has another label in the file than in the codebook" in said(found)


def test_an_event_that_no_row_has_is_an_error(intake):
    inputs = redcap_inputs()
    inputs["y"]["rows"] = {"redcap_event_name": "third_arm_1"}
    found = intake(redcap_book(), {"r.csv": REDCAP, "d.csv": DICTIONARY}, **inputs)
    assert [p.what for p in found.issues.errors] == ["no row has redcap_event_name third_arm_1"]


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("id,token,Q1[SQ1],Q2", "LimeSurvey, headers are codes"),
        ('"id. Response","token. Code","Q1[SQ1]. How often, [talks]","Q2. Consent?"', "codes and texts"),
    ],
)
def test_limesurvey_with_answer_codes(intake, header, form):
    book = "x,token,student_id,Student,id,,,,,,,,,,\n"
    book += f"x,Q1[SQ1],b1,B1,item,{SCALE},,.; N/A,,,no,mentee,1,,A1=1; A2=2; A3=3\n"
    book += "x,Q2,consent,Consent,category,Y=yes; N=no,,,,,,,,,\n"
    text = f"{header}\n1,a,A1,Y\n2,b,A3,N\n3,c,.,Y\n4,d,N/A,\n5,e,Sometimes,Yes\n"
    found = intake(book, {"x.csv": text}, x={"path": "x.csv", "format": "limesurvey"})
    assert answers(found, "b1", "consent") == [
        ["A", 1, "yes"],
        ["B", 3, "no"],
        ["C", pd.NA, "yes"],
        ["D", pd.NA, pd.NA],
        ["E", 2, "yes"],
    ]
    assert form in found.inputs["format"][0]


def test_limesurvey_with_the_texts_of_the_questions(intake):
    book = "x,Access code,student_id,Student,id,,,,,,,,,,\n"
    book += f"x,How often? [We talk],b1,B1,item,{SCALE},,,,,no,mentee,1,,\n"
    text = "Response ID,Access code,How often? [We talk]\n1,a,Never\n"
    found = intake(book, {"x.csv": text}, x={"path": "x.csv", "format": "limesurvey"})
    assert answers(found, "b1") == [["A", 1]]
    assert found.inputs["format"][0] == "LimeSurvey, headers are texts"


MONKEY = "x,Respondent ID,student_id,Student,id,,,,,,,,,,\n"
MONKEY += f"x,How often? | We talk,b1,B1,item,{SCALE},,,,,no,mentee,1,,\n"
MONKEY += "x,Do you consent?,consent,Consent,category,1=Yes; 2=No,,,,,,,,,\n"
CONDENSED = (
    "Respondent ID,Start Date,How often?,,Do you consent?,Anything else?\n"
    ",,We talk,We meet,Response,Open-Ended Response\n1,1,Never,Always,Yes,no\n2,1,3,2,No,\n"
)
EXPANDED = (
    "Respondent ID,Start Date,How often?,,Do you consent?,,Anything else?\n"
    ",,We talk,We meet,Yes,No,Open-Ended Response\n1,1,Never,Always,Yes,,no\n2,1,3,2,,No,\n"
)


@pytest.mark.parametrize(("text", "columns"), [(CONDENSED, 6), (EXPANDED, 7)])
def test_surveymonkey_with_one_column_per_question_or_per_option(intake, text, columns):
    found = intake(MONKEY, {"x.csv": text}, x={"path": "x.csv", "format": "surveymonkey"})
    assert answers(found, "b1", "consent") == [["1", 1, "Yes"], ["2", 3, "No"]]
    joined = "column Do you consent? was joined from 2 columns, one for each option"
    assert (joined in said(found)) == (columns == 7)


def test_two_options_of_a_question_with_one_answer_are_an_error_with_the_row(intake):
    text = EXPANDED.replace("2,1,3,2,,No,", "2,1,3,2,Yes,No,")
    found = intake(MONKEY, {"x.csv": text}, x={"path": "x.csv", "format": "surveymonkey"})
    assert [p.what for p in found.issues.errors] == ['code not in the codebook: "Yes; No" in row 2']


def test_files_of_several_cohorts_are_one_input_and_columns_renamed_between_them_are_known(intake):
    book = STUDENT.format(id="ID") + B1.replace(",mentee,1,,", ",mentee,1,Q1_new; Frage 1,")
    files = {"w_2015.csv": "ID,Q1\na,1\nb,2\n", "w_2016.csv": "ID,Q1_new\nc,3\n", "w_2017.csv": "Frage 1;ID\n2;d\n"}
    found = intake(book, files, x={"path": "w_*.csv", "format": "csv"})
    assert answers(found, "row", "b1") == [["A", 1, 1], ["B", 2, 2], ["C", 1, 3], ["D", 1, 2]]
    assert found.responses["file"].str[-8:].tolist() == ["2015.csv", "2015.csv", "2016.csv", "2017.csv"]
    assert found.inputs["rows"].tolist() == [2, 1, 1]
    assert "column Q1 is called Q1_new in this file" in said(found)


def test_a_column_and_its_other_name_in_one_file_are_an_error(intake):
    book = STUDENT.format(id="ID") + B1.replace(",mentee,1,,", ",mentee,1,Q1_new,")
    found = intake(book, {"x.csv": "ID,Q1,Q1_new\na,1,2\n"}, x={"path": "x.csv", "format": "csv"})
    assert [p.what for p in found.issues.errors] == ["has Q1 and Q1_new, which the codebook takes for one"]


def test_the_same_file_twice_is_an_error(intake):
    files = {"a.csv": "ID,Q1\na,1\n", "b.csv": "ID,Q1\na,1\n"}
    found = intake(STUDENT.format(id="ID") + B1, files, x={"path": ["a.csv", "b.csv"], "format": "csv"})
    assert [p.what.split("/")[0] for p in found.issues.errors] == ["has the same content as "]


def test_a_student_with_different_facts_in_two_files_is_an_error_that_names_both(intake):
    book = STUDENT.format(id="ID") + "x,program,program,Program,text,,,,,,,,,,\n"
    files = {"a.csv": "ID,program\na,P1\n", "b.csv": "ID,program\nb,P1\na,P2\n"}
    found = intake(book, files, x={"path": ["a.csv", "b.csv"], "format": "csv", "kind": "students"})
    (problem,) = found.issues.errors
    assert "rows 1 of " in problem.what
    assert "b.csv in program" in problem.what


def test_dates_outside_the_study_are_warnings_with_their_rows(intake):
    book = STUDENT.format(id="ID") + B1 + "x,when,started,Start,date,%d/%m/%Y; %Y-%m-%d,,,,,,,,,\n"
    text = "ID,Q1,when\na,1,01/09/2015\nb,1,2015-09-02\nc,1,2014-09-02\nd,1,\n"
    window = {"window": "2015-08-01..2016-06-30"}
    found = intake(book, {"x.csv": text}, x={"path": "x.csv", "format": "csv"}, study=window)
    days = answers(found, "started")
    assert [day for _, day in days] == ["2015-09-01", "2015-09-02", "2014-09-02", pd.NA]
    listed = found.issues.frame().query("column == 'when'")[["row", "severity", "action"]].to_numpy().tolist()
    assert listed == [[3, "warning", "kept"]]


def test_sas_transport_and_compressed_spss(intake, tmp_path):
    import pyreadstat

    frame = pd.DataFrame({"ID": ["a", "b"], "Q1": [1.0, 3.0]})
    pyreadstat.write_xport(frame, str(tmp_path / "x.xpt"), file_format_version=5)
    pyreadstat.write_sav(frame, str(tmp_path / "x.zsav"), compress=True)
    for file, form, called in (("x.xpt", "sas", "SAS transport"), ("x.zsav", "spss", "SPSS")):
        found = intake(STUDENT.format(id="ID") + B1, {}, x={"path": file, "format": form})
        assert answers(found, "b1") == [["A", 1], ["B", 3]]
        assert found.inputs["format"].tolist() == [called]


def test_a_data_dictionary_that_is_none_says_what_is_missing(intake):
    found = intake(redcap_book(), {"r.csv": REDCAP, "d.csv": "a,b\n1,2\n"}, **redcap_inputs())
    assert "is no data dictionary of REDCap" in found.issues.errors[0].what


def test_unknown_columns_of_rows_and_fill_by(intake):
    inputs = redcap_inputs()
    inputs["x"] |= {"fill_by": "person"}
    with pytest.raises(Stop, match="column person is not in the file"):
        raise Stop("intake", intake(redcap_book(), {"r.csv": REDCAP, "d.csv": DICTIONARY}, **inputs).issues.errors)
