"""What all stages share: where things stand, and what a job's result depends on."""

from pathlib import Path

RESULTS = config["results"]
LOGS = f"logs/{config['study']['name']}"
BENCHMARKS = f"benchmarks/{config['study']['name']}"


def result(path):
    """A file under the study's results."""
    return f"{RESULTS}/{path}"


def asked(*blocks):
    """Whether the config asks for all of these stages."""
    return all(config.get(block) for block in blocks)


def raw_files():
    """The raw files of the study, in the order of the config."""
    return [entry["path"] for entry in config["inputs"].values()]


def library(*packages):
    """The library's files and the lock: Snakemake does not see that a helper module has changed."""
    root = Path(workflow.basedir) / "scripts" / "alliance"
    found = [*root.glob("*.py"), *(f for p in packages for f in (root / p).rglob("*.py"))]
    return [os.path.relpath(f) for f in sorted(found)] + ["requirements.lock"]


def study_config(*blocks):
    """The parts of the config that a rule depends on: a change there, and only there, runs it again."""
    return {"seed": config["seed"], **{block: config.get(block) for block in blocks}}
