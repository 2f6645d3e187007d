"""How large is a difference: latent means, and what an item that is not invariant does in points of the scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    from alliance.sem import Fit

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def latent_means(fit: Fit, design: Any) -> list[dict[str, Any]]:
    """Means of the factors of other groups or occasions, in standard deviations of the first (which has mean 0)."""
    table = fit.parameters
    rows = []
    means = table[(table["op"] == "~1") & table["lhs"].isin(list(design.factors)) & (table["se"] > 0)]
    for r in means.itertuples():
        place = design.factors[r.lhs]
        group = str(fit.group_labels[int(r.group) - 1]) if fit.n_groups > 1 else str(place.occasion + 1)
        reference = str(fit.group_labels[0]) if fit.n_groups > 1 else "1"
        row = {"dimension": place.concept, "group": group, "reference": reference, "mean": r.est, "se": r.se}
        rows.append({**row, "ci_lower": r.ci_lower, "ci_upper": r.ci_upper, "pvalue": r.pvalue})
    return rows


def expected_differences(fit: Fit, factor: Mapping[str, str]) -> list[dict[str, Any]]:
    """Expected answers of items at the same level of the dimension: each group against the first.

    ``difference`` is the mean over the group's own distribution of E(answer | group) - E(answer | first), in points;
    ``d_macs`` the root of the mean squared difference over the pooled standard deviation of the expected answer and
    its error (Nye & Drasgow, 2011, for ordered answers through the model's category probabilities).
    """
    if fit.n_groups < 2 or not factor:
        return []
    rows = []
    for item, name in factor.items():
        curves = [_Item(fit, item, name, g) for g in range(fit.n_groups)]
        for g in range(1, fit.n_groups):
            level = curves[g].mean + curves[g].sd * _NODES
            own, first = curves[g].expected(level), curves[0].expected(level)
            spread = np.sqrt((curves[g].variance() + curves[0].variance()) / 2)
            rows.append({
                "dimension": name, "item": item, "group": str(fit.group_labels[g]),
                "reference": str(fit.group_labels[0]), "difference": float(_WEIGHTS @ (own - first)),
                "d_macs": float(np.sqrt(_WEIGHTS @ (own - first) ** 2) / spread),
            })  # fmt: skip
    return rows


class _Item:
    """One item of one group: loading, thresholds, intercept, residual deviation, and the factor's distribution."""

    def __init__(self, fit: Fit, item: str, factor: str, g: int):
        t = fit.parameters
        t = t[t["group"] == g + 1]

        def one(lhs: str, op: str, rhs: str, default: float) -> float:
            hit = t[(t["lhs"] == lhs) & (t["op"] == op) & ((t["rhs"] == rhs) | (op == "~1"))]
            return float(hit["est"].iloc[0]) if len(hit) else default

        self.loading = one(factor, "=~", item, np.nan)
        self.cuts = t[(t["lhs"] == item) & (t["op"] == "|")]["est"].to_numpy()
        self.intercept = one(item, "~1", "", 0.0)
        self.noise = np.sqrt(max(one(item, "~~", item, 1.0), 1e-12))
        self.mean, self.sd = one(factor, "~1", "", 0.0), np.sqrt(one(factor, "~~", factor, 1.0))

    def _above(self, level: np.ndarray) -> np.ndarray:
        return ndtr((self.loading * level[:, None] + self.intercept - self.cuts[None, :]) / self.noise)

    def expected(self, level: np.ndarray) -> np.ndarray:
        """Expected answer, counted from 0, at latent levels."""
        return self._above(level).sum(axis=1)

    def variance(self) -> float:
        """Variance of the answer in this group."""
        above = self._above(self.mean + self.sd * _NODES)
        steps = np.arange(1, len(self.cuts) + 1)
        square = (above * (2 * steps - 1)).sum(axis=1)
        return float(_WEIGHTS @ square - (_WEIGHTS @ above.sum(axis=1)) ** 2)
