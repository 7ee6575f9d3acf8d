"""What the evaluation's report says: every sentence computed from the errors, in favour of the model or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from models.eta.evaluate import CLOSE_MINUTES, Evaluation, by_group
from pipelines.reporting import numbers as n
from pipelines.reporting.tiles import tile

MIN_GROUP_ROWS = 20  # under it a mean error says more of single orders than of the hour or zone
MAX_ZONES = 8


def _min(minutes: float | None) -> str:
    return n.BLANK if minutes is None else f"{n.number(minutes, 1)}{n.NARROW}min"


def summary(document: Mapping[str, Any]) -> str:
    """The report's first sentence: how far the model is off beside the median, or why nothing can be said."""
    if document["status"] != "evaluated":
        return f"**Not judged**: {document['reason']}."
    said = {"better": "**nearer than**", "no different": "**no better than**", "worse": "**further off than**"}
    return (
        f"The delivery-time model was off by **{_min(document['mae_minutes'])}** on average, "
        f"{said[document['verdict']]} the hour-and-zone median at {_min(document['median_mae_minutes'])}, "
        f"over {n.plural(document['n'], 'delivery', 'deliveries')}."
    )


def hours_table(evaluation: Evaluation) -> pd.DataFrame:
    """By hour in the order of the business day: local_hour, n, mae_minutes, median_mae_minutes, bias_minutes."""
    first = evaluation.scored.groupby("local_hour")["placed_at"].min().sort_values()
    return by_group(evaluation.scored, ["local_hour"]).set_index("local_hour").loc[first.index].reset_index()


def zones_table(evaluation: Evaluation) -> pd.DataFrame:
    """The largest zones with enough deliveries, furthest behind the median first; `accent` where one is behind."""
    zones = by_group(evaluation.scored, ["zone_id", "zone_name"], MIN_GROUP_ROWS).rename(columns={"zone_name": "name"})
    zones = zones.sort_values(["n", "zone_id"], ascending=[False, True]).head(MAX_ZONES)
    behind = zones["mae_minutes"] - zones["median_mae_minutes"]
    zones = zones.assign(behind=behind).sort_values("behind", ascending=False, kind="stable").reset_index(drop=True)
    return zones.assign(accent=(zones.index == 0) & (zones["behind"] > 0)).drop(columns=["behind", "zone_id"])


def hours_texts(evaluation: Evaluation) -> dict[str, str]:
    """Title, alt text and sentence of the finding by hour."""
    document, hours = evaluation.document, hours_table(evaluation)
    gap = _min(abs(document["mae_minutes"] - document["median_mae_minutes"]))
    ends = {
        "better": f"{gap} less than the hour-and-zone median",
        "no different": f"no better than the hour-and-zone median ({_min(document['median_mae_minutes'])})",
        "worse": f"{gap} more than the hour-and-zone median",
    }
    best, worst = _extremes(hours)
    named = hours.assign(name=hours["local_hour"].map(n.hour))
    where = _where_not(named, "hour", f"with {MIN_GROUP_ROWS} deliveries or more")
    return {
        "hours_title": f"The model was off by {_min(document['mae_minutes'])} on average, {ends[document['verdict']]}",
        "hours_say": f"{where} {_furthest(hours)}".strip(),
        "hours_alt": (
            "Two lines by local hour, mean absolute error in minutes of the model and of the median. Model lowest at "
            f"{n.hour(best['local_hour'])} with {_min(best['mae_minutes'])}, highest at {n.hour(worst['local_hour'])} "
            f"with {_min(worst['mae_minutes'])}."
        ),
    }


def errors_texts(evaluation: Evaluation) -> dict[str, str]:
    """Title, alt text and sentence of the finding on the spread of errors."""
    errors = evaluation.scored["error_minutes"]
    close, short, long = (
        n.percent(float(share), 0)
        for share in (
            (errors.abs() <= CLOSE_MINUTES).mean(),
            (errors < -CLOSE_MINUTES).mean(),
            (errors > CLOSE_MINUTES).mean(),
        )
    )
    bias, median_share = evaluation.document["bias_minutes"], evaluation.document["median_share_within_5_minutes"]
    return {
        "errors_title": (
            f"{close} of deliveries came within {CLOSE_MINUTES} min of the forecast, {short} later, {long} earlier"
        ),
        "errors_say": (
            f"The forecast was {_lean(bias)}; one delivery in ten came more than {_min(_tenth_late(errors))} "
            f"after it. The median is within {CLOSE_MINUTES} min for {n.percent(median_share, 0)}."
        ),
        "errors_alt": (
            f"Bars of the share of deliveries by error in minutes, forecast minus truth: {close} within "
            f"{CLOSE_MINUTES} minutes, {short} with the forecast too short, {long} with it too long."
        ),
    }


def zones_texts(evaluation: Evaluation) -> dict[str, str]:
    """Title, alt text and sentence of the finding by zone; for use where `zones_table` has a row."""
    zones = zones_table(evaluation)
    nearer = int((zones["mae_minutes"] < zones["median_mae_minutes"]).sum())
    share = f"all {len(zones)} zones" if nearer == len(zones) > 1 else f"{nearer} of {n.plural(len(zones), 'zone')}"
    title = f"Nearer than the median in {share}"
    if zones["accent"].any():
        title += f", furthest behind in {zones['name'].iloc[0]}"
    low, high = _extremes(zones)
    return {
        "zones_title": title,
        "zones_say": _where_not(zones, "zone", "shown"),
        "zones_alt": (
            f"Marks by zone, mean absolute error in minutes of model and median. Model lowest in {low['name']} with "
            f"{_min(low['mae_minutes'])}, highest in {high['name']} with {_min(high['mae_minutes'])}."
        ),
    }


def _extremes(groups: pd.DataFrame) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The rows with the model's smallest and largest error."""
    rows: list[Any] = groups.sort_values("mae_minutes", kind="stable").to_dict("records")
    return rows[0], rows[-1]


def _furthest(hours: pd.DataFrame) -> str:
    """The hour with the largest error among those with enough deliveries, and to which side it leaned."""
    enough = hours[hours["n"] >= MIN_GROUP_ROWS]
    if enough.empty:
        return ""
    worst = _extremes(enough)[1]
    when, error = n.hour(worst["local_hour"]), _min(worst["mae_minutes"])
    return f"Of these it was furthest off at {when}: {error}, {_lean(worst['bias_minutes'])}."


def _lean(bias_minutes: float) -> str:
    """`on average 2.2 min too short`."""
    if abs(bias_minutes) < 0.05:
        return "on average neither too short nor too long"
    return f"on average {_min(abs(bias_minutes))} too {'short' if bias_minutes < 0 else 'long'}"


def _tenth_late(errors: pd.Series) -> float:
    return max(float(-errors.quantile(0.1)), 0.0)


def _where_not(groups: pd.DataFrame, what: str, which: str) -> str:
    """In how many groups the model was nearer, and the names of those where it was not."""
    enough = groups[groups["n"] >= MIN_GROUP_ROWS]
    if enough.empty:
        return f"No {what} has {MIN_GROUP_ROWS} deliveries, too few to compare one with another."
    behind = enough[enough["mae_minutes"] >= enough["median_mae_minutes"]]
    said = f"Of the {n.plural(len(enough), what)} {which}, the model was nearer in "
    if behind.empty:
        return f"{said}all."
    said += n.word(len(enough) - len(behind)) if len(behind) < len(enough) else "none"
    names = [str(name) for name in behind["name"][:4]]
    more = f" and {len(behind) - 4} more" if len(behind) > 4 else ""
    return f"{said}; not in {', '.join(names)}{more}."


def tiles(document: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Six headline figures, each beside its own history in the `earlier` evaluations."""
    rows = (
        ("Model's error", "mae_minutes", "minutes", "down", "mae"),
        ("Median's error", "median_mae_minutes", "minutes", "down", "median"),
        ("Within 5 minutes", "share_within_5_minutes", "%", "up", "close"),
        ("Forecast minus truth", "bias_minutes", "minutes", None, "bias"),
        ("Deliveries judged", "n", "", None, "judged"),
        ("Unknown places", "cold_share", "%", "down", "cold"),
    )
    day = date.fromisoformat(document["business_date"])
    made = []
    for label, key, unit, good_when, definition in rows:
        known = {e["business_date"]: e.get(key) for e in earlier if e["status"] == "evaluated"}
        before = [known.get(str(day - timedelta(days=back))) for back in range(28, 0, -1)]
        history = before if any(v is not None for v in before) else []
        compare = {"yesterday": before[-1], "last week": before[-7]}
        value = document[key] if document["status"] == "evaluated" else None
        options: Any = {"good_when": good_when, "definition": definition, "empty": "Not judged"}
        made.append(tile(label, value, unit, history=history, compare=compare, **options))
    return made


def attention(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """What someone should look at: columns that changed under the model, a model that does not pay."""
    lines = [
        _line("data", "Input", warning, "Mend the source, or train again once the change is meant")
        for warning in document["warnings"]
    ]
    if document["verdict"] == "worse":
        what = "The model was further off than the hour-and-zone median"
        lines.insert(0, _line("look", "Model", what, "Promise by the median until it is nearer again"))
    return lines


def _line(urgency: str, kind: str, what: str, look: str) -> dict[str, str]:
    return {
        "urgency": urgency,
        "where": "Whole city",
        "kind": kind,
        "what": what,
        "since": "",
        "size": "",
        "look": look,
    }


def finding_texts(evaluation: Evaluation | None) -> dict[str, str]:
    """Title, sentence and alt text of every finding, by name; plain subjects where there is nothing to find."""
    texts = {"hours_title": "Error by hour", "errors_title": "Spread of the errors", "zones_title": "Error by zone"}
    if evaluation is None or evaluation.document["status"] != "evaluated":
        return texts
    texts |= hours_texts(evaluation) | errors_texts(evaluation)
    return texts if zones_table(evaluation).empty else texts | zones_texts(evaluation)
