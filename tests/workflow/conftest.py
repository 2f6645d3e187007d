"""A copy of the project in a temporary folder, and its command line."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPED = {".git", ".venv", ".snakemake", "results", "logs", "__pycache__", ".pytest_cache", ".hypothesis"}


@dataclass
class Run:
    """What one call of the command line left: its exit code and all that stood on the screen."""

    code: int
    screen: str


@dataclass
class Project:
    """A copy of the project that a test may spoil."""

    folder: Path

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", *words]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "OMP_NUM_THREADS": "1", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def snakemake(self, *words: str, cores: int = 2) -> Run:
        done = subprocess.run(
            self.command("--cores", str(cores), *words),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=900,
        )
        return Run(done.returncode, done.stdout)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the first ``old`` in a text file; the test is wrong if it is not there."""
        file = self.folder / path
        text = file.read_bytes().decode("utf-8")
        assert old in text, f"{old!r} is not in {path}"
        file.write_bytes(text.replace(old, new, 1).encode("utf-8"))

    def hashes(self, folder: str = "results") -> dict[str, str]:
        """sha256 of every result but the receipt, which tells of the run and not of the study."""
        root = self.folder / folder
        files = sorted(file for file in root.rglob("*") if file.is_file() and file.name != "receipt.json")
        return {file.relative_to(root).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def copy_project(target: Path) -> Project:
    shutil.copytree(ROOT, target, ignore=lambda _, names: SKIPPED & set(names), symlinks=True)
    return Project(target)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """The demo, run once from nothing. Tests must not change it: copy it with ``spoilable``."""
    project = copy_project(tmp_path_factory.mktemp("finished") / "project")
    run = project.snakemake()
    assert run.code == 0, run.screen
    (project.folder / "screen.txt").write_text(run.screen, encoding="utf-8")
    return project


@pytest.fixture
def spoilable(finished, tmp_path) -> Project:
    """A copy of the finished demo, results and all, with its times kept."""
    shutil.copytree(finished.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


@pytest.fixture
def fresh(tmp_path) -> Project:
    """The project without results."""
    return copy_project(tmp_path / "project")
