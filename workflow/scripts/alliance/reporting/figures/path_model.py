"""What a path diagram shows, read from fitted parameters (rows of lavaan's form: lhs, op, rhs, std_all, pvalue)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from alliance.reporting.apa import is_missing


@dataclass
class PathModel:
    """Factors, items and standardised values. Keys are names in the parameters; labels are what is printed.

    ``loadings``: (factor, item, value, clear); ``higher``: (factor, factor, value, clear); ``correlations``: (factor,
    factor, value);
    ``residuals``: item -> standardised residual variance; ``item_correlations``: (item, item, value). ``general``:
    the general factor of a bifactor model.
    ``clear`` is False when the value's p is .05 or more: drawn dashed.
    """

    factors: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    loadings: list[tuple[str, str, float, bool]] = field(default_factory=list)
    higher: list[tuple[str, str, float, bool]] = field(default_factory=list)
    correlations: list[tuple[str, str, float]] = field(default_factory=list)
    item_correlations: list[tuple[str, str, float]] = field(default_factory=list)
    residuals: dict[str, float] = field(default_factory=dict)
    general: str | None = None
    labels: dict[str, str] = field(default_factory=dict)

    def label(self, key: str) -> str:
        """The printed name."""
        return self.labels.get(key, key)

    def own_items(self, factor: str) -> list[str]:
        """The items that load on a factor, in the order of the model."""
        mine = {item for f, item, _, _ in self.loadings if f == factor}
        return [item for item in self.items if item in mine]


def path_model(parameters: Iterable[Mapping], labels: Mapping[str, str] | None = None) -> PathModel:
    """Collect factors, items, loadings, correlations and residuals of one sample and model, in the order of the
    rows."""
    rows = [dict(row) for row in parameters]
    measured = [row for row in rows if row["op"] == "=~"]
    latent = list(dict.fromkeys(row["lhs"] for row in measured))
    model = PathModel(labels=dict(labels or {}))
    model.items = list(dict.fromkeys(row["rhs"] for row in measured if row["rhs"] not in latent))
    for row in measured:
        edge = (
            row["lhs"],
            row["rhs"],
            float(row["std_all"]),
            is_missing(row.get("pvalue")) or float(row["pvalue"]) < 0.05,
        )
        (model.higher if row["rhs"] in latent else model.loadings).append(edge)
    above = {f for f, _, _, _ in model.higher}
    model.factors = [f for f in latent if f not in above]
    for row in rows:
        if row["op"] != "~~" or is_missing(row["std_all"]):
            continue
        a, b, value = row["lhs"], row["rhs"], float(row["std_all"])
        if a == b and a in model.items:
            model.residuals[a] = value
        elif a != b and a in latent and b in latent and abs(value) > 1e-12:
            model.correlations.append((a, b, value))
        elif a != b and a in model.items and b in model.items:
            model.item_correlations.append((a, b, value))
    every = [f for f in model.factors if len(model.own_items(f)) == len(model.items)]
    if len(every) == 1 and len(model.factors) > 1:
        model.general = every[0]
        model.factors = [f for f in model.factors if f != every[0]]
    first = {
        item: min((k for k, f in enumerate(model.factors) if item in model.own_items(f)), default=len(model.factors))
        for item in model.items
    }
    model.items.sort(key=first.__getitem__)
    return model
