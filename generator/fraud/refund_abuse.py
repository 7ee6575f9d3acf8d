"""Refund abuse: people whose food is always incomplete."""

from __future__ import annotations

import numpy as np

from generator.fraud.draft import Draft, Stage
from generator.lives.placed import traits

PATTERN = "refund_abuse"


def refund_abuse(draft: Draft, stage: Stage) -> None:
    """Give the orders of some accounts, for as long as these exist, a high chance of a claim."""
    profile, customers = stage.fraud.refund_abuse, draft.column("customer_id").tolist()
    abusers = traits(customers, f"fraud/{PATTERN}") < profile.customers_share
    at = np.flatnonzero(abusers)
    draft.put(at, claim_share=profile.claim_share)
    for position in at:
        draft.mark(PATTERN, customers[position], np.array([position]), altered=False)
