"""What customers say afterwards: stars that follow the food and the lateness, and a few words in their language."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import yaml
from scipy.special import ndtri

from generator.city.lives_profile import Lives
from generator.events import EventLog
from generator.lives.outcomes import Outcomes
from generator.lives.placed import PlacedOrders, traits
from generator.streams import Streams
from pipelines.errors import UsageError

TEXTS = Path(__file__).resolve().parent / "review_texts.yaml"

# Stars of the food: restaurants lie around 4.3 with a lasting spread, single dishes vary more.
FOOD_STARS, RESTAURANT_SPREAD, DISH_SPREAD = 4.3, 0.35, 0.75
# Stars of the delivery: 4.7 when punctual, one star less for every twelve minutes past the promise.
PUNCTUAL_STARS, STARS_PER_LATE_SECOND, DELIVERY_SPREAD = 4.7, 1 / 720, 0.55
FOOD_WEIGHT = 0.55  # of food in the overall stars, the rest is delivery


@cache
def review_texts() -> dict[str, dict[str, list[str]]]:
    """What customers write, by language and by what went wrong."""
    found: dict[str, dict[str, list[str]]] = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
    return found


def review(log: EventLog, orders: PlacedOrders, outcomes: Outcomes, lives: Lives, streams: Streams) -> None:
    """Add reviews of delivered orders. Without a promise an order is neither late nor punctual: stars as if on time."""
    size, profile = len(orders), lives.review
    late = np.nan_to_num(np.maximum(outcomes.delivered - orders.promised, 0.0))
    share = np.where((late > 300) | outcomes.never_came, profile.share_when_late, profile.share)
    written = np.isfinite(outcomes.delivered) & (streams.of("review/written").random(size) < share)
    noise = streams.of("review/stars").standard_normal((size, 3)).T
    lasting = RESTAURANT_SPREAD * ndtri(np.clip(traits(orders.restaurant_ids, "food quality"), 0.01, 0.99))
    food = _stars(FOOD_STARS + lasting + DISH_SPREAD * noise[0])
    punctual = PUNCTUAL_STARS - late * STARS_PER_LATE_SECOND
    delivery = _stars(np.where(outcomes.never_came, 1.0, punctual) + DELIVERY_SPREAD * noise[1])
    food = np.where(outcomes.never_came, 1, food).astype(np.int32)  # who got nothing to eat gives it one star
    overall = _stars(FOOD_WEIGHT * food + (1 - FOOD_WEIGHT) * delivery + 0.35 * noise[2])
    wait = profile.delay_seconds * np.exp(1.1 * streams.of("review/delay").standard_normal(size))
    at = outcomes.delivered + np.clip(wait, 120, profile.longest_delay_seconds)
    texts, languages = _words(outcomes.never_came, late, food, delivery, overall, lives, streams)
    which = np.flatnonzero(written)
    log.add(
        "reviews",
        "submitted",
        orders.keys.take(which),
        at[which],
        rating_food=food[which],
        rating_delivery=delivery[which],
        rating_overall=overall[which],
        text=[texts[i] for i in which],
        language=[languages[i] for i in which],
    )


def _stars(value: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.rint(value), 1, 5).astype(np.int32))


def _words(
    never_came: np.ndarray,
    late: np.ndarray,
    food: np.ndarray,
    delivery: np.ndarray,
    overall: np.ndarray,
    lives: Lives,
    streams: Streams,
) -> tuple[list[str | None], list[str | None]]:
    """Text and language of each order's review; both missing where only stars are given."""
    profile, size = lives.review, len(late)
    unknown = sorted(set(profile.languages) - set(review_texts()))
    if unknown:
        raise UsageError(
            f"no review texts in language {unknown[0]!r}; known: {', '.join(review_texts())}. Add them to {TEXTS.name}."
        )
    names, weights = np.array(list(profile.languages), dtype=object), np.array(list(profile.languages.values()))
    language = streams.of("review/language").choice(names, size, p=weights / weights.sum())
    with_text = streams.of("review/with text").random(size) < profile.text_share
    which = streams.of("review/text").random(size)
    moods = ["never came", "late", "good", "food", "delivery"]
    mood = np.select([never_came, late > 600, overall >= 4, food <= 2, delivery <= 2], moods, "mixed")
    choices = [review_texts()[str(tongue)][str(m)] for tongue, m in zip(language, mood, strict=True)]
    picked = [said[int(u * len(said))] for said, u in zip(choices, which, strict=True)]
    return (
        [text if w else None for text, w in zip(picked, with_text, strict=True)],
        [str(tongue) if w else None for tongue, w in zip(language, with_text, strict=True)],
    )
