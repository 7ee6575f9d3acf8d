"""What is wrong with a format of times or a template of identities, in words, before any row is read by it."""

from __future__ import annotations

from datetime import UTC, datetime

from generator.history.mapping_parts import PLACEHOLDER, SERIAL_FORMATS
from generator.history.units import METRES, MINOR, MINUTES

# Kind of a field -> the units its column may say.
UNITS_OF = {"length": tuple(METRES), "duration": tuple(MINUTES), "money": MINOR, "signed_money": MINOR}
SAME_FOR_ALL = ("city", "day")  # placeholders that many rows of a file share


def format_problem(time_format: str) -> str:
    """Why times cannot be read by the format; empty if they can."""
    if time_format in SERIAL_FORMATS:
        return ""
    hint = f"write strptime codes such as %Y-%m-%d %H:%M:%S, one of {', '.join(SERIAL_FORMATS)}, or leave it out (ISO)"
    if "%" not in time_format.replace("%%", ""):
        return f"{time_format!r} has no code of a time; {hint}"
    try:
        datetime.strptime("", time_format).replace(tzinfo=UTC)
    except ValueError as error:
        if "does not match" not in str(error):
            return f"{time_format!r}: {str(error).split(' in format')[0]}; {hint}"
    return ""


def template_problem(template: str) -> str:
    """Why a template gives no identities; empty if it does."""
    rest = PLACEHOLDER.sub("", template)
    if "{" in rest or "}" in rest:
        return f"{template!r} has a brace without its partner; a part of the row is written {{order_id}}"
    if set(PLACEHOLDER.findall(template)) <= set(SAME_FOR_ALL):
        return f"{template!r} is the same for every row; name a field or column in braces, e.g. {{order_id}}"
    return ""
