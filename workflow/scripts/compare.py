from _run import stage

with stage("compare", snakemake):
    from alliance.verification.claims import compare, read_claims, write_verdicts

    claims = read_claims(snakemake.input.claims)
    verdicts = compare(claims, snakemake.config["results"])
    write_verdicts(verdicts, snakemake.output.claims)
    print(f"{sum(v.verdict == 'reproduced' for v in verdicts)} of {len(verdicts)} claims reproduced")
