"""The page of a small made-up study, whole and with parts missing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import report_study
from alliance.reporting.page import build_sections, render, write_report
from alliance.reporting.results import read_results

ROOT = Path(__file__).parents[2]
TEMPLATE, STYLE = ROOT / "workflow/report/report.html.j2", ROOT / "workflow/report/report.css"
VERSIONS = {"numpy": "2.0"}


def page_of(config: dict, files: dict) -> str:
    results = read_results(config, files)
    return render(results, build_sections(results, VERSIONS), TEMPLATE.read_text("utf-8"), STYLE.read_text("utf-8"))


def text_of(html: str) -> str:
    """What a reader sees, on one line."""
    body = re.sub(r"<(style|title|desc)[^>]*>.*?</\1>", " ", html, flags=re.S)
    spaced = re.sub(r"</(td|th|tr|p|h\d|li|b|span|summary|caption)>", " ", body)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", spaced)).replace("\u00a0", " ")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return report_study.config(folder), report_study.whole(folder)


@pytest.fixture(scope="module")
def page(study):
    return page_of(*study)


class Outline(HTMLParser):
    """Tags with their attributes, and whether they are closed in the right order."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input", "rect", "path", "ellipse"})

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def all(self, *names: str) -> list[dict]:
        return [attrs for tag, attrs in self.tags if tag in names]


def test_the_page_can_be_read_by_everybody(page):
    outline = Outline(page)
    assert outline.open == []
    assert outline.all("html") == [{"lang": "en"}]
    assert len(outline.all("h1")) == len(outline.all("main")) == len(outline.all("nav")) == 1
    ids = [attrs["id"] for _, attrs in outline.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(attrs["href"] == "codebook.html" or attrs["href"][1:] in ids for attrs in outline.all("a"))
    for svg in outline.all("svg"):
        assert svg["role"] == "img"
        assert all(name in ids for name in svg["aria-labelledby"].split())
    assert all("scope" in attrs for attrs in outline.all("th"))
    assert page.count("<caption>") == len(outline.all("table"))
    assert page.count("<figure") == page.count("The numbers of Figure")


def test_the_page_needs_no_network_and_no_script(page):
    outline = Outline(page)
    assert not outline.all("script", "link", "img", "iframe")
    assert not re.search(r"(src|href)=\"(?!#|codebook\.html)", page), (
        "only places of its own, and the codebook beside it"
    )
    assert "url(" not in page
    assert "http" not in page


def test_the_answer_comes_first_and_simulation_is_said_before_it(page):
    text = text_of(page)
    places = [
        text.index(part)
        for part in (
            "Simulated data.",
            "Higher scores on bond",
            "Can the dimensions be read apart?",
            "Figure 1",
            "Participants Of 230",
        )
    ]
    assert places == sorted(places)
    assert (
        "Higher scores on bond (OR 1.49, 95% CI [1.23, 1.81] per standard deviation) went with higher odds of "
        "“Enrolled in the second fall”" in text
    )
    assert "n = 190 students, 20 clusters (program)" in text
    assert "5.0 percentage points for bond (95% CI [2.6, 7.5])" in text


def test_numbers_of_the_sections(page):
    text = text_of(page)
    assert "Of 230 reports received, 200 make up the sample" in text
    assert "χ²(6, N = 200) = 12.50, p = .052, CFI = .987" in text
    assert "negative residual variance of bond_1" in text
    assert "<10" in page or "&lt;10" in page
    assert "ab" * 32 in page


def test_nothing_is_a_bare_nan_or_none(page):
    assert not re.search(r"\b(nan|None|NaN|inf)\b", text_of(page))
    assert "nan" not in "".join(re.findall(r"<svg.*?</svg>", page, flags=re.S)).lower().replace("finance", "")


def test_dimensions_that_cannot_be_told_apart(study, tmp_path):
    page = text_of(page_of(study[0], report_study.whole(tmp_path, r=0.9)))
    assert "so their three coefficients are not read as separate effects" in page
    assert "The dimensions cannot be told apart." in page


def without(config: dict, *blocks: str) -> dict:
    return {key: value for key, value in config.items() if key not in blocks}


def test_a_study_of_records_alone(study, tmp_path):
    config = without(study[0], "measurement", "scores", "link", "instrument", "roles", "waves")
    config["study"] = {"name": "records", "title": "Records"}
    config["sample"] = {"frame": "students", "cohort": {"derive": "first_fall"}, "filters": []}
    parts = [report_study.intake(), report_study.sample(), report_study.outcomes(), report_study.describe()]
    parts[1].pop("sample_waves")
    for name in ("describe_items", "describe_attrition", "describe_icc"):
        parts[3].pop(name)
    parts[3]["describe_missingness"] = [row | {"role": "", "wave": ""} for row in parts[3]["describe_missingness"]]
    text = text_of(page_of(config, report_study.write(tmp_path, *parts)))
    assert "Of 195 students, 80.0% (95% CI [74.0, 86.0]) were “Enrolled in the second fall”." in text
    assert "No measurement model was asked for" in text
    assert "No link between the alliance and the outcomes was asked for" in text
    assert "Simulated" not in text


def test_a_survey_without_cohorts_clusters_and_records(study, tmp_path):
    config = without(study[0])
    config["sample"] = {"frame": {"role": "mentee", "wave": 1}, "filters": []}
    config["link"] = {k: v for k, v in config["link"].items() if k != "cluster"} | {"vcov": "HC1", "by_cohort": False}
    measurement, link = report_study.measurement(), report_study.link()
    for tables in (measurement, link):
        for name, rows in tables.items():
            tables[name] = [row for row in rows if row.get("sample", "pooled") == "pooled"]
    for row in link["link_estimates"]:
        row["n_clusters"] = ""
    for row in link["link_joint"]:
        row |= {"test": "Wald chi2", "df_denominator": "inf"}
    outcomes, flow = report_study.outcomes(), {"sample_flow": report_study.sample()["sample_flow"]}
    for name, tables in (("outcomes_rates", outcomes), ("sample_flow", flow)):
        pooled = [row for row in tables[name] if row["cohort"] == "pooled"]
        tables[name] = [row | {"cohort": "all"} for row in pooled] + pooled
    text = text_of(
        page_of(config, report_study.write(tmp_path, report_study.intake(), flow, measurement, outcomes, link))
    )
    assert "Higher scores on bond" in text
    assert "heteroskedasticity-robust standard errors (HC1)" in text
    assert "clusters" not in text.partition("Participants")[0]
    assert "Cohort all" not in text
    assert "Enrolled in the second fall Wald χ² 19.20 3 &lt; .001" in text


def test_a_study_in_which_no_model_could_be_fitted(study, tmp_path):
    measurement, link = report_study.measurement(), report_study.link()
    headers = {
        name: report_study.write(tmp_path / "x", {name: rows})[name].read_text("utf-8").splitlines()[0]
        for tables in (measurement, link)
        for name, rows in tables.items()
    }
    files = report_study.whole(tmp_path)
    for name, header in headers.items():
        if not name.endswith("_status"):
            files[name].write_text(header + "\n", encoding="utf-8")
    text = text_of(page_of(study[0], files))
    assert "No model of the associations could be estimated" in text
    assert "It could not be estimated" in text


def test_every_figure_and_table_of_the_page_is_a_file_too(study, page, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/old.svg").write_text("of an earlier run", encoding="utf-8")
    write_report(
        read_results(*study),
        template=TEMPLATE,
        style=STYLE,
        versions=VERSIONS,
        page=tmp_path / "report.html",
        methods=tmp_path / "methods.md",
        figures=tmp_path / "figures",
        tables=tmp_path / "tables",
    )
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page, "the same page on every run"
    figures = re.findall(r'<figure id="figure-(\w+)"', page)
    assert sorted(file.name for file in (tmp_path / "figures").iterdir()) == sorted(
        f"{name}.{ending}" for name in figures for ending in ("png", "svg")
    )
    tables = re.findall(r'<table id="table-(\w+)"', page)
    for name in tables:
        assert {f"{name}.csv", f"{name}.docx", f"{name}.tex"} <= {file.name for file in (tmp_path / "tables").iterdir()}
    methods = (tmp_path / "methods.md").read_text(encoding="utf-8")
    assert "Of 230 reports received, 200 students entered the sample" in methods
    assert "standard errors clustered by program (CR1)" in methods
    assert "describe a demonstration" in methods
