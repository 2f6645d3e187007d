"""The codebook as a page, and as Psych-DS metadata."""

from _run import stage

with stage("codebook", snakemake):
    import json
    from pathlib import Path

    from alliance.reporting.codebook_page import codebook_html
    from alliance.reporting.results import read_results
    from alliance.study import read_codebook
    from alliance.survey.psych_ds import dataset_description

    study, codebook = snakemake.params.study, read_codebook(snakemake.input.codebook)
    tables = {name: snakemake.input[name] for name in ("describe_items", "describe_characteristics")}
    style = Path(snakemake.input.style).read_text(encoding="utf-8")
    page = codebook_html(read_results(study, tables), codebook, style)
    Path(snakemake.output.page).write_text(page, encoding="utf-8")
    about = json.dumps(dataset_description(study, codebook), ensure_ascii=False, indent=2)
    Path(snakemake.output.description).write_text(about + "\n", encoding="utf-8")
