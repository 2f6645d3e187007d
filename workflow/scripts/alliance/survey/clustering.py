"""How alike students of one program or mentor are: intraclass correlations of the dimension means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.codebook import Codebook, item_columns
from alliance.survey.describe import reports_in

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

COLUMNS = (
    "role",
    "wave",
    "dimension",
    "cluster",
    "n",
    "n_clusters",
    "icc",
    "conf_low",
    "conf_high",
    "cluster_size",
    "design_effect",
    "estimator",
)


@dataclass(frozen=True)
class Icc:
    """Intraclass correlation of one variable; ``cluster_size`` is the size by which unequal clusters count (n0)."""

    n: int
    n_clusters: int
    icc: float
    conf_low: float
    conf_high: float
    cluster_size: float

    @property
    def design_effect(self) -> float:
        """Factor by which clustering widens the variance of a mean (Kish, 1965), with negative ICCs taken as 0."""
        return 1.0 + (self.cluster_size - 1.0) * max(self.icc, 0.0)


def anova_icc(values: np.ndarray, cluster: np.ndarray, level: float = 0.95) -> Icc:
    """ICC(1) from one-way analysis of variance, for unequal cluster sizes (Donner, 1986); may be negative.

    The interval is that of F, with n0 for the cluster size (exact for equal sizes). NaN where nothing can be
    estimated: fewer than two clusters, or no cluster with two values.
    """
    import numpy as np
    from scipy.stats import f as f_distribution

    _, place = np.unique(cluster, return_inverse=True)
    sizes = np.bincount(place) if len(place) else np.zeros(0)
    n, k = len(values), len(sizes)
    if k < 2 or n <= k:
        return Icc(n, k, np.nan, np.nan, np.nan, np.nan)
    means = np.bincount(place, weights=values) / sizes
    between = float(np.sum(sizes * (means - values.mean()) ** 2)) / (k - 1)
    within = float(np.sum((values - means[place]) ** 2)) / (n - k)
    n0 = (n - float(np.sum(sizes.astype(float) ** 2)) / n) / (k - 1)
    if within == 0:
        return Icc(n, k, np.nan, np.nan, np.nan, n0)
    tail = (1 - level) / 2
    ratios = [between / within / q for q in (1.0, *f_distribution.ppf([1 - tail, tail], k - 1, n - k))]
    icc, low, high = ((r - 1) / (r + n0 - 1) for r in ratios)
    return Icc(n, k, float(icc), float(low), float(high), n0)


def dimension_means(sample: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Mean of the answered items, missing when fewer than half are answered."""
    data = sample[list(columns)].astype("float64")
    return data.mean(axis=1).where(data.notna().sum(axis=1) * 2 >= len(columns))


def icc_table(sample: pd.DataFrame, codebook: Codebook, config: Mapping[str, Any]) -> pd.DataFrame:
    """icc.csv: dimension means of every role and wave, within the study's cluster and within mentors."""
    import pandas as pd

    clusters = [name for name in ((config.get("sample") or {}).get("cluster"), "mentor_id") if name in sample]
    dimensions = ((config.get("instrument") or {}).get("dimensions") or {}).keys()
    rows = []
    for role, wave in reports_in(sample, codebook):
        for dimension in dimensions:
            columns = item_columns(codebook, role, wave, dimension)
            if not columns:
                continue
            means = dimension_means(sample, columns)
            for name in dict.fromkeys(clusters):
                cluster = sample[name].astype("string").replace("", pd.NA)
                use = (means.notna() & cluster.notna()).to_numpy()
                if not use.any():
                    continue
                found = anova_icc(means[use].to_numpy(), cluster[use].to_numpy(dtype=object).astype(str))
                figures = (found.n, found.n_clusters, found.icc, found.conf_low, found.conf_high, found.cluster_size)
                rows.append((role, wave, dimension, name, *figures, found.design_effect, "anova"))
    return pd.DataFrame(rows, columns=list(COLUMNS))
