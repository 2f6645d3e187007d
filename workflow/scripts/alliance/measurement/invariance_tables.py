"""All comparisons that a config asks for, as the tables of the invariance stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from alliance.measurement.comparisons import by_group, by_occasion
from alliance.measurement.estimate import MLR, WLSMV
from alliance.measurement.invariance_stage import TABLES, Found, run
from alliance.measurement.occasions import (
    AGREEMENT_COLUMNS,
    CHANGE_COLUMNS,
    latent_agreement,
    latent_change,
    observed_agreement,
)
from alliance.measurement.samples import cluster_of, items_by_dimension, report_items

if TYPE_CHECKING:
    import pandas as pd


def compare_all(
    sample: pd.DataFrame, codebook: Any, config: Mapping[str, Any], minimum: int
) -> dict[str, pd.DataFrame]:
    """Tables by name: groups, then waves of the measured role, then roles in the measured wave."""
    import pandas as pd

    measured, dims = config["measurement"], (config.get("instrument") or {}).get("dimensions") or {}
    settings = {"estimator": measured.get("estimator") or WLSMV, **(config.get("invariance") or {})}
    role, wave = measured["role"], measured["wave"]
    items, key = report_items(sample, codebook, role, wave, dims)
    cluster = cluster_of(sample, measured)
    seed = int(config["seed"])
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in (*TABLES, "change", "agreement")}
    for grouping in settings.get("groups") or ():
        _collect(rows, run(by_group(grouping, sample, items, key, settings, cluster), settings, seed, minimum))
    others = [r for r in codebook.reports() if items_by_dimension(codebook, *r, dims) == key]
    waves = sorted(w for r, w in others if r == role)
    if settings.get("waves", False):
        frames = [report_items(sample, codebook, role, w, dims)[0] for w in waves]
        _waves(rows, f"{role}, waves {', '.join(map(str, waves))}", frames, key, cluster, settings, seed, minimum)
    if settings.get("roles", False):
        for other in [r for r, w in others if w == wave and r != role]:
            frames = [items, report_items(sample, codebook, other, wave, dims)[0]]
            name = f"{role} and {other}, wave {wave}"
            found = run(by_occasion(name, "role", frames, key, cluster), settings, seed, minimum)
            _collect(rows, found)
            rows["agreement"] += observed_agreement(name, frames, key, cluster, minimum)
            if found.fits and found.level in ("loadings", "intercepts", "residuals"):
                fit, means = _best(found)
                rows["agreement"] += latent_agreement(name, fit, _factors(key, 2), means=means)
    columns = {**TABLES, "change": CHANGE_COLUMNS, "agreement": AGREEMENT_COLUMNS, "partial": _PARTIAL}
    return {name: pd.DataFrame(found, columns=list(columns[name]) or _FALLBACK.get(name) if not found else None)
            for name, found in rows.items()}  # fmt: skip


_PARTIAL = (
    "grouping", "step", "item", "n", "chisq_diff", "df_diff", "p_diff", "round", "p_adjusted", "released", "p_half_1",
    "p_half_2", "decision",
)  # fmt: skip
_FALLBACK = {
    "invariance": ["grouping", "kind", "estimator", "n", "step", "verdict", "reason", "released"],
    "effects": ["grouping", "kind", "estimator", "n", "dimension", "item", "group", "reference", "difference",
                "d_macs"],
    "means": ["grouping", "kind", "estimator", "n", "dimension", "group", "reference", "mean", "se", "ci_lower",
              "ci_upper", "pvalue"],
}  # fmt: skip


def _waves(rows, name: str, frames, key, cluster, settings, seed: int, minimum: int) -> None:
    """The ladder of waves; change twice: ordered answers pairwise, and all answers by full information.

    Pairwise estimates of a later wave are those of the persons who stayed; full information allows for leaving that
    depends on earlier answers (missing at random).
    """
    if len(frames) < 2:
        reason = "the role has the same items in one wave only"
        rows["status"].append(
            {"stage": "invariance", "sample": name, "model": "", "status": "failed", "reason": reason}
        )
        return
    found = run(by_occasion(name, "wave", frames, key, cluster), settings, seed, minimum)
    _collect(rows, found)
    if not found.fits or found.level not in ("loadings", "intercepts", "residuals"):
        return
    fit, means = _best(found)
    factors = _factors(key, len(frames))
    rows["change"] += latent_change(name, fit, factors, fit.estimator, means=means)
    if fit.estimator != MLR:
        full = run(by_occasion(name, "wave", frames, key, cluster), {**settings, "estimator": MLR}, seed, minimum)
        if full.fits and full.level in ("loadings", "intercepts", "residuals"):
            fit, means = _best(full)
            rows["change"] += latent_change(name, fit, factors, MLR, means=means)
            rows["invariance"] += [{**r, "grouping": f"{name} (FIML)"} for r in full.rows["invariance"]]


def _best(found: Found) -> tuple[Any, bool]:
    """The most restricted fit whose factors may be compared, and whether their means may."""
    means = found.level in ("intercepts", "residuals")
    return found.fits["intercepts" if means else "loadings"], means


def _factors(key: Mapping[str, Any], occasions: int) -> dict[str, list[str]]:
    return {d: [f"{d}_{k + 1}" for k in range(occasions)] for d in key}


def _collect(rows: dict[str, list[dict]], found: Found) -> None:
    for name, more in found.rows.items():
        rows[name] += more
