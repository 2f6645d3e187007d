"""Regenerate the raw files of the demo study from truth.yaml, byte for byte: python data/demo/generate.py [folder]

Without a folder the files are written beside this script and data/register.csv is brought up to date.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE.parent
sys.path.insert(0, str(DATA.parent / "workflow" / "scripts"))

from alliance.robustness.demo_files import write_demo  # noqa: E402
from alliance.robustness.demo_study import load_truth, simulate_study  # noqa: E402

SOURCES = {"truth.yaml": "written by hand", "recovery.csv": "recovery simulation from data/demo/truth.yaml"}


def main(folder: Path) -> list[Path]:
    """Write the seven raw files into ``folder`` and return their paths."""
    truth = load_truth(HERE / "truth.yaml")
    return write_demo(simulate_study(truth, truth["seed"]), truth, folder, truth["seed"])


def data_files() -> list[Path]:
    """All files under data/ that hold data, without the register itself."""
    found = (path for ending in ("csv", "sav", "xlsx", "yaml") for path in DATA.rglob(f"*.{ending}"))
    return sorted(path for path in found if path.name != "register.csv" and "private" not in path.parts)


def write_register() -> None:
    """data/register.csv: file (from the project's root), sha256, licence, source."""
    with (DATA / "register.csv").open("w", newline="", encoding="utf-8") as target:
        table = csv.writer(target, lineterminator="\n")
        table.writerow(["file", "sha256", "licence", "source"])
        for path in data_files():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            source = SOURCES.get(path.name, "simulated by data/demo/generate.py from data/demo/truth.yaml")
            table.writerow([path.relative_to(DATA.parent).as_posix(), digest, "CC0-1.0", source])


if __name__ == "__main__":
    for path in main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE):
        print(f"{path.name}: {path.stat().st_size:,} bytes")
    if len(sys.argv) == 1:
        write_register()
