from datetime import date, datetime

import pytest

from pipelines.reporting import numbers as n


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (n.number(3412), "3,412"),
        (n.number(-96), "−96"),
        (n.number(-0.04, 1), "0.0"),
        (n.percent(0.9241), "92.4\u202f%"),
        (n.percent(0.284, 0), "28\u202f%"),
        (n.points(-0.0112), "1.1 points"),
        (n.points(0.01), "1.0 point"),
        (n.minutes(1745), "29\u202fmin"),
        (n.minutes(1745, 1), "29.1\u202fmin"),
        (n.money(123450, "COP"), "COP\u202f1,234.50"),
        (n.between(93.42, 94.16, 1), "93.4–94.2"),
        (n.hour(9), "09:00"),
        (n.long_date(date(2026, 3, 10)), "Tuesday 10 March 2026"),
        (n.short_date(date(2026, 3, 3)), "Tue 3 March"),
        (n.clock(datetime(2026, 3, 9, 23, 58), date(2026, 3, 10)), "Mon 23:58"),  # noqa: DTZ001  a local clock
        (n.arrow(-0.011, n.points(0.011)), "↓ 1.1 points"),
        (n.arrow(0.00001, n.points(0.00001)), "unchanged"),
        (n.ordinal(3), "third"),
        (n.ordinal(12), "12th"),
        (n.plural(1, "order"), "1 order"),
    ],
)
def test_a_figure_is_written_by_the_rules_of_reports(text, written):
    assert text == written


@pytest.mark.parametrize("write", [n.number, n.percent, n.points, n.minutes])
@pytest.mark.parametrize("blank", [None, float("nan")])
def test_a_missing_figure_is_a_dash_and_never_zero(write, blank):
    assert write(blank) == "–"
