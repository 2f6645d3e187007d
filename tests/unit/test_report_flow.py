"""The flow, the linkage, the careless flags and the issues as the page shows them."""

import report_study
import report_study_flow as made
from alliance.reporting.flow_words import exclusions
from alliance.reporting.labels import Labels
from alliance.reporting.methods import methods_text
from alliance.reporting.page import build_sections, render
from alliance.reporting.results import read_results
from alliance.reporting.sections.flow import flow_section
from alliance.reporting.sections.issues import issues_section
from test_report import STYLE, TEMPLATE, text_of


def results_of(folder, **changed):
    tables = {
        "sample_flow": made.flow(),
        "sample_linkage": made.linkage(),
        "sample_relationships": made.relationships(),
        "sample_careless": made.careless(),
        "intake_issues_summary": made.issues(),
        "sample_waves": report_study.sample()["sample_waves"],
        "intake_codebook": report_study.intake()["intake_codebook"],
    } | changed
    tables = {name: rows for name, rows in tables.items() if rows}
    return read_results(report_study.config(folder), report_study.write(folder, tables))


def shown(results, part):
    section = part(results, Labels(results))
    return section, text_of(render(results, [section], TEMPLATE.read_text("utf-8"), STYLE.read_text("utf-8")))


def test_withheld_exclusions_are_given_as_one_and_everything_adds_up(tmp_path):
    lines = exclusions(results_of(tmp_path).rows("sample_flow"))
    assert lines == [("Test response; no consent, together", "20"), ("Failed attention check", "10")]


def test_a_single_withheld_exclusion_is_a_dash():
    rows = [{**row, "excluded": 20 if row["step"] == "consent" else row["excluded"]} for row in made.flow()]
    assert exclusions(rows)[0] == ("Test response", "—")


def test_the_diagram_goes_from_the_reports_to_the_sample_and_the_further_reports(tmp_path):
    section, text = shown(results_of(tmp_path), flow_section)
    figure = next(b for b in section.blocks if getattr(b, "name", "") == "flow")
    drawn = [shape.text for shape in figure.scene.shapes if hasattr(shape, "anchor")]
    for words in ("Received", "230", "Sample", "Further reports about these students", "In the sample", "140", "150"):
        assert words in drawn, words
    assert "Not of the sample" not in [s.text for s in figure.narrow.shapes if hasattr(s, "anchor")]
    assert "further reports about these students: mentee report, second year 140" in figure.alt.lower()
    assert "Reasons with small counts are given together." in text
    assert "nan" not in text.lower().replace("finance", "")


def test_the_other_reports_have_their_steps_to_look_up(tmp_path):
    steps = [{"role": "mentee", "wave": 2, **row} for row in made.flow()]
    section, text = shown(results_of(tmp_path, sample_flow_reports=steps), flow_section)
    assert "Mentee report, second year Frame 230 0 230 Test response 230 — —" in text
    tables = [block.table.name for block in section.blocks if hasattr(block, "table")]
    assert tables == ["flow_reports", "linkage", "careless"]


def test_the_linkage_table_names_sources_and_conflicts(tmp_path):
    _, text = shown(results_of(tmp_path), flow_section)
    assert "220 students name 100 mentors; 15 students name more than one mentor" in text
    assert "Mentee report, first year Roster 220 — — 40" in text
    assert "Mentor report, first year Mentee report, first year 180 160 20 60 12" in text


def test_careless_flags_say_whether_anybody_was_left_out(tmp_path):
    _, text = shown(results_of(tmp_path), flow_section)
    assert "Careless responding was looked for by 2 declared cut-offs. Nobody was left out by these flags" in text
    assert "Longest run of equal answers, 8 or more 21 (10.0%)" in text
    _, text = shown(results_of(tmp_path, sample_careless=made.careless("outlier")), flow_section)
    assert "Left out by the flags: Mahalanobis distance beyond the 0.999 quantile (left out)." in text


def test_issues_stand_by_severity_and_file_with_what_was_done(tmp_path):
    section, text = shown(results_of(tmp_path), issues_section)
    assert "2 kinds of warning and 2 kinds of note" in text
    assert "an entry error by the codebook Q1, Q2 <10 each set to missing" in text.replace("&lt;", "<")
    assert [block.folded for block in section.blocks if hasattr(block, "folded")] == [False, True]


def test_the_methods_paragraph_gives_withheld_counts_together(tmp_path):
    text = methods_text(results_of(tmp_path), Labels(results_of(tmp_path)), {})
    assert "test response; no consent, together, *n* = 20; failed attention check, *n* = 10." in text


def test_a_study_without_these_tables_has_no_word_about_them(tmp_path):
    results = results_of(tmp_path, sample_linkage=[], sample_relationships=[], sample_careless=[])
    assert [type(block).__name__ for block in flow_section(results, Labels(results)).blocks] == ["Paragraph", "Figure"]
    assert build_sections(results, {})
