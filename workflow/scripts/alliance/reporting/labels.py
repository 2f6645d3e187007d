"""Printed names of what the tables name by key: from the config, then the codebook, then the key itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alliance.reporting.apa import is_missing
from alliance.reporting.results import Results

_MODELS = {
    "one": "One factor",
    "two": "Two factors",
    "correlated": "Correlated factors",
    "second_order": "Second-order factor",
    "bifactor": "Bifactor",
    "exploratory": "Exploratory factors",
}
_FAMILIES = {
    "logit": "logistic regression",
    "probit": "probit regression",
    "linear": "linear regression",
    "hazard": "discrete-time hazard regression",
    "cox": "Cox regression",
    "multinomial": "multinomial logistic regression",
    "gee": "generalised estimating equations",
    "ordinal": "ordinal logistic regression",
    "firth": "Firth logistic regression",
    "mixed_logit": "mixed logistic regression",
}
_ESTIMATORS = {
    "ML": "maximum likelihood in complete cases",
    "MLR": "maximum likelihood with all answers and robust errors (FIML, MLR), items as numbers",
    "WLSMV": "weighted least squares of polychoric correlations (WLSMV), items as ordered answers",
}


class Labels:
    """Looks names up; every method returns a text to print."""

    def __init__(self, results: Results):
        self._config = results.config
        self._variables: dict[str, str] = {}
        for row in results.rows("intake_codebook"):
            variable, label = row.get("variable"), row.get("label")
            if not is_missing_text(variable) and not is_missing_text(label):
                self._variables.setdefault(str(variable), str(label))

    def dimension(self, key: str) -> str:
        """A dimension of the instrument, a factor of the menu, or a predictor that is a variable."""
        named = (self._config.get("instrument") or {}).get("dimensions") or {}
        if key in named:
            return str(named[key])
        if key == "general":
            return "General factor"
        return self._variables.get(key) or prettify(key)

    def dimensions(self) -> list[str]:
        """Keys of the instrument's dimensions in the order of the config."""
        return list((self._config.get("instrument") or {}).get("dimensions") or {})

    def outcome(self, key: str) -> str:
        """An outcome by its label in ``outcomes.define``."""
        spec = ((self._config.get("outcomes") or {}).get("define") or {}).get(key) or {}
        return str(spec.get("label") or self._variables.get(key) or prettify(key))

    def link_model(self, key: str) -> str:
        """A link model by the label of its outcome; with its own name when several models share an outcome."""
        models = (self._config.get("link") or {}).get("models") or {}
        outcome = (models.get(key) or {}).get("outcome", key)
        plain = [spec for spec in models.values() if not is_moderated(spec)]
        shared = sum(spec.get("outcome") == outcome for spec in plain) > 1 and not is_moderated(models.get(key) or {})
        return f"{self.outcome(outcome)} ({prettify(key).lower()})" if shared else self.outcome(outcome)

    def measurement_model(self, key: str) -> str:
        """A model of the menu, with what its factors are when that is not plain."""
        if key == "two":
            factors = (self._config.get("measurement") or {}).get("two") or {}
            parts = ["+".join(self.dimension(d).lower() for d in members) for members in factors.values()]
            return f"Two factors ({' | '.join(parts)})" if parts else _MODELS[key]
        if key == "correlated":
            return (
                f"{number_word(len(self.dimensions()) or 0).capitalize()} correlated factors"
                if self.dimensions()
                else _MODELS[key]
            )
        return _MODELS.get(key, prettify(key))

    def report_of(self, role: str, wave: object) -> str:
        """``Mentee report, first year``."""
        role_label = (self._config.get("roles") or {}).get(role) or prettify(role)
        waves = self._config.get("waves") or {}
        wave_label = waves.get(wave) or waves.get(str(wave)) or (waves.get(int(wave)) if str(wave).isdigit() else None)
        return f"{role_label}, {str(wave_label).lower()}" if wave_label and len(waves) > 1 else str(role_label)

    def sample(self, key: str) -> str:
        """The pooled sample, a cohort, or a report by its role and wave."""
        if key == "pooled":
            return "Pooled"
        role, _, wave = key.rpartition("_w")
        return self.report_of(role, wave) if role in (self._config.get("roles") or {}) else key

    def sample_column(self, key: str) -> str:
        """A column of the sample or of the imputation: ``bond_mentor_w2`` is ``Bond (mentor report, second year)``."""
        if key.startswith("outcome_"):
            name = key.removeprefix("outcome_")
            stem, _, part = name.rpartition("_")
            timed = {"event": "departed", "hazard": "cumulative hazard"}
            return f"{self.outcome(stem)} ({timed[part]})" if part in timed else self.outcome(name)
        for role in self._config.get("roles") or {}:
            name, found, wave = key.partition(f"_{role}_w")
            if found:
                report = self.report_of(role, wave)
                return f"{self.dimension(name)} ({report[:1].lower()}{report[1:]})"
        return self.dimension(key)

    def variable(self, key: str) -> str:
        """A variable by its label in the codebook; a crossing ``a*b`` by the labels of both."""
        if "*" in key:
            return " by ".join(self.variable(part.strip()) for part in key.split("*"))
        return self._variables.get(key) or prettify(key)

    def term(self, key: str) -> str:
        """A regression term: ``gender[T.man]`` becomes ``Gender: man``; ``left: bond`` ``Left: Bond``."""
        equation, colon, rest = key.partition(": ")
        if colon and "[" not in equation:
            return f"{prettify(equation)}: {self.term(rest)}"
        name, _, level = key.partition("[")
        if not level:
            return self.dimension(key)
        return f"{self.variable(name.removeprefix('C(').rstrip(')'))}: {level.rstrip(']').removeprefix('T.')}"

    @staticmethod
    def family(key: str) -> str:
        """An outcome model's family in words."""
        return _FAMILIES.get(key, prettify(key).lower())

    @staticmethod
    def estimator(key: str) -> str:
        """An estimator in words."""
        return _ESTIMATORS.get(key, key)


def is_moderated(model: Mapping[str, Any]) -> bool:
    """Whether a link model holds interactions: its coefficients are slopes in one group and have a section apart."""
    return bool(model.get("group") or model.get("interactions"))


def is_missing_text(value: object) -> bool:
    """None, NaN or an empty text."""
    return value is None or (isinstance(value, float) and is_missing(value)) or str(value).strip() == ""


def prettify(key: str) -> str:
    """``prior_gpa`` becomes ``Prior gpa``."""
    text = str(key).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def number_word(n: int) -> str:
    """Numbers below ten in words (APA 6.33), others in digits."""
    return _NUMBERS[n] if 0 <= n < len(_NUMBERS) else str(n)
