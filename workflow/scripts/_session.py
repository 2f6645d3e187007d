"""The command line as the user meets it: one run at a time, and the last line says what matters.

Snakemake's own lock outlives a killed run and then asks for a second command; ours are held by the operating system
and vanish with their process. ``run.lock`` is held by the run, ``jobs.lock`` is shared by its jobs, so that a run that
is started again waits for the orphans of a killed one instead of writing beside them.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import sys
import time
from pathlib import Path
from typing import IO

from alliance.errors import Problem, Stop
from alliance.inputs import all_files, placed

LOCKS = Path(".snakemake")
_held: list[IO[str]] = []


def prefer(scripts: Path) -> None:
    """Let the jobs use this checkout's library, whatever else is installed, and one BLAS thread each.

    Linear algebra on several threads adds up in another order, which moves the twelfth digit.
    """
    paths = [str(scripts.resolve()), os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def hush() -> None:
    """Leave out what the scheduler says at each step; the stages print a line each."""
    from snakemake.logging import logger

    said = ("Select jobs to execute", "Execute ")
    logger.addFilter(lambda record: not str(record.msg).startswith(said))


def place_inputs(config: dict, file: str = "config") -> list[Problem]:
    """Put ``folder`` before the paths of the inputs (in place) and name every raw file that is not there.

    Snakemake would name missing files too, but without a remedy, and only after it has planned the jobs.
    """
    problems = _place(config, file)
    for key in ("codebook", "claims"):
        if config.get(key) and not Path(config[key]).is_file():
            remedy = f"put the file there, or change {key}"
            if key == "codebook":
                remedy += "; snakemake --cores 1 draft_codebook writes a first one"
            problems.append(Problem("no such file", config[key], f"{file}, key {key}", remedy))
    return problems


def _place(config: dict, file: str) -> list[Problem]:
    folder = Path(config.get("folder") or "")
    problems = []
    for name, entry in config["inputs"].items():
        entry |= placed(entry, folder)
        for path in all_files(entry):
            if not Path(path).is_file():
                keys = f"inputs.{name}.path" + (" or folder" if config.get("folder") else "")
                remedy = f"put the file there, or change {keys}"
                problems.append(Problem("no such file", path, f"{file}, key inputs.{name}", remedy))
    return problems


def drafting() -> bool:
    """Whether the command asks for the draft of a codebook, and so for a config that names the raw files only."""
    return any(word.partition(":")[0] == "draft_codebook" for word in sys.argv[1:])


def ready_to_draft(config: dict, file: str = "config") -> list[Problem]:
    """Problems of the inputs; the rest of the config may still be missing and is given what the rules need of it."""
    from alliance.study import schema_problems

    asked = [p for p in schema_problems(config, file) if p.place.startswith("key inputs") or "key inputs" in p.what]
    for key, value in (("codebook", "config/codebook.csv"), ("results", "results"), ("seed", 0)):
        config.setdefault(key, value)
    if not isinstance(config.get("study"), dict) or "name" not in config["study"]:
        config["study"] = {"name": "draft", "title": "Draft"}
    for key in ("ids", "sample"):
        config.setdefault(key, {})
    return asked or _place(config, file)


def stopped(stage: str, problems: list[Problem]) -> str:
    """The message of a stop that happens before any job runs."""
    return Stop(stage, problems).render()


def start(logs: str, patience: float = 300.0) -> None:
    """Take the run's lock, wait for the orphans of a killed run, and forget the messages of the last one.

    Raises SystemExit when another run is at work in this folder, or when orphans outlive ``patience`` seconds.
    """
    LOCKS.mkdir(exist_ok=True)
    run = (LOCKS / "run.lock").open("w")
    try:
        fcntl.flock(run, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        busy = Problem("another run is at work in this folder", remedy="wait until it has ended, then start again")
        raise SystemExit(stopped("start", [busy])) from None
    _held.append(run)
    with (LOCKS / "jobs.lock").open("w") as jobs:
        _wait_for(jobs, patience)
    shutil.rmtree(Path(logs) / "stopped", ignore_errors=True)


def hold_job_lock() -> IO[str]:
    """A shared lock for the time of one job; the operating system lets it go when the job ends, however it ends."""
    LOCKS.mkdir(exist_ok=True)
    jobs = (LOCKS / "jobs.lock").open("w")
    fcntl.flock(jobs, fcntl.LOCK_SH)
    return jobs


def _wait_for(jobs: IO[str], patience: float) -> None:
    end = time.monotonic() + patience
    told = False
    while True:
        try:
            fcntl.flock(jobs, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if not told:
                print("Waiting for the jobs of an interrupted run to end ...", file=sys.stderr, flush=True)
                told = True
            if time.monotonic() > end:
                orphan = Problem("jobs of an interrupted run are still at work", remedy="end them, then start again")
                raise SystemExit(stopped("start", [orphan])) from None
            time.sleep(0.2)


def success(results: str) -> str:
    """What is said when all went well: where the result is."""
    report = Path(results) / "report.html"
    return f"Report: {report}" if report.exists() else f"Results: {results}"


def drafted(logs: str) -> str:
    """What the draft of a codebook has to say."""
    return Path(logs, "draft_codebook.log").read_text(encoding="utf-8").strip()


def failure(logs: str) -> str:
    """The messages that the stopped stages left, or where to look when none did."""
    messages = [file.read_text(encoding="utf-8").strip() for file in sorted(Path(logs, "stopped").glob("*.txt"))]
    return "\n".join(messages) or f"STOPPED: see the lines above and the logs in {logs}"


def say_at_end(text: str) -> None:
    """Print after everything that Snakemake still has to say."""
    atexit.register(print, text, file=sys.stderr, flush=True)
