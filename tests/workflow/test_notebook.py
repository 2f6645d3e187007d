"""The notebook runs from top to bottom on the results of the demo."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = Path("notebooks/explore_results.ipynb")


def run(folder: Path) -> str:
    """Execute the notebook of a project folder; the text that its cells printed or showed."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(folder / NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder / "notebooks")}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(str(o.get("text", "")) + str(o.get("data", {}).get("text/plain", "")) for o in outputs)


@pytest.mark.slow
def test_the_notebook_reads_the_results_of_the_demo(finished):
    shown = run(finished.folder)
    assert "told apart" in shown
    assert "retained_2" in shown
    assert "reproduced" in shown


def test_the_notebook_is_stored_without_output_and_reads_nothing_private():
    import json

    notebook = json.loads((ROOT / NOTEBOOK).read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert "private" not in "".join("".join(cell["source"]) for cell in code)
