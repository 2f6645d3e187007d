"""Participant flow: every exclusion counted, per cohort and pooled, and the arithmetic asserted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

COLUMNS = ("order", "step", "label", "cohort", "n_in", "excluded", "n_out", "reason")
POOLED = "pooled"
UNKNOWN = "unknown"


@dataclass
class Flow:
    """Counts the rows that enter and leave each step. ``cohorts`` is the order of the table; pooled comes last."""

    cohorts: Sequence[str]
    steps: list[tuple[str, str, str, dict[str, int], dict[str, int]]] = field(default_factory=list)

    def open(self, step: str, label: str, cohort: pd.Series) -> None:
        """The rows that the flow begins with."""
        counts = self._count(cohort)
        self.steps.append((step, label, "", counts, counts))

    def exclude(self, step: str, label: str, reason: str, cohort: pd.Series, stays: np.ndarray) -> None:
        """One step: the cohorts of the rows that enter, and which of them stay."""
        self.steps.append((step, label, reason, self._count(cohort), self._count(cohort[stays])))

    def left(self) -> dict[str, int]:
        """How many of each cohort are left after the last step."""
        return dict(self.steps[-1][4])

    def _count(self, cohort: pd.Series) -> dict[str, int]:
        counts = cohort.value_counts()
        strangers = set(counts.index) - set(self.cohorts)
        assert not strangers, f"cohorts that the flow does not know: {sorted(strangers)}"
        return {name: int(counts.get(name, 0)) for name in self.cohorts}

    def frame(self) -> pd.DataFrame:
        """flow.csv. Raises AssertionError when rows were created or lost between two steps."""
        import pandas as pd

        rows = []
        for order, (step, label, reason, entering, leaving) in enumerate(self.steps):
            if order:
                assert entering == self.steps[order - 1][4], f"step {step} does not begin where the last one ended"
            totals = {POOLED: (sum(entering.values()), sum(leaving.values()))}
            for cohort, (n_in, n_out) in ({c: (entering[c], leaving[c]) for c in self.cohorts} | totals).items():
                assert 0 <= n_out <= n_in, f"step {step} creates rows"
                rows.append((order, step, label, cohort, n_in, n_in - n_out, n_out, reason))
        return pd.DataFrame(rows, columns=list(COLUMNS))
