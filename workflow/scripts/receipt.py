from _run import stage

with stage("receipt", snakemake):
    import json

    from alliance.verification.receipt import receipt

    content = receipt(
        study=snakemake.params.study,
        seed=snakemake.params.seed,
        manifest=snakemake.input.manifest,
        inputs=snakemake.input.inputs,
        files={"lock": snakemake.input.lock, "codebook": snakemake.input.codebook},
        claims=snakemake.input.get("claims") or None,
        benchmarks=snakemake.params.benchmarks,
    )
    with open(snakemake.output.receipt, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=1, ensure_ascii=False)
        stream.write("\n")
