"""Pseudonyms link the same person across files, need a key that is kept apart, and change no number."""

import hashlib
import hmac

import pandas as pd
import pytest
from alliance.errors import Stop
from alliance.study import read_codebook, validate_config
from alliance.survey.intake import run_intake
from alliance.survey.issues import Issues
from alliance.survey.pseudonyms import key_fingerprint, pseudonym, read_key
from alliance.survey.sample import Study, build_sample
from tiny_study import FIRST, tiny_study

KEY = "9f3c2a7e5b1d4f60a8c2e4d6f8b0a1c3"


def keyed(folder, text=KEY, **files):
    config = tiny_study(folder, **files)
    (folder / "key.txt").write_text(text + "\n")
    (folder / "key.txt").chmod(0o600)
    config["ids"]["key"] = {"file": str(folder / "key.txt")}
    return config


def read(config):
    return run_intake(config, read_codebook(config["codebook"]))


def sample_of(config):
    intake = read(config)
    tables = intake.responses, intake.students, intake.terms, intake.degrees
    return build_sample(Study(config, read_codebook(config["codebook"]), *tables), Issues())


def test_a_pseudonym_is_the_hmac_of_the_normalised_id():
    expected = hmac.new(KEY.encode(), b"student_id\0S1", hashlib.sha256).hexdigest()[:32]
    assert pseudonym(KEY.encode(), "student_id", "S1") == expected
    assert pseudonym(KEY.encode(), "mentor_id", "S1") != expected


def test_one_person_has_one_pseudonym_in_all_files_and_no_id_is_left(tmp_path):
    config = keyed(tmp_path, first=FIRST + ",M1,1,1,1,2\n")
    assert validate_config(config) == []
    intake = read(config)
    mine = pseudonym(KEY.encode(), "student_id", "S1")
    for table in (intake.responses, intake.students, intake.terms):
        assert mine in set(table["student_id"])
    assert intake.responses["student_id"].iloc[4] == "", "who has no id has no pseudonym"
    for table in (intake.responses, intake.students, intake.terms):
        text = table.to_csv()
        assert not any(f",{name}," in text for name in ("S1", "S2", "S3", "M1", "M2"))


def test_numbers_and_their_order_are_the_same_with_any_key_and_without(tmp_path):
    plain = sample_of(tiny_study(tmp_path))
    for key in (KEY, KEY[::-1], "another key of sufficient length"):
        other = sample_of(keyed(tmp_path, key))
        ids = ["student_id", "mentor_id"]
        pd.testing.assert_frame_equal(plain.students.drop(columns=ids), other.students.drop(columns=ids))
        for name in ("flow", "flow_reports", "waves", "linkage", "relationships"):
            pd.testing.assert_frame_equal(getattr(plain, name), getattr(other, name))


def test_the_key_may_stand_in_the_environment(tmp_path, monkeypatch):
    config = keyed(tmp_path)
    of_file = read(config).responses
    config["ids"]["key"] = {"env": "STUDY_KEY"}
    monkeypatch.setenv("STUDY_KEY", KEY)
    pd.testing.assert_frame_equal(read(config).responses, of_file)
    monkeypatch.delenv("STUDY_KEY")
    problem = str(read(config).issues.errors[0])
    assert problem.startswith("environment variable STUDY_KEY, key ids.key.env: is not set -> set it before the run")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder, c: (folder / "key.txt").unlink(), "the key cannot be read -> put the key there"),
        (lambda folder, c: (folder / "key.txt").write_text("short"), "fewer than 16 characters"),
        (lambda folder, c: c.update(results=str(folder)), "the key stands among the results"),
    ],
)
def test_a_key_that_cannot_be_used_stops_and_is_not_told(tmp_path, spoil, message):
    config = keyed(tmp_path)
    spoil(tmp_path, config)
    with pytest.raises(Stop) as stop:
        read_key(config)
    assert message in str(stop.value)
    assert "short" not in str(stop.value)
    assert key_fingerprint(config) == ""
    assert [str(p) for p in read(config).issues.errors] == [str(p) for p in stop.value.problems]


def test_without_a_key_there_is_a_warning_and_an_open_key_file_is_another(tmp_path):
    config = tiny_study(tmp_path)
    assert any("no key for pseudonyms" in p.what for s, p in read(config).issues.remarks if s == "warning")
    config = keyed(tmp_path)
    assert not any("key" in p.what for _, p in read(config).issues.remarks)
    (tmp_path / "key.txt").chmod(0o644)
    assert any("others on this computer can read the key" in p.what for _, p in read(config).issues.remarks)


def test_the_fingerprint_tells_that_the_key_has_changed_and_nothing_else(tmp_path):
    first, second = key_fingerprint(keyed(tmp_path)), key_fingerprint(keyed(tmp_path, KEY[::-1]))
    assert first != second
    assert len(first) == 8
    assert first not in KEY
    assert key_fingerprint(tiny_study(tmp_path)) == ""
