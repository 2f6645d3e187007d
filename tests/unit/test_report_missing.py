"""What the page says of missing data: which reports exist, whether the handling matters, whether to trust it."""

import html
import re

import pytest
import report_study
import report_study_missing as tables
from alliance.reporting.figures.patterns import Pattern, pattern_plot
from alliance.reporting.figures.scene import Text
from alliance.reporting.figures.traces import TracePanel, trace_plot
from alliance.reporting.labels import Labels
from alliance.reporting.methods_missing import missing_paragraph
from alliance.reporting.results import read_results
from test_report import page_of, text_of


def said(folder, name, *parts):
    page = page_of(report_study.config(folder), {**report_study.whole(folder), **report_study.write(folder, *parts)})
    found = re.search(rf'<section id="{name}".*?</section>', page, flags=re.S)
    return html.unescape(text_of(found.group())) if found else ""


def test_which_reports_exist_and_whether_chance_left_them_out(tmp_path):
    text = said(tmp_path, "missing", tables.missing())
    assert "Which reports exist together" in text
    assert re.search(r"yes yes 60\.0% \(120\) no no 30\.0% \(60\) other patterns other patterns 10\.0% \(20\)", text)
    assert "missing as if completely at random in each report (Little’s test, p = .400 to .900)" in text
    assert "goes with what the others say (χ²(20) = 30.00, p < .001): complete cases are a selection" in text
    assert re.search(r"No mentee report, second year Bond 0\.60 \[0\.50, 0\.70\] < \.001 200", text)
    assert re.search(r"Gender: man 1\.10 \[0\.80, 1\.50\] > \.999 —", text), "a withheld number is a dash"


def test_single_answers_that_are_no_chance_are_named(tmp_path):
    text = said(tmp_path, "missing", tables.missing(p_items=0.01))
    assert "not missing completely at random in mentee report, first year (Little’s test)" in text


def test_no_conclusion_depends_on_the_handling(tmp_path):
    text = said(tmp_path, "missing-data", tables.handling(), tables.imputation())
    assert "No conclusion depends on how missing data are handled." in text
    assert "lead to the same reading of each of the 6 associations; estimates move by at most 0.20 standard" in text
    assert "No method can check this" in text
    assert "2 incomplete variables were imputed 2 times by chained equations, with random intercepts" in text
    assert "All chains have settled" in text
    assert "lie where their imputations say for 2 of 2 variables." in text


def test_a_conclusion_that_depends_on_it_is_spelled_out(tmp_path):
    text = said(tmp_path, "missing-data", tables.handling(gain=0.5), tables.imputation())
    assert "1 of 6 readings depends on how missing data are handled" in text
    assert "Goal and “Enrolled in the second fall”: not clear by complete cases (OR 1.11 [0.90, 1.35])" in text
    assert "more likely by multiple imputation (OR 1.86 [1.52, 2.27])" in text
    assert not re.search(r"\b(cause|effect)", text)


def test_with_plausible_values_as_the_estimator_the_comparison_says_what_it_compares(tmp_path):
    config = report_study.config(tmp_path)
    config["link"]["estimator"] = "plausible"
    page = page_of(config, {**report_study.whole(tmp_path), **report_study.write(tmp_path, tables.handling())})
    assert "All three take the regression scores as they are" in text_of(page)
    assert "All three take" not in said(tmp_path, "missing-data", tables.handling())


def test_chains_that_have_not_settled_and_checks_that_fail_are_named(tmp_path):
    text = said(tmp_path, "missing-data", tables.handling(), tables.imputation(rhat=1.4, ok=False))
    assert "The chains of Gender and Bond (mentor report, first year) have not settled" in text
    assert "for 1 of 2 variables (not for gender; one in twenty fails by chance)" in text


def test_without_imputation_the_section_is_not_there(tmp_path):
    assert said(tmp_path, "missing-data") == ""


def test_the_methods_paragraph_says_how_was_imputed(tmp_path):
    parts = report_study.whole(tmp_path), report_study.write(tmp_path, tables.handling(), tables.imputation())
    results = read_results(report_study.config(tmp_path), parts[0] | parts[1])
    said = missing_paragraph(results, Labels(results))
    assert "All variables of the models and 1 auxiliary variable were imputed 20 times" in said
    assert "(probit regression and linear regression, with random intercepts for program)" in said
    without = read_results(report_study.config(tmp_path), parts[0])
    assert missing_paragraph(without, Labels(without)) == ""


def test_columns_of_other_reports_and_outcomes_have_names(tmp_path):
    labels = Labels(read_results(report_study.config(tmp_path), report_study.whole(tmp_path)))
    assert labels.sample_column("bond_mentor_w2") == "Bond (mentor report, second year)"
    assert labels.sample_column("outcome_departure_event") == "Terms to departure (departed)"
    assert labels.sample_column("outcome_retained_2") == "Enrolled in the second fall"


@pytest.mark.parametrize("width", [700, 350])
def test_the_pictures_keep_inside_their_frame_and_labels_do_not_touch(width):
    names = ["Mentee report, second year", "Mentor report, first year", "Mentor report, second year"]
    rows = [Pattern((True, True, False), 0.7, "70.0% (1,143)"), Pattern(None, 0.3, "30.0% (490)", "Other patterns")]
    chains = [[3.0, 3.2, 3.1], [2.9, 3.0, 3.3]]
    for scene in (
        pattern_plot(names, rows, width),
        trace_plot([TracePanel(name, chains) for name in [*names, "Gender"]], width),
    ):
        boxes = [shape.box for shape in scene.shapes if isinstance(shape, Text)]
        assert all(left >= -1 and right <= width + 1 and bottom <= scene.height + 1 for left, _, right, bottom in boxes)
        for i, (l1, t1, r1, b1) in enumerate(boxes):
            for l2, t2, r2, b2 in boxes[i + 1 :]:
                assert r1 <= l2 or r2 <= l1 or b1 <= t2 or b2 <= t1
