"""What these data can tell apart: dominance, parameterisations, condition indices, joint confidence regions."""

from _run import stage


def general_scores(sample, codebook, config, status):
    """Scores of the bifactor model for the sample's students, or None and why there are none."""
    import pandas as pd
    from alliance.measurement.samples import report_items
    from alliance.measurement.scores import model_scores
    from alliance.measurement.scores_stage import fit_for_scores
    from alliance.study import dimensions, minimum_cell

    settings = config["measurement"]
    if "bifactor" not in settings["models"]:
        return None, "no bifactor model is on the menu (measurement.models)"
    judged = status[(status["sample"] == "pooled") & (status["model"] == "bifactor")]
    bad = judged[judged["status"] != "ok"]
    if len(bad) or not len(judged):
        return None, "the bifactor model is not admissible here: no score of a general factor"
    items, key = report_items(sample, codebook, settings["role"], settings["wave"], dimensions(config))
    fit, used, why = fit_for_scores(items, key, {**settings, "chosen": "bifactor"}, minimum_cell(config))
    if fit is None:
        return None, why
    return pd.DataFrame(model_scores(fit, used, "regression").score, index=sample["student_id"]), ""


with stage("collinearity", snakemake):
    import pandas as pd
    from alliance.persistence.collinearity_stage import collinearity_tables
    from alliance.persistence.plausible_fit import DrawTables
    from alliance.spreadsheet import write_csv
    from alliance.study import minimum_cell, read_codebook

    given, config = snakemake.input, snakemake.config
    sample = pd.read_parquet(given.sample)
    general, why = general_scores(sample, read_codebook(given.codebook), config, pd.read_csv(given.measured))
    verdict = pd.read_csv(given.separability, dtype=str, keep_default_na=False)
    verdict = verdict[verdict["sample"] == "pooled"].to_dict("records")
    about = pd.read_csv(given.about, keep_default_na=False) if given.get("draws") else None
    drawn = DrawTables(pd.read_parquet(given.draws), about) if given.get("draws") else None
    tables = collinearity_tables(
        sample,
        pd.read_parquet(given.scores),
        pd.read_parquet(given.outcomes),
        pd.read_parquet(given.periods),
        config,
        separability=verdict[0]["verdict"] if verdict else "",
        pairs=verdict[0]["pairs"].split("; ") if verdict else (),
        general=general,
        why_no_general=why,
        minimum=minimum_cell(config),
        drawn=drawn,
    )
    for name, table in vars(tables).items():
        write_csv(table, snakemake.output[name])
    print(tables.apart.to_string(index=False))
