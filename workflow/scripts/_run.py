"""What every rule's script has in common: its log, and messages that a user can act on.

A script is `with stage("intake", snakemake): read -> call the library -> write`. Messages go to the rule's log.
When the library raises :class:`alliance.errors.Stop`, its text is left in ``logs/<study>/stopped/<rule>.txt`` for the
Snakefile to print last on the screen; the traceback stays in the log.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from alliance.errors import Stop


def stopped_file(log: str) -> Path:
    """Where the message of a stopped stage stands: beside its log."""
    path = Path(log)
    return path.parent / "stopped" / f"{path.stem}.txt"


@contextmanager
def stage(name: str, snakemake) -> Iterator[None]:
    """Run the body with its output in the rule's log; leave a message where it stops.

    Exits with code 1 after a :class:`Stop` or any other exception. An unexpected one is reported as such, with the
    place of the log, because then the fault is ours and not the user's.
    """
    log = Path(snakemake.log[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    message = stopped_file(str(log))
    message.unlink(missing_ok=True)
    with log.open("w", encoding="utf-8") as stream:
        try:
            with redirect_stdout(stream), redirect_stderr(stream):
                yield
        except Exception as error:
            traceback.print_exc(file=stream)
            if isinstance(error, Stop):
                text = error.render()
            else:
                text = f"STOPPED in {name}: unexpected {type(error).__name__}: {error} -> please report it with {log}"
            message.parent.mkdir(parents=True, exist_ok=True)
            message.write_text(text + "\n", encoding="utf-8")
            stream.write(text + "\n")
            sys.exit(1)
