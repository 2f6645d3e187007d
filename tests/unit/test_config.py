"""What a config may say, and how it is told what is wrong with it."""

import json
from pathlib import Path

import pytest
import yaml
from alliance.errors import Stop
from alliance.study import load_config, validate_config
from tiny_study import CODEBOOK, tiny_study

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "workflow" / "schemas"


def said(problems):
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    "path", ["config/config.yaml", *(f"examples/{s}/config.yaml" for s in ("midfield", "nature_phd2019"))]
)
def test_the_configs_of_the_repository_are_valid(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert said(validate_config(yaml.safe_load((ROOT / path).read_text()), path)) == []


def test_a_sound_study_has_no_problems(tmp_path):
    assert said(validate_config(tiny_study(tmp_path))) == []


def test_a_mistyped_key_is_named_with_the_one_that_was_meant(tmp_path):
    config = tiny_study(tmp_path)
    config["measurment"] = {}
    config["sample"]["clusters"] = "program"
    assert said(validate_config(config, "my.yaml")) == [
        "my.yaml: unknown key measurment -> did you mean measurement?",
        "my.yaml, key sample: unknown key clusters -> did you mean cluster?",
    ]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("seed",), "x", 'key seed: "x" is not a whole number'),
        (("inputs", "first", "format"), "cvs", 'key inputs.first.format: "cvs" is not known here -> did you mean csv?'),
        (("sample", "cluster"), "programme", "variable programme is not in the codebook -> did you mean program?"),
        (("sample", "cohort"), "kohort", "variable kohort is not in the codebook -> did you mean cohort?"),
        (("sample", "cohorts"), ["2051"], "the answer 2051 is not in the codebook -> did you mean 201"),
        (("sample", "frame"), {"role": "mentor", "wave": 1}, "role mentor is not in roles -> did you mean mentee?"),
        (("sample", "frame"), {"role": "mentee", "wave": 3}, "wave 3 is not in waves"),
        (("sample", "frame"), {"role": "mentee", "wav": 1}, "unknown key wav -> did you mean wave?"),
        (("sample", "cohort"), {"derive": "fall"}, 'key sample.cohort.derive: "fall" is not known here'),
        (("outcomes", "primary"), "retainde", "outcome retainde is not in outcomes.define -> did you mean retained?"),
        (("outcomes", "define", "retained"), {"kind": "retained", "label": "R"}, "key fall is missing"),
        (("outcomes", "define", "retained", "kind"), "graduated", "kind graduated needs an input of kind degrees"),
        (("outcomes", "calendar"), {"pattern": "(?P<year>[0-9]{4}"}, "is no regular expression"),
        (("outcomes", "calendar"), {"pattern": "(?P<year>[0-9]{4})(.)"}, "has no group season"),
        (
            ("link",),
            {"scores": "sum", "predictors": ["bnd"], "models": {}},
            "dimension bnd is not in instrument.dimensions",
        ),
        (("sample", "filters", 0, "keep", "in"), [True], 'write "yes"'),
        (("sample", "filters", 0, "keep", "variable"), "consnt", "did you mean consent?"),
        (("sample", "filters", 0, "longstring"), 3, "is not exactly one exclusion"),
        (
            ("sample", "careless"),
            {"duration": {"seconds": "gap"}},
            "number gap is not in the codebook -> did you mean gpa?",
        ),
        (("sample", "careless"), {"cuts": {"seconds_per_item": 2}}, "needs to know how long a report took"),
        (("sample", "careless"), {"cuts": {"mahalanobis": 99}}, '"99" cannot be used here'),
        (
            ("sample", "filters", 0),
            {"name": "far", "reason": "Far", "careless": {"index": "mahalanobis", "cut": 99}},
            "key sample.filters.0.careless.cut: 99 is too large for mahalanobis",
        ),
        (("ids", "key"), {"fil": "key.txt"}, "unknown key fil -> did you mean file?"),
        (("describe", "groups"), ["gendre"], "variable gendre is not in the codebook"),
        (("waves",), {"first": "First"}, "first is not a name that can be used here -> use a number"),
    ],
)
def test_each_wrong_value_is_named_with_its_key_and_a_remedy(tmp_path, path, value, message):
    config = tiny_study(tmp_path)
    node = config
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    problems = said(validate_config(config, "config.yaml"))
    assert any(message in problem for problem in problems), problems
    assert all(" -> " in problem for problem in problems), "each has a remedy"


def test_a_stage_needs_the_stages_before_it(tmp_path):
    config = tiny_study(tmp_path)
    config["scores"] = {"methods": ["sum"]}
    config["sample"]["frame"] = "students"
    config["sample"]["filters"].append({"name": "twice", "reason": "Repeated", "duplicates": "first"})
    problems = said(validate_config(config))
    assert any("needs the block measurement" in problem for problem in problems)
    assert any("duplicates looks at the reports of a survey" in problem for problem in problems)


def test_problems_of_codebook_and_config_come_together(tmp_path):
    config = tiny_study(tmp_path, codebook=CODEBOOK.replace("first,b2,bond_2", "first,b1,bond_2"))
    config["sead"] = 2
    problems = said(validate_config(config))
    assert any("unknown key sead" in problem for problem in problems)
    assert any("column b1 of input first stands twice, first in row 5" in problem for problem in problems)


def test_what_is_no_config_at_all_is_said_and_not_raised():
    assert "not a block of keys" in said(validate_config(["a"]))[0]
    assert "not a block of keys" in said(validate_config(None))[0]


def test_a_config_file_is_loaded_or_its_line_is_named(tmp_path):
    config = tiny_study(tmp_path)
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config))
    assert load_config(file)["study"]["name"] == "tiny"
    file.write_text("study: {name: x\nseed: 1\n")
    with pytest.raises(Stop, match=r"line 2.*check indents"):
        load_config(file)
    with pytest.raises(Stop, match="no such file"):
        load_config(tmp_path / "none.yaml")


def keys_without_description(node, place=""):
    for name, child in node.get("properties", {}).items():
        if "description" not in child and "$ref" not in child:
            yield f"{place}.{name}"
        yield from keys_without_description(child, f"{place}.{name}")
    for child in [*node.get("patternProperties", {}).values(), node.get("items"), *node.get("anyOf", ())]:
        if child:
            yield from keys_without_description(child, place)


@pytest.mark.parametrize("name", ["config", "codebook"])
def test_every_key_of_the_schemas_is_described(name):
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    assert list(keys_without_description(schema)) == []
    assert schema["additionalProperties"] is False


def test_the_schema_of_the_codebook_accepts_the_codebooks_of_the_repository():
    import csv

    import jsonschema

    schema = json.loads((SCHEMAS / "codebook.schema.json").read_text())
    for path in ("config/codebook.csv", "examples/midfield/codebook.csv", "examples/nature_phd2019/codebook.csv"):
        with (ROOT / path).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                jsonschema.validate(row, schema)


def test_the_readme_explains_every_key_of_the_schema():
    readme = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    schema = json.loads((SCHEMAS / "config.schema.json").read_text())
    assert [key for key in schema["properties"] if f"`{key}`" not in readme] == []
    inner = [k for block in schema["properties"].values() for k in block.get("properties", {})]
    assert [key for key in inner if f"`{key}`" not in readme] == []
    columns = json.loads((SCHEMAS / "codebook.schema.json").read_text())["properties"]
    assert [column for column in columns if f"`{column}`" not in readme] == []


MEASURED = {"role": "mentee", "wave": 1, "models": ["correlated"], "chosen": "correlated"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cluster": "programme"}, "variable programme is not in the codebook -> did you mean program?"),
        ({"models": ["corelated"], "chosen": "corelated"}, "model corelated is not in the menu and measurement.texts"),
        ({"models": ["two"], "chosen": "two"}, "the chosen model two needs two factors"),
        ({"texts": {"mine": "f =~ bond_1 +* bond_2"}}, "key measurement.texts.mine: model, line 1"),
        ({"texts": {"mine": "f =~ bond_1 + bund_2"}}, "key measurement.texts.mine: no such item: bund_2"),
        ({"texts": {"one": "f =~ bond_1 + bond_2"}}, "is a name of the menu"),
        (
            {"residual_covariances": [{"items": ["bond_1", "bund_2"], "reason": "same words"}]},
            "item bund_2 is not in the codebook -> did you mean bond_2?",
        ),
        ({"models": ["one"], "chosen": "one"}, "the chosen model one has no factor bond"),
    ],
)
def test_names_of_the_measurement_models_lead_somewhere(tmp_path, changes, message):
    config = tiny_study(tmp_path)
    config["measurement"] = MEASURED | changes
    config["scores"] = {"methods": ["regression"]}
    config["link"] = {"scores": "regression", "predictors": ["bond"], "models": {}}
    problems = said(validate_config(config, "config.yaml"))
    assert any(message in problem for problem in problems), problems


def test_groups_of_the_invariance_are_variables_and_so_are_the_parts_of_a_crossing(tmp_path):
    config = tiny_study(tmp_path)
    config["measurement"] = MEASURED
    config["invariance"] = {"groups": ["program", "program * consnt"], "role_cluster": "mentor_id"}
    problems = said(validate_config(config))
    assert not [p for p in problems if "role_cluster" in p]
    assert [p for p in problems if "consnt" in p and "did you mean consent?" in p]
    assert not [p for p in problems if "variable program " in p]


def test_a_published_key_must_be_there_and_sound(tmp_path):
    config = tiny_study(tmp_path)
    config["measurement"] = MEASURED
    config["instrument"]["key"] = str(tmp_path / "none.yaml")
    assert any("none.yaml, key instrument.key: no such file" in p for p in said(validate_config(config)))
    (tmp_path / "key.yaml").write_text("name: K\nsource: S\nitems: 2\ndimensions: {bond: [1, 1, 3]}\nreverse: []\n")
    config["instrument"]["key"] = str(tmp_path / "key.yaml")
    problems = " ".join(said(validate_config(config)))
    for words in ("field reverse is not known", "not between 1 and items", "item 1 is in two dimensions"):
        assert words in problems


def test_an_item_is_no_factor(tmp_path):
    config = tiny_study(tmp_path, codebook=CODEBOOK.replace("bond_1", "bond"))
    config["measurement"] = MEASURED
    assert any("bond is an item and a factor" in p for p in said(validate_config(config)))
