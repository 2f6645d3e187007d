"""The table of latent mediation that the config asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from alliance.persistence.analysis import model_frame, standardised_predictors
from alliance.persistence.measurement_error_latent import mean_density
from alliance.persistence.mediation import latent_mediation
from alliance.persistence.plausible_draws import model_seed, numeric_columns
from alliance.persistence.settings import model_settings

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "name", "outcome", "model", "mediator", "effect", "term", "estimate", "std_error", "conf_low", "conf_high", "ame",
    "ame_low", "ame_high", "n", "n_clusters", "interval", "status", "reason",
)  # fmt: skip
ON_OUTCOME = ("direct", "indirect", "total")


def mediation_table(
    sample: pd.DataFrame,
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    items: pd.DataFrame,
    key: Mapping[str, Sequence[str]],
    config: Mapping[str, Any],
    minimum: int = 10,
) -> pd.DataFrame:
    """One block of rows per entry of ``link.mediation``, in the columns :data:`COLUMNS`.

    Students of the entry's model with at least one answer to the mediator's items. ``ame``: average marginal effect on
    the probability, for what leads to a yes/no outcome. An entry that cannot be estimated is a row with the reason.
    """
    import pandas as pd

    from alliance.study import item_column

    link, found = config["link"], []
    students = standardised_predictors(sample, scores, config)
    own = (config["measurement"]["role"], config["measurement"]["wave"])
    for name, entry in link["mediation"].items():
        settings = model_settings(config, entry["model"])
        through = entry["through"]
        block = link["models"][entry["model"]]
        head = {"name": name, "outcome": block["outcome"], "model": entry["model"],
                "mediator": through.get("label", name), "interval": "Monte Carlo"}  # fmt: skip
        rows = model_frame(students, outcomes[outcomes["outcome"] == block["outcome"]], settings, None)
        columns = {item_column(v, through["role"], through["wave"]): v for v in through["items"]}
        answered = sample[list(columns)].astype(float).rename(columns=columns)
        rows = rows[(rows["_step"] == 5) & answered.notna().any(axis=1)]
        if len(rows) < minimum:
            found.append({**head, "status": "failed", "reason": f"fewer than {minimum} students with both reports"})
            continue
        dims = {d: list(key[d]) for d in link["predictors"]}
        mine = {i for members in dims.values() for i in members}
        twice = [(v, v) for v in through["items"] if v in mine and (through["role"], through["wave"]) != own]
        explained = [*settings["covariates"], *(["cohort"] if len(rows["cohort"].unique()) > 1 else [])]
        numbers = list(numeric_columns(rows, explained).values())
        covariates = np.column_stack(numbers) if numbers else np.empty((len(rows), 0))
        cluster = rows[settings["cluster"]].astype(str).to_numpy() if settings.get("cluster") else None
        outcome, binary = rows["_value"].to_numpy(float), settings["value"] == "binary"
        head |= {"n": len(rows), "n_clusters": None if cluster is None else len(set(cluster))}
        try:
            effects = latent_mediation(
                items.loc[rows.index], dims, answered.loc[rows.index], outcome, covariates, cluster, binary=binary,
                same=twice, seed=model_seed(config["seed"], name),
            )  # fmt: skip
        except (ValueError, np.linalg.LinAlgError) as error:
            found.append({**head, "status": "failed", "reason": str(error)})
            continue
        density = mean_density(outcome, covariates) if binary else np.nan
        for e in effects:
            row = {**head, "effect": e.effect, "term": e.term, "estimate": e.estimate, "std_error": e.std_error,
                   "conf_low": e.conf_low, "conf_high": e.conf_high, "status": "ok", "reason": ""}  # fmt: skip
            if e.effect in ON_OUTCOME:
                row |= {"ame": density * e.estimate, "ame_low": density * e.conf_low, "ame_high": density * e.conf_high}
            found.append(row)
    return pd.DataFrame(found, columns=list(COLUMNS))
