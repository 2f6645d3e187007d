"""Little's test equal to R: EM and statistic written in base R as naniar::mcar_test does.

naniar's own printed value for R's ``airquality`` (35.1 on 14 df, p = .00142) comes out of the same R code.
"""

import numpy as np
import pandas as pd
import pytest
from alliance.survey.littles_test import littles_test

nan = np.nan
ROWS = [
    [-1.6, -0.5, 1.2, 0.2], [0, 0.2, -0.4, -0.4], [-1, -1.6, 0, 1], [-1.9, -1.6, -0.3, nan], [1.7, nan, nan, -1.3],
    [-1.1, -1.1, 0.4, 0.3], [0, 0.3, 1.4, -1.4], [nan, nan, nan, nan], [0.4, -0.5, 0.7, 0], [-0.9, -1.7, nan, 0.4],
    [-0.4, 0.1, -0.5, 0.6], [-0.5, -0.9, nan, 0.3], [-2, -0.7, -0.6, 1.2], [0, -0.5, nan, 0.3],
    [-1.1, -0.6, -0.9, -0.2], [0.3, -0.2, 0, 0.6], [-0.3, 0.6, nan, -0.5], [1.2, nan, -0.9, 0.3],
    [0.3, 0.4, nan, nan], [-0.6, -0.9, nan, 1], [-1.2, -0.8, -1.3, 0.2], [1.4, nan, 0.3, 0], [-0.5, 0, -1.1, 0.6],
    [-0.8, 0.2, 0, -0.6], [0.4, -1.2, nan, 1.3], [1, nan, 0.2, -0.2], [-0.7, 0.1, 0.1, -0.2], [-1.4, -1.2, 0.8, 0.2],
    [-0.6, 0.6, -0.3, -0.2], [-0.5, -0.1, -0.3, 0.6], [-0.8, -0.4, -1.5, 0.4], [-1, 0.2, -0.1, 0.1],
    [0.2, 0.8, 0.6, 0.3], [-1.4, -2.6, -0.4, 0.7], [-0.2, -0.7, -1, 0.6], [0.6, 0.1, 0.7, 1.5], [-0.6, -0.4, nan, 1.1],
    [1.8, nan, 1.7, -1.4], [-1.3, -0.5, -0.8, 0.3], [-0.1, -0.2, nan, 0.7],
]  # fmt: skip


def test_statistic_df_and_p_of_forty_rows_with_six_patterns():
    test = littles_test(pd.DataFrame(ROWS, columns=list("abcd")), list("abcd"))
    assert test.statistic == pytest.approx(32.11583825204034, rel=1e-7)
    assert test.p_value == pytest.approx(0.00230911553932914, rel=1e-6)
    assert (test.df, test.patterns, test.n, test.status) == (13, 6, 39, "ok")
