"""The pages on the bundled data, one a chain: `python docs/make_data.py` writes them anew.

Each page is a note by hand (docs/data/notes) with drawings and tables from the network and its figures. A test
holds that the text is what this script makes of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

import supplysim as ss
from supplysim import calibration, exposure, plots
from supplysim.calibration.figures import Figures, read_figures
from supplysim.calibration.lookup import Lookup
from supplysim.calibration.rows import Published
from supplysim.calibration.stocks import held
from supplysim.catalogue import figures_path
from supplysim.exposure.static import shares
from supplysim.model import Network, Site
from supplysim.model.slot import Slot

ROOT = Path(__file__).resolve().parent / "data"
NAME = "jp-de-cn-2022"
CHAINS = {
    "gallium-germanium": "Gallium and germanium",
    "graphite": "Graphite and anodes",
    "rare-earths": "Rare earths and magnets",
    "battery-metals": "Lithium, cobalt, nickel, manganese",
    "batteries": "Batteries",
    "chip-inputs": "What chips are made with",
    "chips": "Chips",
    "users": "Cars, machines and the other users",
}
WEAKEST = 12
DRAWN = (
    "price",
    "value_added_share",
    "jobs",
    "utilisation",
    "cycle_time",
    "cover_made",
    "cover",
    "reaction",
)
"""Parameters from whose ranges ensembles draw."""


def main() -> int:
    """Write every page and drawing."""
    network, figures = ss.load_network(NAME), read_figures(figures_path(NAME))
    for name, text in pages(network, figures).items():
        (ROOT / name).write_text(text, encoding="utf-8", newline="\n")
        print(f"docs/data/{name}")
    for chain in CHAINS:
        axes = plots.chain(network, chain)
        plots.save(axes, ROOT / f"{chain}.png", dpi=100)
    plots.save(plots.tiers(network, "electric-car"), ROOT / "tiers.png", dpi=80)
    return 0


def pages(network: Network, figures: Figures) -> dict[str, str]:
    """The text of every page by file name."""
    fit, flows = calibration.fit(network, figures), exposure.flows(network)
    found = {"README.md": _index(network, figures, fit)}
    for chain, title in CHAINS.items():
        found[f"{chain}.md"] = (
            "\n".join(_page(chain, title, network, figures, fit, flows)).rstrip() + "\n"
        )
    return found


# --- a chain -------------------------------------------------------------------------------------


def _page(
    chain: str,
    title: str,
    network: Network,
    figures: Figures,
    fit: pd.DataFrame,
    flows: pd.DataFrame,
) -> Iterator[str]:
    names = [item.name for item in network.commodities if item.chain == chain]
    yield f"# {title}\n"
    yield "Made by `python docs/make_data.py` from the figures and `docs/data/notes`; [all chains](README.md).\n"
    yield f"![Who makes and who uses what in this chain]({chain}.png)\n"
    note = ROOT / "notes" / f"{chain}.md"
    if note.exists():
        yield note.read_text(encoding="utf-8").rstrip() + "\n"
    yield "## China's part in each step\n"
    yield _table(_steps(network, flows, names))
    yield "## Published shares beside ours\n"
    yield _table(_published(network, flows, figures, names)) or "None found.\n"
    yield "## Figures beside the balanced network\n"
    yield "Figures that were read or derived, and what the undisturbed network has in their place.\n"
    own = fit[[_about(name, names) for name in fit["name"]]]
    told = own[(own["confidence"] != "assumed") & (own["kind"] != "recipe")]
    yield _table(_fitted(told)) or "None.\n"
    yield "## Stocks\n"
    yield (
        "Days that figures state (between all users), and days on hand in the undisturbed network: more, where orders "
        "every two weeks, lots of a week and customers' bursts need more than was stated.\n"
    )
    yield _table(_stocks(network, figures, names))
    yield "## The weakest figures\n"
    yield "Assumed, of what ensembles draw from, with the widest ranges.\n"
    yield _table(_weakest(figures, names))
    yield "## Codes and controls\n"
    yield _table(_codes(network, names))


def _about(figure: str, names: list[str]) -> bool:
    kind, *words = figure.split()
    subject = words[words.index("in") + 2] if kind == "recipe" else words[0]
    return subject in names


def _steps(network: Network, flows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """By commodity: world output, China's share of it, and what Japan and Germany draw from China."""
    dependence = exposure.dependence_table(network, ["JP", "DE"], "CN")
    rows = []
    for name in names:
        own = flows[flows["commodity"] == name]
        made = own.groupby("origin")["quantity"].sum()
        total = made.sum()
        others = made.drop("CN", errors="ignore").sort_values(ascending=False).head(3)
        row = {
            "commodity": name,
            "output a year": f"{_number(total, False)} {network.commodity_by_name[name].unit}",
            "China makes": _percent(made.get("CN", 0.0) / total),
            "then": ", ".join(f"{place} {value / total:.0%}" for place, value in others.items()),
        }
        for country in ("JP", "DE"):
            for label in ("use", "imports"):
                column = f"{country} {label}"
                known = name in dependence.index
                row[f"{column} from China"] = _percent(
                    dependence.loc[name, column] if known else None
                )
        rows.append(row)
    return pd.DataFrame(rows)


def _published(
    network: Network, flows: pd.DataFrame, figures: Figures, names: list[str]
) -> pd.DataFrame:
    rows = []
    for item in figures.published:
        if item.commodity in names:
            rows.append(
                {
                    "commodity": item.commodity,
                    "what": _what(item.measure, item.importer, item.origin),
                    "published": _percent(item.value),
                    "ours": _percent(_ours(network, flows, item)),
                    "year": item.evidence.year,
                    "source": item.evidence.source,
                    "note": item.evidence.note,
                }
            )
    return pd.DataFrame(rows)


def _what(measure: str, importer: str, origin: str) -> str:
    if measure.startswith("world"):
        return f"{measure}, {origin}"
    return f"{measure} of {importer} from {origin}"


def _ours(network: Network, flows: pd.DataFrame, item: Published) -> float | None:
    """The network's value of a published share; None where the network has no such thing."""
    name, origin = item.commodity, item.origin
    if item.measure.startswith("world"):
        made = flows[flows["commodity"] == name].groupby("origin")["quantity"].sum()
        return float(made.get(origin, 0.0) / made.sum()) if len(made) else None
    try:
        importers, places = network.countries([item.importer]), network.countries([origin])
    except ss.InvalidInput:
        return None
    table = shares(flows, importers, imports_only="import" in item.measure)
    if name not in table.index:
        return None
    return float(table.loc[name, [c for c in table.columns if c in places]].sum())


def _fitted(fit: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "figure": fit["name"],
            "given": [
                _number(value, "share" in unit)
                for value, unit in zip(fit["given"], fit["unit"], strict=True)
            ],
            "network": [
                _number(value, "share" in unit)
                for value, unit in zip(fit["baseline"], fit["unit"], strict=True)
            ],
            "off": [f"{value:+.0%}" for value in fit["off"]],
            "unit": fit["unit"],
            "year": fit["year"],
            "confidence": fit["confidence"],
            "source": fit["source"],
        }
    )


def _stocks(network: Network, figures: Figures, names: list[str]) -> pd.DataFrame:
    """By commodity and country: days of cover stated and held, by users and by makers."""
    lookup, beyond, baseline = Lookup(figures), held(network), network.baseline()
    rows = []
    for name in names:
        row = {"commodity": name}
        for country in ("JP", "DE", "CN"):
            users = [
                (slot, baseline.use[slot.key], slot.item.policy.days + beyond.slots[slot.key])
                for slot in network.slots.values()
                if (slot.commodity, slot.country) == (name, country) and slot.kind != "store"
            ]
            total = sum(use for _, use, _ in users)
            cells = ["", ""]
            if total > 0.0:
                stated = sum(use * _stated(lookup, network, slot) for slot, use, _ in users) / total
                found = sum(use * days for _, use, days in users) / total
                cells = [f"{stated:.0f}", f"{found:.0f}"]
            row[f"{country} stated"], row[f"{country} held"] = cells
        makers = [site for site in network.sites if site.makes == name]
        output = sum(baseline.output[site.name] for site in makers)
        stated = sum(baseline.output[s.name] * _made(lookup, s) for s in makers) / output
        found = (
            sum(baseline.output[s.name] * (s.cover + beyond.sites[s.name]) for s in makers) / output
        )
        row |= {"makers stated": f"{stated:.0f}", "makers held": f"{found:.0f}"}
        rows.append(row)
    return pd.DataFrame(rows)


def _stated(lookup: Lookup, network: Network, slot: Slot) -> float:
    """The cover that figures state for a slot, firms taken together."""
    if slot.kind == "demand":
        user = slot.node.removeprefix(f"{slot.country.lower()}-{slot.commodity}-")
    else:
        user = network.site_by_name[slot.node].makes
    row = lookup.parameter("cover", slot.commodity, slot.country, user)
    return row.value if row else 0.0


def _made(lookup: Lookup, site: Site) -> float:
    row = lookup.parameter("cover_made", site.makes, site.country)
    return row.value if row else 0.0


def _weakest(figures: Figures, names: list[str]) -> pd.DataFrame:
    rows = []
    for table in ("production", "trade", "use", "recipes", "parameters"):
        for item in getattr(figures, table):
            subject = getattr(item, "product", "") or getattr(item, "commodity", "")
            value = getattr(item, "quantity", None) or getattr(item, "value", None)
            if subject not in names or item.evidence.confidence != "assumed" or not value:
                continue
            place = [
                getattr(item, part, "")
                for part in ("country", "process", "exporter", "importer", "use", "input", "user")
            ]
            label = getattr(item, "parameter", table)
            if table == "parameters" and label not in DRAWN:
                continue
            rows.append(
                {
                    "figure": " ".join(filter(None, [label, subject, *place])),
                    "value": _number(value, False),
                    "range": f"{_number(item.low, False)} to {_number(item.high, False)}",
                    "unit": item.unit,
                    "why": item.evidence.note,
                    "width": (item.high - item.low) / value,
                }
            )
    found = pd.DataFrame(rows).sort_values("width", ascending=False).head(WEAKEST)
    return found.drop(columns="width")


def _codes(network: Network, names: list[str]) -> pd.DataFrame:
    rows = [network.commodity_by_name[name] for name in names]
    columns = {
        "commodity": "name",
        "HS": "hs",
        "CN (EU)": "cn",
        "Japan": "jp",
        "controls": "controls",
    }
    return pd.DataFrame(
        {title: [getattr(item, field) for item in rows] for title, field in columns.items()}
    )


# --- all chains ----------------------------------------------------------------------------------


def _index(network: Network, figures: Figures, fit: pd.DataFrame) -> str:
    read = fit[(fit["confidence"] == "read") & fit["kind"].isin(["production", "trade"])]
    within = (read["off"].abs() <= 0.1).mean()
    counts = pd.Series(
        [
            item.evidence.confidence
            for t in (
                "production",
                "trade",
                "use",
                "recipes",
                "parameters",
                "hosts",
                "firms",
                "routes",
            )
            for item in getattr(figures, t)
        ]
    ).value_counts()
    note = (ROOT / "notes" / "README.md").read_text(encoding="utf-8").rstrip()
    lines = [
        "# The data: jp-de-cn-2022, by chain\n",
        note + "\n",
        "![What goes into an electric car, tier by tier, and where it is made](tiers.png)\n",
        "| chain | commodities |\n|---|---|",
        *(
            f"| [{title}]({chain}.md) | {', '.join(c.name for c in network.commodities if c.chain == chain)} |"
            for chain, title in CHAINS.items()
        ),
        "\n## In numbers\n",
        f"{len(network.commodities)} commodities, {len(network.sites)} sites, {len(network.stores)} hubs, "
        f"{len(network.demands)} final uses, {len(network.lanes)} lanes. Figures: "
        f"{counts.get('read', 0)} read, {counts.get('derived', 0)} derived, {counts.get('assumed', 0)} assumed; "
        f"{len(network.ranges)} numbers of the network have a range. Of {len(read)} figures of production and trade "
        f"that were read, {within:.0%} lie within 10 % of the undisturbed network "
        f"({_within(read, 'production')}; {_within(read, 'trade')}).\n",
        "## Value added and jobs\n",
        "Of the undisturbed network: USD billion a year and thousand jobs, in the steps that it has.\n",
        _table(_value(network)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _within(read: pd.DataFrame, kind: str) -> str:
    own = read[read["kind"] == kind]["off"].abs() <= 0.1
    return f"{kind}: {own.sum()} of {len(own)}"


def _value(network: Network) -> pd.DataFrame:
    table = exposure.value_added(network)
    table["cell"] = [
        f"{v / 1e9:,.1f} ({j / 1e3:,.0f})"
        for v, j in zip(table["value_added"], table["jobs"], strict=True)
    ]
    wide = table.pivot_table(
        index="country", columns="sector", values="cell", aggfunc="first", fill_value=""
    )
    total = table.groupby("country")["value_added"].sum().sort_values(ascending=False)
    wide = wide.reindex(total.index)
    wide["all"] = [f"{value / 1e9:,.1f}" for value in total]
    return wide.reset_index()


# --- text ----------------------------------------------------------------------------------------


def _percent(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.0%}"


def _number(value: float, share: bool) -> str:
    if share:
        return f"{value:.2f}"
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"


def _table(table: pd.DataFrame) -> str:
    """A table in Markdown."""
    if table.empty:
        return ""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * len(table.columns)]
    for row in table.itertuples(index=False):
        lines.append("| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
