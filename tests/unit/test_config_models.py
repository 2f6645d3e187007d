"""What a config may ask of the link models, and how it is told what does not go together."""

import pytest
from alliance.names import name_problems

DEFINE = {
    "stays": {"kind": "retained", "fall": 2, "label": "Stays"},
    "time": {"kind": "time_to_departure", "label": "Time"},
    "state": {"kind": "state", "fall": 2, "field": "stem", "label": "State"},
    "wants": {"kind": "ordered", "variable": "wants", "order": ["no", "yes"], "label": "Wants"},
    "scale": {"kind": "scale", "items": ["a", "b"], "label": "Scale"},
}


def problems(model=None, **link):
    config = {
        "inputs": {"t": {"kind": "terms"}, "d": {"kind": "degrees"}, "s": {"kind": "survey"}},
        "instrument": {"dimensions": {"bond": "Bond", "goal": "Goal"}},
        "outcomes": {"define": DEFINE, "fields": {"stem": {"label": "STEM", "codes": ["14"]}}},
        "link": {"predictors": ["bond", "goal"], "cluster": "program", "vcov": "CR2",
                 "models": {"m": model or {"outcome": "stays", "family": "logit"}}} | link,
    }  # fmt: skip
    return [str(p) for p in name_problems(config, None, "c") if "link." in p.place]


@pytest.mark.parametrize(
    "model",
    [
        {"outcome": "stays", "family": "mixed_logit"},
        {"outcome": "stays", "family": "gee", "corr": "ar1"},
        {"outcome": "stays", "family": "linear", "vcov": "CR2", "group": "gender"},
        {"outcome": "time", "family": "hazard", "link": "cloglog"},
        {"outcome": "time", "family": "hazard", "random": "(1 | program)"},
        {"outcome": "time", "family": "cox", "ties": "breslow"},
        {"outcome": "state", "family": "multinomial"},
        {"outcome": "wants", "family": "ordinal", "link": "probit", "random": "(1 | program)"},
        {"outcome": "wants", "family": "multinomial"},
        {"outcome": "scale", "family": "linear", "interactions": ["bond*goal", "goal*gender"]},
    ],
)
def test_what_goes_together_has_no_problem(model):
    assert problems(model) == []


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"outcome": "time", "family": "logit"}, "logit does not fit time, which is a time -> use hazard or cox"),
        ({"outcome": "stays", "family": "ordinal"}, "ordinal does not fit stays, which is yes or no -> use logit"),
        ({"outcome": "state", "family": "logit"}, "which has several categories -> use multinomial"),
        ({"outcome": "scale", "family": "logit"}, "which is a number -> use linear or gee"),
        ({"outcome": "stays", "family": "logit", "corr": "ar1"}, "logit has no corr -> remove it, or use gee"),
        ({"outcome": "stays", "family": "logit", "random": "(1 | program)"}, "logit has no random"),
        (
            {"outcome": "time", "family": "hazard", "link": "probit"},
            "hazard has no link probit -> use logit",
        ),
        ({"outcome": "time", "family": "hazard", "link": "cloglog", "random": "(1 | p)"}, "goes with the link logit"),
        (
            {"outcome": "state", "family": "multinomial", "vcov": "CR2"},
            "there is no CR2 for multinomial",
        ),
        ({"outcome": "stays", "family": "mixed_logit", "vcov": "CR2"}, "have errors of their own -> remove it"),
        ({"outcome": "time", "family": "cox", "weights": "w"}, "cox takes no weights"),
        (
            {"outcome": "stays", "family": "logit", "interactions": ["gpa*gender"]},
            "holds no predictor -> use one of",
        ),
        ({"outcome": "stays", "family": "logit", "interactions": ["bond*bond"]}, "names a variable twice"),
        ({"outcome": "stays", "family": "logit", "group": "goal"}, "goal is a predictor -> name a covariate"),
    ],
)
def test_what_does_not_is_named_with_its_remedy(model, message):
    found = problems(model)
    assert any(message in problem for problem in found), found


def test_a_family_of_tests_names_models():
    assert problems(adjust={"method": "holm", "family": ["m: bond"]}) == []
    assert problems(adjust={"method": "holm", "family": {"main": ["m: bond"]}}) == []
    assert "model n is not in link.models" in problems(adjust={"method": "holm", "family": {"main": ["n: bond"]}})[0]
    assert "write the model, a colon and the term" in problems(adjust={"method": "holm", "family": ["bond"]})[0]


def test_models_that_need_a_cluster_say_so():
    for family, message in {"gee": "gee needs a cluster", "mixed_logit": "mixed_logit needs random effects"}.items():
        found = problems({"outcome": "stays", "family": family}, cluster=None, vcov="HC1")
        assert any(message in problem for problem in found), found


def test_a_list_of_codes_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = {"outcomes": {"fields": {"stem": {"label": "STEM", "list": "config/fields/stem.yaml"}}}}
    assert "there is no file config/fields/stem.yaml" in str(name_problems(config, None, "c")[0])
