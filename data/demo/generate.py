"""Regenerate the raw files of the demo study from truth.yaml, byte for byte: python data/demo/generate.py [folder]"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "workflow" / "scripts"))

from alliance.robustness.demo_files import write_demo  # noqa: E402
from alliance.robustness.demo_study import load_truth, simulate_study  # noqa: E402


def main(folder: Path) -> list[Path]:
    """Write the seven raw files into ``folder`` and return their paths."""
    truth = load_truth(HERE / "truth.yaml")
    return write_demo(simulate_study(truth, truth["seed"]), truth, folder, truth["seed"])


if __name__ == "__main__":
    for path in main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE):
        print(f"{path.name}: {path.stat().st_size:,} bytes")
