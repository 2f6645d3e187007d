"""Does the key fit the answers, and the codebook the published key?"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from alliance.errors import Stop
from alliance.instrument_key import published_key_problems, read_key
from alliance.measurement.key_check import check_key, stop_if_contradicted

INSTRUMENTS = Path(__file__).resolve().parents[2] / "config" / "instruments"
KEY = {"bond": ["b1", "b2", "b3"], "goal": ["g1", "g2", "g3"]}


def answers(n=600):
    rng = np.random.default_rng(2)
    eta = rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], n)
    return pd.DataFrame(
        {i: 0.8 * eta[:, k] + 0.6 * rng.standard_normal(n) for k, items in enumerate(KEY.values()) for i in items}
    )


def test_a_right_key_passes():
    checks = check_key(answers(), KEY)
    assert {c.verdict for c in checks} == {"ok"}
    stop_if_contradicted(checks)


def test_a_forgotten_reversal_and_a_misplaced_item_stop_with_their_names():
    data = answers()
    data["b2"] = -data["b2"]
    swapped = {"bond": ["b1", "b2", "b3"], "goal": ["g1", "g2", "g3"]}
    with pytest.raises(Stop, match=r"item b2.*reverse = yes"):
        stop_if_contradicted(check_key(data, swapped))
    swapped = {"bond": ["b1", "b2", "b3", "g3"], "goal": ["g1", "g2"]}
    with pytest.raises(Stop, match=r"item g3.*goes with goal rather than with bond"):
        stop_if_contradicted(check_key(answers(), swapped))


def test_differences_from_a_published_key_are_lines(tmp_path):
    (tmp_path / "key.yaml").write_text(
        "name: K\nsource: S\nitems: 9\ndimensions: {bond: [1, 2], goal: [3, 9]}\nreversed: [2]\n"
    )
    column = {
        "k_1": SimpleNamespace(variable="k_1", dimension="bond", reverse=False),
        "k_2": SimpleNamespace(variable="k_2", dimension="bond", reverse=False),
        "k_3": SimpleNamespace(variable="k_3", dimension="bond", reverse=False),
    }
    codebook = SimpleNamespace(items=lambda role, wave: list(column.values()))
    config = {"instrument": {"key": str(tmp_path / "key.yaml"), "items": "k_{number}"}}
    found = published_key_problems(config, codebook, ("mentee", 1))
    assert any("item 9 has no column" in text for text in found)
    assert any("(k_2) has another reverse flag" in text for text in found)
    assert any("(k_3) is goal, here bond" in text for text in found)
    assert len(found) == 3


@pytest.mark.parametrize("file", sorted(INSTRUMENTS.glob("*.yaml")), ids=lambda f: f.stem)
def test_every_key_of_the_repository_is_sound_and_finds_its_own_items(file):
    key = read_key(file)
    placed = [number for numbers in key.dimensions.values() for number in numbers]
    assert set(placed) <= set(range(1, key.items + 1))
    assert "doi" in key.source or "(20" in key.source
    assert f"`{file.name}`" in (INSTRUMENTS / "README.md").read_text(encoding="utf-8")
    dimension = {number: d for d, numbers in key.dimensions.items() for number in numbers}
    columns = [SimpleNamespace(variable=f"x_{n}", dimension=d, reverse=n in key.reversed) for n, d in dimension.items()]
    config = {"instrument": {"key": str(file), "items": "x_{number}", "dimensions": dict.fromkeys(key.dimensions, "")}}
    assert published_key_problems(config, SimpleNamespace(items=lambda role, wave: columns), ("mentee", 1)) == []
    columns[0].dimension = "another"
    wrong = published_key_problems(config, SimpleNamespace(items=lambda role, wave: columns), ("mentee", 1))
    assert [text for text in wrong if "here another" in text]


def test_a_study_of_one_dimension_uses_its_part_of_the_key():
    columns = [SimpleNamespace(variable=f"x_{n}", dimension="bond", reverse=False) for n in (3, 5, 7, 9)]
    config = {
        "instrument": {"key": str(INSTRUMENTS / "wai_sr.yaml"), "items": "x_{number}", "dimensions": {"bond": ""}}
    }
    found = published_key_problems(config, SimpleNamespace(items=lambda role, wave: columns), ("mentee", 1))
    assert found == [f"key WAI-SR: dimension {d} is not one of this study" for d in ("goal", "task")]
