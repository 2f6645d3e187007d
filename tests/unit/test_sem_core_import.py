"""What importing the engine costs: numpy and scipy, never pandas, statsmodels or semopy."""

import json
import subprocess
import sys

HEAVY = ["pandas", "statsmodels", "semopy", "matplotlib", "sklearn"]


def loaded_after(code: str) -> list[str]:
    script = f"{code}\nimport sys, json\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    return json.loads(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)


def test_importing_the_package_and_its_functions_loads_nothing_heavy():
    assert loaded_after("import alliance.sem") == []
    assert loaded_after("from alliance.sem import fit_sem, polychoric, fit_sam, invariance_ladder, simulate") == []


def test_every_public_name_exists():
    import alliance.sem as engine

    assert all(callable(getattr(engine, name)) for name in engine.__all__)
