"""Rule recovery: truth against estimate in simulated studies."""

from _run import stage
from alliance.robustness.demo_study import load_truth
from alliance.robustness.recovery import recover

with stage("recovery", snakemake):
    asked = snakemake.params
    truth = load_truth(snakemake.input.truth)
    table = recover(truth, n_studies=asked.studies, n_students=asked.students, seed=asked.seed)
    table.to_csv(snakemake.output.recovery, index=False, lineterminator="\n")
    print(table.to_string(index=False))
