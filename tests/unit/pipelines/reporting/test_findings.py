import pandas as pd
import pytest

from pipelines.reporting.attention import Limits, attention
from pipelines.reporting.eta import eta_finding
from pipelines.reporting.findings_loss import losses_finding, restaurants_finding
from pipelines.reporting.findings_time import by_hour, hours_finding, week_finding, zones_finding
from pipelines.reporting.svg import report_svg

LIMITS = Limits(93.0, 20.0, 15.0, 20)
GOOD = pd.DataFrame([{"source": "Orders", "last_event": "23:59", "complete": 0.999, "quarantined": 1, "state": None}])


def all_of(gold):
    return [
        hours_finding(gold),
        zones_finding(gold, 60),
        losses_finding(gold),
        restaurants_finding(gold, 15),
        week_finding(gold),
    ]


def test_titles_of_a_troubled_day_state_what_the_data_says(normal):
    titles = [f.title for f in all_of(normal)]
    assert titles[0] == "At 21:00 17\u202f% came late; usual is 5\u202f%"
    assert titles[1] == "One order in ten took over 58 minutes in Harbour"
    assert titles[2] == "No courier found: the largest single loss, 34 of 110 lost orders"
    assert titles[3] == "Noodle Yard refused or left unanswered 10 of 24 orders"


def test_titles_of_a_day_without_orders_claim_nothing(none):
    for finding in all_of(none)[:4]:
        assert finding.notice is not None
        assert not any(c.isdigit() for c in finding.title)


def test_three_orders_support_no_claim_on_hours_or_zones(three):
    hours, zones, *_ = all_of(three)
    assert hours.title == "Orders and lateness by hour"
    assert "No hour had 20 of them, so none is judged" in hours.say
    assert zones.notice is not None


def test_an_hour_that_is_empty_today_and_usually_is_not_stays_visible(three):
    hours = by_hour(three).set_index("local_hour")
    assert hours.loc[19, "orders_placed"] == 0
    assert hours.loc[19, "usual_orders"] > 50
    assert pd.isna(hours.loc[19, "late_share"])


def test_hours_after_midnight_stand_last(normal):
    assert by_hour(normal)["local_hour"].tolist()[-2:] == [0, 1]


@pytest.mark.parametrize("case", ["normal", "three", "none"])
def test_every_plot_has_alt_text_and_a_table_and_takes_its_colours_from_the_tokens(case, request):
    for finding in all_of(request.getfixturevalue(case)):
        for svg in finding.svgs:
            assert "#" not in report_svg(svg, alt=finding.alt, prefix="c", where="cell").replace("(#c-", "").replace(
                '"#c-', ""
            )
        assert finding.notice or (finding.alt and finding.say and finding.table["rows"])


def test_attention_names_limits_first_then_what_left_its_usual_range(normal):
    lines = attention(normal, LIMITS, GOOD).lines
    assert [(line["urgency"], line["where"]) for line in lines][:2] == [("act", "Harbourton"), ("act", "Harbour")]
    assert ("look", "No courier found") in [(line["urgency"], line["where"]) for line in lines]
    assert all(int(line["size"].split()[0].replace(",", "")) >= 20 for line in lines)


def test_a_calm_day_needs_no_attention(days):
    calm = days.gold_of(pd.concat([*days.history(20, 600), days.orders_of(days.DAY, 600, 7)], ignore_index=True))
    assert [line["kind"] for line in attention(calm, Limits(80.0, 20.0, 15.0, 20), GOOD).lines] == []


def test_few_orders_after_many_need_attention(three):
    line = attention(three, LIMITS, GOOD).lines[0]
    assert line["what"].startswith("3 orders placed; usual is 5")


def test_a_day_without_orders_and_a_missing_source_are_lines_about_data(none):
    missing = pd.DataFrame(
        [{"source": "Reviews", "complete": None, "quarantined": 0, "state": "missing", "last_event": None}]
    )
    lines = attention(none, LIMITS, missing).lines
    assert [(line["urgency"], line["where"]) for line in lines] == [("data", "Orders"), ("data", "Reviews")]


def test_a_city_without_a_model_is_told_that_there_is_none():
    assert eta_finding(None).notice == ("There is no model for this city yet", "Nothing was predicted for this day.")


def test_a_model_worse_than_the_median_is_called_farther_off():
    hours = [{"local_hour": h, "n": 20, "mae_minutes": 7.0, "median_mae_minutes": 5.0} for h in (12, 13)]
    finding = eta_finding(
        {"status": "evaluated", "n": 40, "mae_minutes": 7.0, "median_mae_minutes": 5.0, "by_hour": hours}
    )
    assert finding.title == "The model was 2.0\u202fmin farther off than the plain median"
    assert len(finding.svgs) == 2
