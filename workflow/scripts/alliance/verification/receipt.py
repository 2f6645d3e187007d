"""What ran and with what: the one result that tells of the run and not of the study, so it differs between runs."""

from __future__ import annotations

import csv
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from alliance.verification.manifest import sha256

PACKAGES = (
    "snakemake",
    "numpy",
    "scipy",
    "pandas",
    "statsmodels",
    "semopy",
    "pyarrow",
    "pyreadstat",
    "openpyxl",
    "jinja2",
    "matplotlib",
    "python-docx",
)


def package_versions(names: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Installed versions; a package that is not installed is left out."""
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_state(folder: str | Path = ".") -> dict[str, Any]:
    """Commit and whether tracked files differ from it; both None where there is no git repository (an unpacked
    archive)."""

    def ask(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=30, check=True)
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.strip()

    commit = ask("rev-parse", "HEAD")
    changes = ask("status", "--porcelain", "--untracked-files=no") if commit else None
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def seconds_per_rule(folder: str | Path) -> dict[str, float]:
    """Wall-clock seconds by rule, from the benchmark files that Snakemake wrote; sorted by rule."""
    seconds = {}
    for file in sorted(Path(folder).glob("*.tsv")):
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
        if rows:
            seconds[file.stem] = round(float(rows[-1]["s"]), 2)
    return seconds


def claims_summary(path: str | Path | None) -> dict[str, int]:
    """How many claims had each verdict; empty when the study reports none."""
    if not path:
        return {}
    counts: dict[str, int] = {}
    with Path(path).open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            verdict = row["verdict"].partition(":")[0]
            counts[verdict] = counts.get(verdict, 0) + 1
    return dict(sorted(counts.items()))


def receipt(
    *,
    study: str,
    seed: int,
    manifest: str | Path,
    inputs: str | Path,
    files: Mapping[str, str | Path],
    claims: str | Path | None,
    benchmarks: str | Path,
) -> dict[str, Any]:
    """The receipt as one mapping.

    ``inputs`` is intake's table of raw files (file, sha256); ``files`` are further inputs (codebook, lock) by name;
    ``manifest`` lists the outputs.
    """
    with Path(inputs).open(encoding="utf-8", newline="") as stream:
        raw = {row["file"]: row["sha256"] for row in csv.DictReader(stream)}
    with Path(manifest).open(encoding="utf-8", newline="") as stream:
        made = {row["file"]: row["sha256"] for row in csv.DictReader(stream)}
    return {
        "study": study,
        "seed": seed,
        **git_state(),
        "lock_sha256": sha256(files["lock"]),
        "python": platform.python_version(),
        "packages": package_versions(),
        "platform": {"system": platform.system(), "release": platform.release(), "machine": platform.machine()},
        "inputs": {**raw, **{str(path): sha256(path) for name, path in files.items() if name != "lock"}},
        "outputs": made,
        "claims": claims_summary(claims),
        "seconds": seconds_per_rule(benchmarks),
    }
