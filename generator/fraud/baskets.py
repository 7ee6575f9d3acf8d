"""Baskets of fraud: dishes of the menu in portions such as anybody orders, only more of them."""

from __future__ import annotations

import numpy as np

from generator.demand.baskets import filled
from generator.demand.restaurants import TASTED_DISHES, restaurants_of
from generator.fraud.draft import Draft, Stage
from generator.fraud.profile import Basket


def fill_baskets(draft: Draft, stage: Stage, pattern: str, profile: Basket, at: np.ndarray) -> None:
    """Give the orders `at` new baskets of their restaurants, at full price. For all orders of a pattern in one call."""
    shops, size = restaurants_of(stage.city, stage.seed), len(at)
    rows = {shop: n for n, shop in enumerate(shops.ids)}
    shop = np.array([rows[one] for one in draft.column("restaurant_id")[at]], dtype=np.int64)
    offered = np.diff(shops.menus.first)[shop]
    wanted = stage.streams.of(f"fraud/{pattern}/dishes").integers(profile.dishes.least, profile.dishes.most + 1, size)
    lines = np.minimum(wanted, offered)
    taste = stage.streams.of(f"fraud/{pattern}/taste").random((size, TASTED_DISHES))
    taste[np.arange(TASTED_DISHES)[None, :] >= offered[:, None]] = np.inf
    double = stage.streams.of(f"fraud/{pattern}/portions").random((size, TASTED_DISHES)) < profile.two_portions_share
    taken = np.arange(TASTED_DISHES)[None, :] < lines[:, None]
    dish = (np.argsort(taste, axis=1) + shops.menus.first[shop][:, None])[taken]
    draft.fill(at, filled(lines, dish, 1 + double[taken], shops.menus))
