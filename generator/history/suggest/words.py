"""Words of states and kinds as data sets use them, in ours; a word that is not known is asked for."""

from __future__ import annotations

import re

from generator.history.blanks import blank
from generator.history.targets import WORDS

# Ours -> how others say it.
STATES = {
    "delivered": r"delivered|completed?|fulfilled|finished|done|closed|success(ful)?",
    "cancelled": r"cancel(l)?ed|canceled by .*|void(ed)?|aborted|cancelled by .*",
    "rejected": r"rejected|declined|refused",
    "failed": r"failed|undelivered|returned",
    "unanswered": r"unanswered|expired|timed? ?out|no answer",
    "open": r"open|pending|created|placed|accepted|approved|invoiced|processing|preparing|ready|shipped|dispatched"
    r"|in (progress|transit|delivery)|on the way|picked up",
}
REFUND = r".*(refund|adjustment|chargeback|credit).*"
CHARGE = r".*(advert|marketing|subscription|fee|charge|payout|tax|misc).*"
TYPES = {"adhoc": r"ad ?-?hoc|asap|now|instant|on ?demand", "preorder": r"pre ?-?order|scheduled|later|planned"}
BY = {
    "customer": r"customer|client|user|eater", "restaurant": r"restaurant|store|merchant|shop|vendor",
    "courier": r"courier|driver|rider", "platform": r"platform|system|support|admin|auto(matic)?",
}  # fmt: skip
OURS = {"state": STATES, "order_type": TYPES, "cancelled_by": BY}


def words_of(field: str, words: list[str]) -> dict[str, str]:
    """The file's words -> ours, or a blank that lists ours."""
    known = OURS[field]
    found = {}
    for word in words:
        folded = " ".join(word.lower().replace("_", " ").split())
        ours = next((ours for ours, said in known.items() if re.fullmatch(said, folded)), None)
        found[word] = ours if ours is not None else blank(f"what is {word!r}: {', '.join(WORDS[field])}")
    return found


def kinds_of(words: list[str]) -> dict[str, str]:
    """The file's words -> order, refund or charge, where not all of them are orders; else nothing."""
    kinds = {}
    for word in words:
        folded = " ".join(word.lower().split())
        is_state = any(re.fullmatch(said, folded) for said in STATES.values())
        kind = "refund" if re.fullmatch(REFUND, folded) else "charge" if re.fullmatch(CHARGE, folded) else "order"
        kinds[word] = "order" if is_state else kind
    return kinds if set(kinds.values()) != {"order"} else {}
