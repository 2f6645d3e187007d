"""Standardised residuals of the moments and their root mean squares: SRMR (Bentler 1995), CRMR (Bollen 1989)."""

from __future__ import annotations

import numpy as np

from .vech import vech


def _correlation(cov: np.ndarray) -> np.ndarray:
    sd = np.sqrt(np.diag(cov))
    return cov / np.outer(sd, sd)


def root_mean_squares(
    mean: np.ndarray | None, cov: np.ndarray, mu: np.ndarray | None, sigma: np.ndarray
) -> dict[str, float]:
    """RMR, SRMR and CRMR of one group of continuous variables, with and without the means (``mean`` None: none)."""
    p = len(cov)
    sd = np.sqrt(np.diag(cov))
    raw = vech(cov - sigma)
    bentler = vech((cov - sigma) / np.outer(sd, sd))
    bollen = vech(_correlation(cov) - _correlation(sigma))
    kinds = {"rmr": (raw, None), "srmr": (bentler, None), "crmr": (bollen, None)}
    if mean is not None and mu is not None:
        kinds = {
            "rmr": (raw, mean - mu),
            "srmr": (bentler, (mean - mu) / sd),
            "crmr": (bollen, (mean - mu) / sd),
        }
    out = {}
    for name, (entries, means) in kinds.items():
        size = entries.size - (p if name == "crmr" else 0)
        squares = float(entries @ entries)
        out[f"{name}_nomean"] = np.sqrt(squares / size) if size else 0.0
        out[name] = out[f"{name}_nomean"]
        if means is not None:
            out[name] = float(np.sqrt((squares + means @ means) / (size + p)))
    return {name: float(value) for name, value in out.items()}


def ordinal_root_mean_squares(moments, implied: np.ndarray) -> dict[str, float]:
    """RMR, SRMR, CRMR of correlations, and with thresholds, of one group of ordered variables (OrdinalMoments)."""
    sd = dict(zip(moments.names, np.sqrt(np.diag(moments.cov)), strict=True))
    residual = moments.stats - implied
    kind = np.array([label[0] for label in moments.labels])
    raw, thresholds = residual[kind == "cov"], residual[kind == "th"]
    scale = np.array([sd[label[1]] * sd[label[2]] for label in moments.labels if label[0] == "cov"])
    scaled = raw / scale
    p = len(moments.names) + len(moments.exo)  # lavaan counts the covariates among the variables
    more = float(thresholds @ thresholds)
    out = {}
    for name, entries, extra in (("rmr", raw, p), ("srmr", scaled, p), ("crmr", scaled, 0)):
        squares, size = float(entries @ entries), entries.size + extra
        out[f"{name}_nomean"] = float(np.sqrt(squares / size)) if size else 0.0
        out[name] = float(np.sqrt((squares + more) / (size + thresholds.size)))
    return out
