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
    sd, sd_implied = np.sqrt(np.diag(cov)), np.sqrt(np.diag(sigma))
    raw = vech(cov - sigma)
    bentler = vech((cov - sigma) / np.outer(sd, sd))
    bollen = vech(_correlation(cov) - _correlation(sigma))
    kinds = {"rmr": (raw, None), "srmr": (bentler, None), "crmr": (bollen, None)}
    if mean is not None and mu is not None:
        kinds = {
            "rmr": (raw, mean - mu),
            "srmr": (bentler, (mean - mu) / sd),
            "crmr": (bollen, mean / sd - mu / sd_implied),
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
    """SRMR of correlations, and with thresholds and means, of one group of ordered variables (OrdinalMoments)."""
    sd = dict(zip(moments.names, np.sqrt(np.diag(moments.cov)), strict=True))
    residual = moments.stats - implied
    cov = np.array([r / sd[m[1]] / sd[m[2]] for r, m in zip(residual, moments.labels, strict=True) if m[0] == "cov"])
    location = np.array([r / sd[m[1]] for r, m in zip(residual, moments.labels, strict=True) if m[0] in ("th", "mean")])
    squares, more = float(cov @ cov), float(location @ location)
    p = len(moments.names) + len(moments.exo)  # lavaan counts the covariates among the variables
    return {
        "srmr_nomean": float(np.sqrt(squares / (cov.size + p))),
        "srmr": float(np.sqrt((squares + more) / (cov.size + p + location.size))),
        "crmr_nomean": float(np.sqrt(squares / cov.size)) if cov.size else 0.0,
        "crmr": float(np.sqrt((squares + more) / (cov.size + location.size))),
    }
