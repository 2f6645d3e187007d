"""Errors that are written for the person who runs the study, not for the programmer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an input, where it stands, and what to change.

    ``file`` is a path as the config names it; ``place`` is a row, column, key or sheet in words
    ("row 12, column bond_3"; "key outcomes.primary"); ``remedy`` is an imperative sentence.
    """

    what: str
    file: str = ""
    place: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.file, self.place) if part)
        text = f"{where}: {self.what}" if where else self.what
        return f"{text} -> {self.remedy}" if self.remedy else text


class Stop(Exception):
    """Ends a stage with a message for the user: all problems found, each with its remedy.

    The command line prints ``STOPPED in <stage>: ...`` from it; nobody sees a traceback.
    """

    def __init__(self, stage: str, problems: Problem | list[Problem]):
        self.stage = stage
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__(self.render())

    def render(self) -> str:
        """The message: one problem on one line, several as a numbered list."""
        if len(self.problems) == 1:
            return f"STOPPED in {self.stage}: {self.problems[0]}"
        lines = [f"STOPPED in {self.stage}: {len(self.problems)} problems"]
        lines += [f"  {i}. {problem}" for i, problem in enumerate(self.problems, 1)]
        return "\n".join(lines)
