"""Charts as SVG that stands inside a page: no outside reference, a text in place of the picture, its size left to the
page."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Picture", "picture"]


@dataclass(frozen=True)
class Picture:
    """``svg`` is markup that may stand in a page as it is; ``caption`` says what is seen."""

    svg: str
    caption: str


def picture(axes: Axes, alternative: str, caption: str = "") -> Picture:
    """Draw a chart into markup; ``alternative`` tells its content to those who do not see it."""
    import matplotlib as mpl

    figure = axes.get_figure(root=True)
    assert figure is not None
    file = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "supplysim"}):
        figure.savefig(
            file,
            format="svg",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    drawn = file.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    inches = re.search(r'viewBox="0 0 ([\d.]+) ', drawn)
    width = float(inches.group(1)) if inches else 540.0
    head = f'<svg role="img" aria-label="{escape(alternative, quote=True)}" style="max-width:{width * 1.45:.0f}px" '
    drawn = re.sub(r'(<svg[^>]*?) width="[\d.]+pt"', r"\1", drawn, count=1)
    drawn = re.sub(r'(<svg[^>]*?) height="[\d.]+pt"', r"\1", drawn, count=1)
    return Picture(head + drawn.removeprefix("<svg").lstrip(), caption)
