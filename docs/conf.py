"""How Sphinx makes the site from these pages; `python3 go.py docs` calls it, with warnings as errors."""

import shutil
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

import supplysim

HERE = Path(__file__).parent

project = "supplysim"
author = "supplysim authors"
copyright = "supplysim authors, MIT licence"
release = version = supplysim.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = [
    "data/notes/*",
    "history-notes.md",
    "validation-notes.md",
]  # parts that scripts put into pages
default_role = "py:obj"  # `Network` in a docstring links where there is such a name

myst_enable_extensions = ["deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE.parent / "build" / "notebook-cache")
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_default_options = {"members": True, "imported-members": True}

html_theme = "furo"
html_title = f"supplysim {version}"
html_copy_source = False
html_math_renderer = "mathml"  # browsers know it; nothing is fetched and no script runs


def formula(writer, node: nodes.Element) -> None:
    """Write an equation as MathML."""
    block = isinstance(node, nodes.math_block)
    writer.body.append(tex2mathml(node.astext(), as_block=block))
    raise nodes.SkipNode


def fetch(app: Sphinx) -> None:
    """Put beside the pages what is kept elsewhere: the notebooks, and every command's help."""
    notebooks = HERE / "notebooks"
    shutil.rmtree(notebooks, ignore_errors=True)
    shutil.copytree(HERE.parent / "notebooks", notebooks, ignore=shutil.ignore_patterns(".*"))
    told = [sys.executable, "-m", "typer", "supplysim.cli", "utils", "docs", "--name", "supplysim"]
    page = HERE / "reference" / "commands.md"
    subprocess.run([*told, "--output", str(page)], check=True, stdout=subprocess.DEVNULL)
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("# `supplysim`", "# Commands", 1), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (formula, None), (formula, None))
    app.connect("builder-inited", fetch)
