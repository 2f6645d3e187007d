"""Weights by the inverse chance of being analysed, against survey::svyglm."""

from alliance.persistence import fit_outcome
from alliance.persistence.attrition_weights import attrition_weights
from link_cases import close, column, data, expected


def test_weights_against_attrition_and_the_weighted_model():
    case, rows = expected("ipw_attrition"), data("ipw_attrition")
    responded = rows["college"].notna().to_numpy()
    found = attrition_weights(responded, [rows], "female + age10 + I(age10^2) + O", stabilised=False)
    there = rows[responded].assign(w=found.weights[responded])
    assert (len(rows), len(there)) == (case["n"], case["responders"])
    for name, value in {"min": there["w"].min(), "max": there["w"].max(), "mean": there["w"].mean()}.items():
        close(value, case["weights"][name])
    close(found.effective, case["weights"]["kish_neff"])
    stable = attrition_weights(responded, [rows], "female + age10 + I(age10^2) + O")
    close(stable.effective, case["weights"]["kish_neff"])
    for weights in (found.weights, stable.weights):  # the size of the weights does not matter
        fit = fit_outcome("college ~ O + female + age10", there.assign(w=weights[responded]), weights="w", vcov="HC0")
        close(fit.coef, column(case["ipw_svyglm"], "Estimate"))
        close(fit.std_error, list(case["ipw_HC0_se"].values()))
