"""One self-contained page that a minister's office can read: what is lost, when, why, what would help, how sure we
are."""

from supplysim.report.page import render
from supplysim.report.story import Story

__all__ = ["Story", "render"]
