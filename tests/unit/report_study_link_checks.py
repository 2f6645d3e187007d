"""Made-up results of moderation, shape and power."""

import pandas as pd


def moderation():
    """Bond by first generation in one model: two groups and their difference."""

    def row(group, ame, low, high, n, p):
        return {
            "outcome": "retained_2", "model": "by_group", "term": "bond", "moderator": "first_generation",
            "group": group, "estimate": ame * 10, "std_error": 0.1, "df": 59.0, "p_value": p,
            "conf_low": low * 10, "conf_high": high * 10, "odds_ratio": 1.5, "or_low": 1.1, "or_high": 2.0, "ame": ame,
            "ame_std_error": 0.01, "ame_low": low, "ame_high": high, "ame_p_value": p, "n": n, "test": "Wald F",
            "statistic": 6.2, "test_df": 1, "test_df_denominator": 59.0, "interaction_p": 0.016,
            "interaction_p_adjusted": 0.032, "joint_test": "Wald F", "joint_statistic": 4.1, "joint_df": 2,
            "joint_df_denominator": 59.0, "joint_p": 0.021,
        }  # fmt: skip

    return pd.DataFrame([row("no", 0.02, -0.01, 0.05, 800, 0.2), row("yes", 0.08, 0.04, 0.12, 400, 0.0004),
                         row("yes - no", 0.06, 0.01, 0.11, None, 0.016)])  # fmt: skip


def power():
    """One predictor of one model."""
    return pd.DataFrame(
        [{"outcome": "retained_2", "model": "retained", "term": "bond", "power": 0.8, "alpha": 0.05, "std_error": 0.1,
          "df": 59.0, "design_effect": 1.3, "detectable": 0.28, "detectable_ratio": 1.33, "detectable_ame": 0.031,
          "n": 1200, "n_events": 900, "n_clusters": 60}]
    )  # fmt: skip


def nonlinearity(p_adjusted):
    """A test of the bend of bond."""
    return pd.DataFrame(
        [{"outcome": "retained_2", "model": "retained", "term": "bond", "form": "quadratic", "test": "Wald F",
          "statistic": 1.2, "df": 1, "df_denominator": 59.0, "p_value": p_adjusted / 2, "p_adjusted": p_adjusted,
          "n": 1200}]
    )  # fmt: skip
