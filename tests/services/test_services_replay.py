"""An import on a real Kafka: whole and once, whatever is tried again or killed in between."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from generator.history import replay as replay_module
from generator.history.record import records
from generator.history.replay import Request, replay
from pipelines.errors import ContractViolation, ImportRefused
from pipelines.movers.progress import published_units
from pipelines.settings import Settings
from tests.unit.generator.history.examples import GOOD, HEADER, MAPPING, TOWN, write
from tests.unit.generator.history.field_mappings import NEW_YORK, PAYOUTS
from tests.unit.generator.history.field_rows import EXPLAINED, PAID, PAYOUT
from tests.unit.generator.history.test_rappi import COURIERS, ORDERS

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("services")]


@pytest.fixture
def rappi(tmp_path: Path) -> Request:
    return Request("rappi", write(tmp_path, *ORDERS[:5]), write(tmp_path, *COURIERS[:4], name="couriers.csv"))


def dated(folder: Path, city: str, *rows: str, name: str = "orders.csv") -> Request:
    """A request for a file with dates, of a town of its own."""
    mapping = folder / "lunch.yaml"
    mapping.write_text(json.dumps(MAPPING | {"cities": [TOWN | {"city_id": city}]}), encoding="utf-8")
    return Request(str(mapping), write(folder, HEADER, *rows, name=name))


def test_an_import_is_published_once_and_again_changes_nothing(rappi: Request, services: Settings) -> None:
    first, again = replay(rappi), replay(rappi)
    assert (first.status, again.status) == ("published", "already there")
    progress = published_units("replay:rappi:medellin")[first.record["unit"]]
    assert progress["rows"]["orders"] == sum(first.events["orders"].values())
    assert progress["rows"]["courier_shifts"] == 6
    assert [r["status"] for r in records() if r["unit"] == first.record["unit"]] == ["published"]
    assert again.record["orders"] == first.record["orders"]


def test_another_file_of_the_same_city_and_day_is_refused_until_it_has_its_own_day(
    tmp_path: Path, rappi: Request
) -> None:
    replay(rappi)
    other = Request("rappi", write(tmp_path, *ORDERS[:3], name="other.csv"), rappi.couriers)
    with pytest.raises(ImportRefused, match="--date"):
        replay(other)


def test_the_same_files_with_another_seed_are_refused(rappi: Request) -> None:
    replay(rappi)
    with pytest.raises(ImportRefused, match="another seed or mapping"):
        replay(Request(rappi.mapping, rappi.orders, rappi.couriers, seed=2))


def test_a_later_export_adds_only_the_rows_that_are_new(tmp_path: Path) -> None:
    second = GOOD.replace("001", "002")
    assert replay(dated(tmp_path, "exporttown", GOOD)).status == "published"
    later = replay(dated(tmp_path, "exporttown", GOOD, second, name="later.csv"))
    assert later.record["orders"]["duplicate"] == 1
    assert later.events["orders"]["real"] == 1
    everything_known = replay(dated(tmp_path, "exporttown", second, name="third.csv"))
    assert everything_known.status == "nothing new"


def test_an_export_with_its_columns_moved_and_one_more_has_the_same_rows(tmp_path: Path) -> None:
    replay(dated(tmp_path, "widetown", GOOD))
    header, rows = (",".join(["note", *reversed(text.split(","))]) for text in (HEADER, GOOD))
    request = dated(tmp_path, "widetown")
    wider = Request(request.mapping, write(tmp_path, header, rows.replace("note,", "hello,"), name="wider.csv"))
    assert replay(wider).status == "nothing new"


@pytest.mark.parametrize("change", [{"name": "copied"}, {"clock": "utc"}, {"format": "%Y-%d-%m %H:%M:%S"}])
def test_the_same_file_by_another_mapping_is_refused(tmp_path: Path, change: dict[str, str]) -> None:
    request = dated(tmp_path, f"copytown{len(str(change))}", GOOD.replace("001", "077"))
    replay(request)
    content = json.loads(Path(request.mapping).read_text(encoding="utf-8"))
    content["orders"]["columns"]["placed_at"] |= {"format": change.pop("format")} if "format" in change else {}
    Path(request.mapping).write_text(json.dumps(content | change), encoding="utf-8")
    with pytest.raises(ImportRefused, match="imported before as"):
        replay(request)


def test_the_same_file_of_two_cities_is_recorded_for_each_and_refused_to_both_by_another_mapping(
    tmp_path: Path,
) -> None:
    row = GOOD.replace("001", "088")
    for city in ("eastside", "westside"):
        assert replay(dated(tmp_path, city, row)).status == "published"
    mine = [r for r in records() if r["city_id"] in ("eastside", "westside")]
    assert len({r["recorded_in"] for r in mine}) == len(mine) == 2
    request = dated(tmp_path, "eastside", row)
    content = json.loads(Path(request.mapping).read_text(encoding="utf-8"))
    Path(request.mapping).write_text(json.dumps(content | {"name": "renamed"}), encoding="utf-8")
    with pytest.raises(ImportRefused, match="by replay:lunch:eastside"):
        replay(request)
    later = replay(dated(tmp_path, "eastside", row, GOOD.replace("001", "089"), name="later.csv"))
    assert later.record["orders"]["duplicate"] == 1


def test_two_imports_of_one_new_file_at_once_publish_it_once_and_both_end_well(tmp_path: Path) -> None:
    request = dated(tmp_path, "twintown", GOOD)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(replay, [request, request]))
    assert sorted(one.status for one in done) == ["already there", "published"]
    (record,) = [r for r in records() if r["producer_id"] == "replay:lunch:twintown"]
    assert record["status"] == "published"


def test_an_import_killed_before_it_is_published_leaves_nothing_and_the_next_try_imports_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = dated(tmp_path, "killtown", GOOD)

    def die(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(replay_module, "publish_unit", die)
        with pytest.raises(KeyboardInterrupt):
            replay(request)
    assert published_units("replay:lunch:killtown") == {}
    # The record was left as `prepared`; another file with the same row is not taken for a repeat of it.
    other = replay(dated(tmp_path, "killtown", GOOD, GOOD.replace("001", "002"), name="other.csv"))
    assert other.record["orders"]["duplicate"] == 0
    assert other.status == "published"


def payouts(folder: Path, city: str, *rows: str, name: str = "payouts.csv") -> Request:
    """A request for a payout report of a city of its own."""
    mapping = folder / "payouts.yaml"
    content = PAYOUTS | {"cities": [NEW_YORK | {"city_id": city}], "max_rejected_share": 0.5}
    mapping.write_text(json.dumps(content), encoding="utf-8")
    return Request(str(mapping), write(folder, EXPLAINED, PAYOUT, *rows, name=name))


def test_a_refund_in_a_later_report_belongs_to_the_order_of_the_earlier_one_and_comes_once(tmp_path: Path) -> None:
    first = replay(payouts(tmp_path, "payouttown", *PAID[:1], *PAID[2:]))
    assert first.events["orders"]["real"] == 4  # three placed, one of them cancelled
    later = payouts(tmp_path, "payouttown", PAID[0], PAID[1], PAID[4], name="later.csv")
    done = replay(later)
    assert {n: c for n, c in done.record["orders"].items() if c} == {"read": 3, "imported": 1, "duplicate": 2}
    assert done.events["payments"] == {"real": 1, "simulated": 0}
    assert replay(later).status == "already there"
    again = replay(payouts(tmp_path, "payouttown", PAID[1], PAID[4], name="again.csv"))
    assert (again.status, again.record["orders"]["duplicate"]) == ("nothing new", 2)


def test_a_mapping_whose_rules_changed_is_refused_with_the_days_that_would_differ(tmp_path: Path) -> None:
    row = GOOD.replace("001", "002")
    request = dated(tmp_path, "ruletown", f"{GOOD}", row)
    replay(request)
    content = json.loads(Path(request.mapping).read_text(encoding="utf-8"))
    content["orders"]["filters"] = [{"column": "id", "drop": ["002"]}]
    Path(request.mapping).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ImportRefused, match=r"2026-03-06 \(2 orders, now 1\)"):
        replay(request)


def test_bounds_that_changed_are_refused_with_the_key_to_raise_and_then_imported(tmp_path: Path) -> None:
    replay(dated(tmp_path, "growntown", GOOD))
    request = dated(tmp_path, "growntown", GOOD.replace("001", "002"), name="next.csv")
    content = json.loads(Path(request.mapping).read_text(encoding="utf-8"))
    town = content["cities"][0]
    town["bounds"]["max_lat"] += 0.1
    Path(request.mapping).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ImportRefused, match=r"write `revision: 2` beside `city_id: growntown`"):
        replay(request)
    town["revision"] = 2
    Path(request.mapping).write_text(json.dumps(content), encoding="utf-8")
    assert replay(request).status == "published"


def test_an_import_that_kafka_would_refuse_registers_no_city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = dated(tmp_path, "nocity", GOOD)

    def broken(*_args: object) -> dict[str, pa.Table]:
        return {"orders": real_events_of(*_args)["orders"].drop_columns(["order_id"])}  # type: ignore[arg-type]

    real_events_of = replay_module.events_of
    monkeypatch.setattr(replay_module, "events_of", broken)
    with pytest.raises(ContractViolation, match="order_id_missing"):
        replay(request)
    assert published_units("city:nocity") == {}
