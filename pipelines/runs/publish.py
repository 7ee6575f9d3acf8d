"""What a notebook hands to the run ledger: its figures, and the versions it read and wrote."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pipelines.errors import UsageError

FIGURES_MIME = "application/vnd.dishpatch.figures+json"

Figure = int | float | str | bool | None


def publish(
    figures: Mapping[str, object],
    *,
    inputs: Mapping[str, int | str] | None = None,
    outputs: Mapping[str, int | str] | None = None,
) -> None:
    """Display one output that the runner collects into the run ledger, readable as text in JupyterLab.

    `figures` are the step's results by name (the unit in the name); `inputs` and `outputs` give the version of each
    dataset read and written, such as {"silver/orders": 12}. A later call adds to an earlier one; of equal
    names the later wins.

    Raises UsageError for a value that is not a number, text, bool, None, date or datetime.
    """
    from IPython.display import display

    payload = figures_payload(figures, inputs=inputs, outputs=outputs)
    # Typed as Any: IPython ships without annotations.
    show: Any = display
    show({FIGURES_MIME: payload, "text/plain": _as_text(payload)}, raw=True)


def figures_payload(
    figures: Mapping[str, object],
    *,
    inputs: Mapping[str, int | str] | None = None,
    outputs: Mapping[str, int | str] | None = None,
) -> dict[str, dict[str, Figure]]:
    """The JSON-safe form of what `publish` displays: {"figures": …, "inputs": …, "outputs": …}."""
    parts: dict[str, Mapping[str, object]] = {"figures": figures, "inputs": inputs or {}, "outputs": outputs or {}}
    return {part: {str(name): plain_value(name, v) for name, v in values.items()} for part, values in parts.items()}


def plain_value(name: object, value: object) -> Figure:
    """One value as JSON knows it: numpy scalars become numbers, instants ISO text, NaN, NaT and pandas.NA None.

    Infinity is refused: JSON has no word for it, and a figure that is infinite is a division that went wrong.
    """
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a numpy scalar; item() is a Python one
        value = value.item()
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if math.isinf(value):
            raise UsageError(f"publish(): figure '{name}' is {value}; publish None where there is nothing to divide by")
        return None if math.isnan(value) else value
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise UsageError(
        f"publish(): figure '{name}' is a {type(value).__name__}; give a number, text, bool, None, date or datetime"
    )


def _as_text(payload: Mapping[str, Mapping[str, Figure]]) -> str:
    lines = []
    for part, values in payload.items():
        if values:
            width = max(len(name) for name in values)
            lines += [f"{part}:"] + [f"  {name:<{width}}  {value}" for name, value in values.items()]
    return "\n".join(lines) or "nothing published"
