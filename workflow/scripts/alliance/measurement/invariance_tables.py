"""All comparisons that a config asks for, as the tables of the invariance stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from alliance.measurement.comparisons import by_group, by_occasion
from alliance.measurement.dyads import pair_notes
from alliance.measurement.estimate import MLR, WLSMV
from alliance.measurement.invariance_stage import STAGE, TABLES, Found, comparable_fit, run
from alliance.measurement.occasions import (
    AGREEMENT_COLUMNS,
    CHANGE_COLUMNS,
    latent_agreement,
    latent_change,
    observed_agreement,
)
from alliance.measurement.samples import cluster_of, items_by_dimension, report_items
from alliance.measurement.trait import trait_and_state

if TYPE_CHECKING:
    import pandas as pd


ALL = "all"  # invariance.waves, invariance.roles: of every role, in every wave


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
        _collect(rows, run(by_group(grouping, sample, items, key, settings, cluster, minimum), settings, seed, minimum))
    pairs = cluster_of(sample, {"cluster": settings.get("role_cluster") or measured.get("cluster")})
    reports = same_items(codebook, dims, key)
    rest = {"cluster": cluster, "settings": settings, "seed": seed, "minimum": minimum}
    if settings.get("waves", False):
        for one in dict.fromkeys(r for r, _ in reports) if settings["waves"] == ALL else [role]:
            waves = [w for r, w in sorted(reports, key=lambda r: r[1]) if r == one]
            frames = {str(w): report_items(sample, codebook, one, w, dims)[0] for w in waves}
            _waves(rows, one, frames, key, **rest)
    if settings.get("roles", False):
        for w in dict.fromkeys(w for _, w in reports) if settings["roles"] == ALL else [wave]:
            present = [r for r, v in reports if v == w]
            first = role if role in present else next(iter(present), role)
            others = [r for r in present if r != first]
            if not others:
                _say(rows, f"{first}, wave {w}", "failed", "no other role has the same items in this wave")
            for other in others:
                frames = [report_items(sample, codebook, r, w, dims)[0] for r in (first, other)]
                name = f"{first} and {other}, wave {w}"
                for note in pair_notes(sample, frames, pairs, config.get("sample") or {}, minimum):
                    _say(rows, name, "note", note)
                _roles(rows, name, frames, key, **{**rest, "cluster": pairs})
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


def same_items(codebook: Any, dims: Mapping[str, str], key: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Reports (role, wave) with the items of ``key``, in codebook order; the order of the items does not matter."""
    wanted = {d: sorted(items) for d, items in key.items()}
    found = {r: items_by_dimension(codebook, *r, dims) for r in codebook.reports()}
    return [r for r, own in found.items() if {d: sorted(items) for d, items in own.items()} == wanted]


def _say(rows, sample: str, status: str, reason: str) -> None:
    rows["status"].append({"stage": STAGE, "sample": sample, "model": "", "status": status, "reason": reason})


def _roles(rows, name: str, frames, key, *, cluster, settings, seed: int, minimum: int) -> None:
    """The ladder of two roles in one wave, and how far they agree."""
    found = run(by_occasion(name, "role", frames, key, cluster), settings, seed, minimum)
    _collect(rows, found)
    rows["agreement"] += observed_agreement(name, frames, key, cluster, minimum)
    if found.fits and found.level in ("loadings", "intercepts", "residuals"):
        fit, means = _best(found)
        rows["agreement"] += latent_agreement(name, fit, _factors(key, 2), means=means)


def _waves(rows, role: str, frames, key, *, cluster, settings, seed: int, minimum: int) -> None:
    """The ladder of waves; change twice: ordered answers pairwise, and all answers by full information.

    Pairwise estimates of a later wave are those of the persons who stayed; full information allows for leaving that
    depends on earlier answers (missing at random). A wave that hardly anybody answered is left out.
    """
    empty = [w for w, frame in frames.items() if frame.notna().any(axis=1).sum() < max(minimum, 20)]
    frames = {w: frame for w, frame in frames.items() if w not in empty}
    name = f"{role}, waves {', '.join(frames)}" if frames else f"{role}, waves"
    if empty:
        _say(rows, name, "note", f"hardly any answers in wave {', '.join(empty)}: left out")
    if len(frames) < 2:
        reason = "fewer than two waves with answers to the same items"
        _say(rows, name, "failed", reason)
        return
    waves = list(frames.values())
    found = run(by_occasion(name, "wave", waves, key, cluster), settings, seed, minimum)
    _collect(rows, found)
    if not found.fits or found.level not in ("loadings", "intercepts", "residuals"):
        return
    fit, means = _best(found)
    factors = _factors(key, len(waves))
    rows["change"] += latent_change(name, fit, factors, fit.estimator, means=means)
    rows["change"] += trait_and_state(name, fit, factors, fit.estimator)
    if fit.estimator != MLR:
        full = run(by_occasion(name, "wave", waves, key, cluster), {**settings, "estimator": MLR}, seed, minimum)
        if full.fits and full.level in ("loadings", "intercepts", "residuals"):
            fit, means = _best(full)
            rows["change"] += latent_change(name, fit, factors, MLR, means=means)
            rows["change"] += trait_and_state(name, fit, factors, MLR)
            rows["invariance"] += [{**r, "grouping": f"{name} (FIML)"} for r in full.rows["invariance"]]
        else:
            rows["status"] += [{**r, "sample": f"{name} (FIML)"} for r in full.rows["status"]]


def _best(found: Found) -> tuple[Any, bool]:
    """The most restricted fit whose factors may be compared, and whether their means may."""
    return comparable_fit(found), found.level in ("intercepts", "residuals")


def _factors(key: Mapping[str, Any], occasions: int) -> dict[str, list[str]]:
    return {d: [f"{d}_{k + 1}" for k in range(occasions)] for d in key}


def _collect(rows: dict[str, list[dict]], found: Found) -> None:
    for name, more in found.rows.items():
        rows[name] += more
