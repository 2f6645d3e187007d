"""Item statistics, characteristics, missingness, attrition and clustering of the sample."""

from _run import stage

with stage("describe", snakemake):
    import pandas as pd
    from alliance.persistence import fit_outcome
    from alliance.spreadsheet import write_csv
    from alliance.study import read_codebook
    from alliance.survey.attrition import attrition_table
    from alliance.survey.clustering import icc_table
    from alliance.survey.describe import characteristics, item_table, missingness

    study = pd.read_parquet(snakemake.input.sample), read_codebook(snakemake.input.codebook), snakemake.config
    printed = {}  # counts that stand in several tables are hidden in all of them or in none
    tables = {
        "item_statistics": item_table(*study),
        "characteristics": characteristics(*study, printed),
        "attrition": attrition_table(*study, fit_outcome, printed),
        "missingness": missingness(*study, printed),
        "icc": icc_table(*study),
    }
    for name, table in tables.items():
        write_csv(table, snakemake.output[name])
