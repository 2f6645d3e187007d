from _run import stage

with stage("manifest", snakemake):
    from alliance.verification.manifest import manifest, write_manifest

    write_manifest(manifest(snakemake.input.shared, snakemake.config["results"]), snakemake.output.manifest)
