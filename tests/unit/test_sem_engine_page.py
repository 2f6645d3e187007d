"""The code on docs/engine.md runs and says what the page says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "engine.md").read_text()


def test_the_examples_run():
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert names["fit"].converged
    assert names["fit"].warnings == []
    estimates = names["fit"].parameters.set_index(["lhs", "op", "rhs"])["est"]
    assert estimates["gpa", "~", "bond"] == pytest.approx(names["sam"].parameters["est"].iloc[0], abs=0.05)
    assert len(names["sam"].measurement) == 2
