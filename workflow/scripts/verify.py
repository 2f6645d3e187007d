from _run import stage

with stage("verify", snakemake):
    import csv

    from alliance.errors import Stop
    from alliance.verification.claims import differing

    with open(snakemake.input.claims, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    problems = differing(rows)
    if problems:
        raise Stop("verify", problems)
    print(f"{len(rows)} of {len(rows)} claims reproduced")
print(f"  {len(rows)} of {len(rows)} claims reproduced: {snakemake.input.claims}", flush=True)
