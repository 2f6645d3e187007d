"""Every N of the measurement stages is a box of the participant flow, or one less what a line of status counts."""

import re

import pandas as pd
import pytest

pytestmark = pytest.mark.slow


def table(finished, name):
    return pd.read_csv(finished.folder / "results" / f"{name}.csv", dtype={"sample": str, "cohort": str})


def left_out(status, sample):
    """Persons that the lines of a sample count as left out."""
    reasons = status.loc[status["sample"] == sample, "reason"].dropna()
    found = [re.match(r"(\d+|fewer than \d+) of (\d+) persons left out", text) for text in reasons]
    return [(hit[1], int(hit[2])) for hit in found if hit]


def adds_up(n, start, counted):
    exact = sum(int(many) for many, _ in counted if many.isdigit())
    loose = sum(int(many.split()[-1]) - 1 for many, _ in counted if not many.isdigit())
    return all(total == start for _, total in counted) and exact <= start - n <= exact + loose


def boxes(finished):
    flow = table(finished, "sample/flow")
    return flow[flow["order"] == flow["order"].max()].set_index("cohort")["n_out"]


def test_each_n_of_the_models_is_a_box_of_the_flow_or_a_report_of_the_waves(finished):
    fit, status, last = table(finished, "measurement/fit"), table(finished, "measurement/status"), boxes(finished)
    waves = table(finished, "sample/waves")
    reports = waves.groupby(["role", "wave"])["n_in_sample"].max()  # pooled is the largest
    for sample, n in fit.groupby("sample")["n"].max().items():
        start = last.get(sample, last["pooled"])
        assert adds_up(n, start, left_out(status, sample)), sample
        if sample not in last:
            role, wave = re.fullmatch(r"(.+)_w(\d+)", sample).groups()
            assert n == reports[role, int(wave)]


def test_each_n_of_the_comparisons_adds_up_to_the_last_box(finished):
    found, status = table(finished, "invariance/invariance"), table(finished, "invariance/status")
    for grouping, n in found.groupby("grouping")["n"].max().items():
        assert adds_up(n, boxes(finished)["pooled"], left_out(status, grouping.removesuffix(" (FIML)"))), grouping
