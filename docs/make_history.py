"""Plays every episode with an observed history again and writes docs/history.md: ``python docs/make_history.py``.

The series of natural graphite comes from a snapshot of customs data that is read beside the project if it is
there, and of which only scores are printed.
"""

from __future__ import annotations

import csv
import dataclasses
import sys
from pathlib import Path

import supplysim as ss
from supplysim import catalogue, history
from supplysim.history.score import BETTER, INSIDE, MONTHS_OFF, VOLUME

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared" / "episodes"
REPLICATIONS = 24
EPISODES = (
    "gallium-licence-2023",
    "germanium-licence-2023",
    "graphite-licence-2023",
    "rare-earths-2010",
    "hydrogen-fluoride-2019",
)
GRAPHITE = {
    "all destinations": ("sum_of_tracked_partners", ()),
    "Japan": ("to_Japan", ("JP",)),
}
HEAD = (HERE / "history-notes.md").read_text(encoding="utf-8")


def graphite(where: str) -> ss.History | None:
    """The monthly series, against its mean of January to September 2023."""
    path = SHARED / "ep04_graphite_2023.csv"
    if not path.is_file():
        return None
    ending, to = GRAPHITE[where]
    with path.open(encoding="utf-8") as file:
        series = f"CN_export_natural_graphite_HS250410_{ending}"
        rows = [r for r in csv.DictReader(file) if r["series"] == series]
    months = {r["date"]: float(r["value"]) for r in rows if "2023-01" <= r["date"] <= "2024-08"}
    before = [v for m, v in months.items() if m <= "2023-09"]
    return ss.History(
        title=f"Natural graphite of China, {where}",
        origin="CN",
        to=to,
        commodities=["flake-graphite", "spherical-graphite"],
        unit="t",
        baseline=sum(before) / len(before),
        baseline_reason="Mean of January to September 2023.",
        observations=[ss.Observation(month=m, value=v) for m, v in sorted(months.items())],
    )


def play(scenario: ss.Scenario, replications: int = REPLICATIONS) -> dict[str, ss.Ensemble]:
    """The scenario, the undisturbed network and the nulls, on the same draws."""
    network = catalogue.load_network(scenario.network)
    calm = dataclasses.replace(scenario, name="undisturbed", measures=(), history=None)
    cases = {"undisturbed": calm, "scenario": scenario, **history.nulls(scenario)}
    return {
        name: ss.ensemble(
            network,
            case,
            replications=min(replications, 4)
            if name not in ("undisturbed", "scenario")
            else replications,
            progress=False,
        )
        for name, case in cases.items()
    }


def scored(scenario: ss.Scenario, runs: dict[str, ss.Ensemble]):  # type: ignore[no-untyped-def]
    """Months beside the observed, and the score."""
    network = catalogue.load_network(scenario.network)
    record, base = scenario.history, runs["undisturbed"]
    assert record is not None
    nulls = {n: r for n, r in runs.items() if n not in ("undisturbed", "scenario")}
    few = {name: history.monthly_exports(r, base, record, network) for name, r in nulls.items()}
    months = history.monthly_exports(runs["scenario"], base, record, network)
    return months, few, history.score(months, scenario, few)


def table(scenario: ss.Scenario, runs: dict[str, ss.Ensemble], *, printed: bool = True) -> str:
    """Markdown of one episode; a series that is not ours to print is only scored against."""
    months, nulls, score = scored(scenario, runs)
    record = scenario.history
    assert record is not None
    shown = months[months["observed"].notna()]
    lines = [
        f"### {record.title}",
        "",
        "| month | observed | simulated | 5-95 % | " + " | ".join(nulls) + " |",
    ]
    lines.append("|---" * (4 + len(nulls)) + "|")
    for i, row in shown.iterrows():
        others = " | ".join(f"{nulls[name].loc[i, 'index']:.2f}" for name in nulls)
        lines.append(
            f"| {row['month']} | {_observed(row, printed)} | {row['index']:.2f} | "
            f"{row['index_low']:.2f} to {row['index_high']:.2f} | {others} |"
        )
    met = {True: "met", False: "MISSED"}
    lines += [
        "",
        f"RMS error {score.rms:.2f} of a normal month over {score.months} months from {score.first} on.",
    ]
    for name in nulls:
        better = score.better(name)
        mark = met[better >= BETTER]
        rms = score.null_rms[name]
        lines.append(f'Against "{name}" ({rms:.2f}): {better:+.0%}, mark {BETTER:.0%}: {mark}.')
    lines.append(
        f"Inside the band: {score.inside:.0%}, mark {INSIDE:.0%}: {met[score.inside >= INSIDE]}."
    )
    for volume in score.volumes:
        if volume.counted:
            lines.append(
                f"Volume over {volume.months} months ({volume.counted} observed): {volume.off:+.0%}, mark "
                f"{VOLUME:.0%}: {met[abs(volume.off) <= VOLUME]}."
            )
    lines.append(
        f"Trough {score.simulated_trough}, observed {score.observed_trough}: off by {score.trough_off}, mark "
        f"{MONTHS_OFF}: {met[score.trough_off <= MONTHS_OFF]}."
    )
    return "\n".join(lines)


def _observed(row, printed: bool) -> str:  # type: ignore[no-untyped-def]
    return f"{row['observed_index']:.2f}" if printed else "not printed"


def naka() -> str:
    """Shipments of the Naka fab by day since the fire."""
    scenario = catalogue.load_scenario("naka-fire-2021")
    run = ss.simulate(catalogue.load_network("naka-2021"), scenario, horizon=365)
    fire = 77
    made = run.data.output.sel(site="jp-naka").rolling(time=7).mean().to_numpy()[fire:]
    back = (
        max(day for day in range(150) if made[day] < 99.0) + 1 - 3
    )  # the mean of 7 days is in the middle
    days = (0, 20, 30, 45, 60, 75, 90, 105, 120, 135)
    row = " | ".join(f"{made[day]:.0f}" for day in days)
    return (
        "### Shipments of the Naka fab, per cent of before the fire\n\n"
        f"| day | {' | '.join(map(str, days))} |\n|---{'|---' * len(days)}|\n| simulated | {row} |\n\n"
        f"Back to 99 % on day {back}; reported: days 118 to 124: {'met' if 118 <= back <= 124 else 'MISSED'}."
    )


def main() -> None:
    """Write the page."""
    parts = [HEAD.rstrip()]
    for name in EPISODES:
        scenario = catalogue.load_scenario(name)
        print(name, file=sys.stderr)
        records = [scenario.history] if scenario.history else [graphite(x) for x in GRAPHITE]
        parts.append(f"## {scenario.title}")
        found = [record for record in records if record is not None]
        if not found:
            parts.append("The series is not here to be read.")
            continue
        with_history = [dataclasses.replace(scenario, history=record) for record in found]
        runs = play(with_history[0])
        printed = scenario.history is not None
        parts += [table(case, runs, printed=printed) for case in with_history]
    parts.append(naka())
    (HERE / "history.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
