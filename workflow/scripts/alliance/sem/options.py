"""What each estimator name stands for: discrepancy, standard errors, test and information, as in lavaan 0.6-14."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Options:
    """One way of estimating.

    estimator: the name the user knows; discrepancy: "ML", "DWLS" or "ULS"; se: "standard", "robust.sem" (Gamma
    sandwich), "robust.huber.white" (casewise sandwich), "none"; test: "standard", "satorra.bentler",
    "scaled.shifted" or "yuan.bentler.mplus"; information: "expected" or "observed"; missing: "listwise", "ml" or
    "pairwise"; clustered: scores are summed by cluster before the sandwich; test_hessian: whether the scaled test uses
    the exact second derivatives or leaves out those of the moments (as lavaan does for ML with clusters).
    """

    estimator: str
    discrepancy: str
    se: str
    test: str
    information: str = "expected"
    missing: str = "listwise"
    clustered: bool = False
    test_hessian: bool = True

    @property
    def scaled(self) -> bool:
        """Whether there is a scaled test beside the standard one."""
        return self.test != "standard"


_ESTIMATORS = {
    "ML": ("ML", "standard", "standard"),
    "MLM": ("ML", "robust.sem", "satorra.bentler"),
    "MLMV": ("ML", "robust.sem", "scaled.shifted"),
    "MLR": ("ML", "robust.huber.white", "yuan.bentler.mplus"),
    "DWLS": ("DWLS", "standard", "standard"),
    "WLSM": ("DWLS", "robust.sem", "satorra.bentler"),
    "WLSMV": ("DWLS", "robust.sem", "scaled.shifted"),
    "ULS": ("ULS", "standard", "standard"),
    "ULSM": ("ULS", "robust.sem", "satorra.bentler"),
    "ULSMV": ("ULS", "robust.sem", "scaled.shifted"),
}
_MISSING = {
    "listwise": "listwise", "pairwise": "pairwise", "ml": "ml", "fiml": "ml", "direct": "ml",
}  # fmt: skip


def resolve(estimator: str | None, *, ordered: bool, missing: str, clustered: bool, weighted: bool) -> Options:
    """Settings of ``estimator`` (None: WLSMV with ordered variables, else ML).

    Weights or clusters turn ML into its robust version, since the model-based standard errors would be wrong.
    Raises ValueError for combinations that cannot be estimated, saying what to choose instead.
    """
    name = (estimator or ("WLSMV" if ordered else "ML")).upper()
    if name not in _ESTIMATORS:
        raise ValueError(f"estimator '{estimator}' is not known; use one of {', '.join(_ESTIMATORS)}")
    how = _MISSING.get(missing.lower().removesuffix(".x"))
    if how is None:
        raise ValueError(f"missing='{missing}' is not known; use listwise, fiml or pairwise")
    discrepancy, se, test = _ESTIMATORS[name]
    if ordered and discrepancy == "ML":
        raise ValueError(f"estimator {name} treats answers as continuous; with ordered= use WLSMV or ULSMV")
    if ordered and how == "ml":
        raise ValueError("missing='fiml' needs continuous variables; with ordered= use missing='pairwise'")
    if how == "ml" and name not in ("ML", "MLR"):
        raise ValueError(f"missing='fiml' goes with ML or MLR, not with {name}")
    if how == "pairwise" and not ordered:
        raise ValueError("missing='pairwise' goes with ordered variables; for continuous ones use missing='fiml'")
    if weighted and not ordered and name not in ("ML", "MLR"):
        raise ValueError(f"sampling weights go with MLR (or WLSMV when ordered), not with {name}")
    options = Options(name, discrepancy, se, test, missing=how, clustered=clustered)
    if discrepancy == "ML" and se == "standard" and (clustered or weighted):
        options = replace(
            options, estimator="MLR", se="robust.huber.white", test="yuan.bentler.mplus", test_hessian=not clustered
        )
    elif clustered and se == "standard":
        options = replace(options, se="robust.sem", test="scaled.shifted")
    if discrepancy == "ML" and (how == "ml" or options.se == "robust.huber.white"):
        options = replace(options, information="observed")
    return options
