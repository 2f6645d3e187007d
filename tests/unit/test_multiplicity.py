"""Adjusted p values against worked examples."""

import numpy as np
import pytest
from alliance.persistence import benjamini_hochberg, holm
from alliance.persistence.multiplicity import adjust


def test_holm():
    # sorted .01 .02 .03 .04 times 4 3 2 1, then never smaller than the one before
    assert holm([0.01, 0.04, 0.03, 0.02]) == pytest.approx([0.04, 0.06, 0.06, 0.06])


def test_benjamini_hochberg():
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])


def test_missing_p_values_do_not_count():
    adjusted = holm([0.01, np.nan, 0.6])
    assert adjusted[0] == pytest.approx(0.02)
    assert np.isnan(adjusted[1])


def test_words_of_the_config():
    assert adjust([0.2, 0.9], "bonferroni") == pytest.approx([0.4, 1.0])
    assert adjust([0.2], "none") == pytest.approx([0.2])
    with pytest.raises(ValueError, match="unknown adjustment"):
        adjust([0.2], "sidak")
