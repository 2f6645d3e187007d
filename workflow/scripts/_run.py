"""What every rule's script has in common: its log, its line on the screen, and messages that a user can act on.

A script is `with stage("intake", snakemake): read -> call the library -> write`. Messages go to the rule's log.
When the library raises :class:`alliance.errors.Stop`, its text is left in ``logs/<study>/stopped/<rule>.txt`` for the
Snakefile to print last on the screen; the traceback stays in the log.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from _session import hold_job_lock
from alliance.errors import Stop


@contextmanager
def stage(name: str, snakemake) -> Iterator[None]:
    """Run the body with its output in the rule's log; leave a message where it stops.

    Exits with code 1 after a :class:`Stop` or any other exception. An unexpected one is reported as such, with the
    place of the log, because then the fault is ours and not the user's.
    """
    log = Path(snakemake.log[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with hold_job_lock(), log.open("w", encoding="utf-8") as stream:
        try:
            with redirect_stdout(stream), redirect_stderr(stream):
                yield
        except Exception as error:
            traceback.print_exc(file=stream)
            text = _message(name, error, log)
            stream.write(text + "\n")
            stopped = log.parent / "stopped" / f"{log.stem}.txt"
            stopped.parent.mkdir(parents=True, exist_ok=True)
            stopped.write_text(text + "\n", encoding="utf-8")
            sys.exit(1)
    print(f"  {name:<16}{time.monotonic() - started:6.1f} s", file=sys.stderr, flush=True)


def _message(name: str, error: Exception, log: Path) -> str:
    if isinstance(error, Stop):
        return error.render()
    # The error's own text may quote a row, so it stays in the log.
    return f"STOPPED in {name}: unexpected {type(error).__name__} -> see {log}; it is a fault of ours: please report it"
