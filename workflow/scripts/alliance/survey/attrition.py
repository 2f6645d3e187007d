"""Who is still there: response to later waves and other roles by group, and what a later response goes with."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from alliance.codebook import Codebook, item_columns
from alliance.disclosure import minimum_cell, suppress_counts
from alliance.survey.clustering import dimension_means
from alliance.survey.describe import BLANK, counted_group, groupings, reports_in

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "part",
    "role",
    "wave",
    "by",
    "level",
    "n",
    "n_responded",
    "rate",
    "term",
    "estimate",
    "std_error",
    "statistic",
    "df",
    "p_value",
    "conf_low",
    "conf_high",
    "odds_ratio",
    "or_low",
    "or_high",
    "n_clusters",
    "se_type",
    "suppressed",
)
Fit = Callable[..., Any]


def attrition_table(
    sample: pd.DataFrame,
    codebook: Codebook,
    config: Mapping[str, Any],
    fit_outcome: Fit,
    printed: MutableMapping[Hashable, bool] | None = None,
) -> pd.DataFrame:
    """attrition.csv: response rates (part "rate") and a logit of response on the alliance of the frame (part "model").

    One block for each role and wave but the frame's, among all students of the sample. The model has the dimension
    means of the frame's report in standard deviations; with a cluster its errors are CR2 with Satterthwaite's degrees
    of freedom, else HC1. ``fit_outcome`` is :func:`alliance.persistence.fit_outcome`.
    """
    import pandas as pd

    frame = (config.get("sample") or {}).get("frame")
    if not isinstance(frame, Mapping):
        return pd.DataFrame(columns=list(COLUMNS))
    opened = (str(frame["role"]), int(frame["wave"]))
    parts = []
    for role, wave in reports_in(sample, codebook):
        if (role, wave) == opened:
            continue
        responded = sample[f"answered_{role}_w{wave}"]
        parts.append(_rates(sample, responded, config, role, wave, printed))
        model = _model(sample, responded, codebook, config, opened, fit_outcome)
        if model is not None:
            parts.append(model.assign(role=role, wave=wave))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True).reindex(columns=list(COLUMNS))


def _rates(
    sample: pd.DataFrame,
    responded: pd.Series,
    config: Mapping[str, Any],
    role: str,
    wave: int,
    printed: MutableMapping[Hashable, bool] | None,
) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for by, levels in groupings(sample, config).items():
        counts = responded.groupby(levels.to_numpy()).agg(["size", "sum"])
        rows += [(by, level, int(n), int(k), k / n) for level, n, k in counts.itertuples()]
    table = pd.DataFrame(rows, columns=["by", "level", "n", "n_responded", "rate"])
    table = suppress_counts(
        table,
        ["n", "n_responded"],
        minimum_cell(config),
        clear=["rate"],
        parts={"n_responded": "n"},
        sets=[["by"]],
        unknown={"level": BLANK},
        same={
            "n": [counted_group("", None, *key) for key in table[["by", "level"]].itertuples(index=False)],
            "n_responded": [counted_group(role, wave, *key) for key in table[["by", "level"]].itertuples(index=False)],
        },
        printed=printed,
    )
    return table.assign(part="rate", role=role, wave=wave)


def _model(
    sample: pd.DataFrame,
    responded: pd.Series,
    codebook: Codebook,
    config: Mapping[str, Any],
    opened: tuple[str, int],
    fit_outcome: Fit,
) -> pd.DataFrame | None:
    import numpy as np
    import pandas as pd

    predictors = {}
    for dimension in (config.get("instrument") or {}).get("dimensions") or {}:
        columns = item_columns(codebook, *opened, dimension)
        if columns:
            means = dimension_means(sample, columns)
            predictors[dimension] = (means - means.mean()) / means.std()
    if not predictors or responded.nunique() < 2:
        return None
    data = pd.DataFrame({"responded": responded.astype("int64"), **predictors})
    cluster = (config.get("sample") or {}).get("cluster")
    how: dict[str, Any] = {"vcov": "HC1"}
    if cluster:
        data["cluster_"] = sample[cluster].to_numpy(dtype=object)
        how = {"vcov": "CR2", "cluster": "cluster_"}
        data = data[data["cluster_"].notna()]
    data = data.dropna()
    fit = fit_outcome(f"responded ~ {' + '.join(predictors)}", data, family="logit", **how)
    table = fit.estimates.copy()
    bounds = {"odds_ratio": "estimate", "or_low": "conf_low", "or_high": "conf_high"}
    return table.assign(
        part="model",
        n=pd.array([len(data)] * len(table), dtype="Int64"),
        n_responded=pd.array([int(data["responded"].sum())] * len(table), dtype="Int64"),
        n_clusters=data["cluster_"].nunique() if cluster else 0,
        se_type=how["vcov"],
        suppressed=False,
        **{name: np.exp(table[source].to_numpy(dtype="float64")) for name, source in bounds.items()},
    )
