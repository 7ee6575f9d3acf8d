"""How orders end otherwise than at the door: shares for kitchens and customers, where the history tells endings."""

from __future__ import annotations

from typing import Any

from generator.city.lives_profile import Lives
from generator.like.observed import Observed

ENDINGS = ("rejected", "unanswered", "cancelled_by_customer", "failed")


def fit_endings(observed: Observed, usual: Lives) -> dict[str, dict[str, Any]]:
    """Values for `lives`, by section; those of usual lives where the history says nothing.

    Customers who gave up waiting are not told apart from those who changed their mind: all count as changed minds, and
    nobody loses patience besides. "No courier" is not a share of its own: supply and demand decide it.
    """
    endings = observed.orders["ending"].dropna()
    kitchen = {"rejection_share": usual.kitchen.rejection_share, "unanswered_share": usual.kitchen.unanswered_share}
    if endings.empty:
        return {"kitchen": kitchen}
    share = {name: round(float((endings == name).mean()), 5) for name in ENDINGS}
    return {
        "kitchen": {"rejection_share": share["rejected"], "unanswered_share": share["unanswered"]},
        "customer": {
            "change_mind_share": share["cancelled_by_customer"],
            "impatient_share": 0.0,
            "absent_share": share["failed"],
        },
    }
