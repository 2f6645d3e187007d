"""Made-up results of one model by three treatments of measurement error."""

import pandas as pd


def table(verdict="significance"):
    """Bond and goal: the mean of the items makes goal significant, plausible values do not."""

    def row(method, term, ame, error, p, **more):
        link = {"sum": "logit", "plausible": "logit", "latent": "probit"}[method]
        return {
            "outcome": "retained_2", "model": "retained", "family": "logit", "sample": "pooled", "method": method,
            "declared": method == "plausible", "term": term, "link": link, "estimate": 8 * ame, "std_error": 8 * error,
            "statistic": ame / error, "p_value": p, "conf_low": 8 * (ame - 2 * error),
            "conf_high": 8 * (ame + 2 * error), "std_estimate": 4 * ame, "ame": ame, "ame_error": error,
            "ame_low": ame - 2 * error, "ame_high": ame + 2 * error, "reliability": 0.8 if method == "sum" else None,
            "n": 1200, "n_events": 900, "n_clusters": 60, "se_type": "CR1", "status": "ok", "reason": "", **more,
        }  # fmt: skip

    return pd.DataFrame(
        [
            row("sum", "bond", 0.04, 0.01, 0.0001, verdict="agree"),
            row("sum", "goal", 0.03, 0.01, 0.003, verdict=verdict),
            row("plausible", "bond", 0.05, 0.015, 0.001),
            row("plausible", "goal", 0.002, 0.02, 0.92),
            row("latent", "bond", 0.049, 0.014, 0.0005),
            {
                **row("latent", "goal", 0.0, 1.0, 0.9),
                "status": "failed", "reason": "did not converge", "ame": None, "estimate": None, "term": "",
            },
        ]
    )  # fmt: skip
