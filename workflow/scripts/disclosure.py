"""Search everything that is made to be shared for persons, and stop when one is found."""

from _run import stage

with stage("disclosure", snakemake):
    import json
    from functools import partial
    from pathlib import Path

    from alliance.errors import Stop
    from alliance.study import minimum_cell, read_codebook
    from alliance.survey.ids import normalise
    from alliance.survey.pseudonyms import pseudonyms_of, read_key
    from alliance.verification.scan import first_findings, scan, write_scan
    from alliance.verification.scan_identifiers import id_columns, read_identifiers

    study = snakemake.params.study
    public = [
        json.dumps(study, ensure_ascii=False),
        Path(snakemake.input.codebook).read_text(encoding="utf-8-sig"),
    ]
    steps = partial(normalise, steps=(study.get("ids") or {}).get("normalise") or ())
    who = read_identifiers(snakemake.input.ids, steps, public, pseudonyms_of(read_key(study)))
    columns = id_columns(read_codebook(snakemake.input.codebook))
    found = scan(snakemake.params.folders, who, minimum_cell(study), columns)
    if found.findings:
        raise Stop("disclosure", first_findings(found.findings))
    write_scan(found.rows, snakemake.output.scan)
