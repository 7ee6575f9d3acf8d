"""The flow: every step stated once, by the notebook that is the step and the datasets it reads and writes.

The order is never written down: a step depends on the steps that write what it reads. Dataset names are those of
the contracts, with `kafka/<topic>` for what the generator or a replay brings in from outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from pipelines.errors import UsageError
from pipelines.settings import PROJECT_DIR

NOTEBOOKS_DIR = PROJECT_DIR / "notebooks"

# What tells of an order: the operational state and silver/orders are made of these and of the cities.
ORDER_TOPICS = (
    "orders",
    "restaurant_responses",
    "courier_assignments",
    "delivery_progress",
    "payments",
    "reviews",
)
TOPICS = (*ORDER_TOPICS, "courier_shifts", "cities", "app_events", "courier_gps", "traffic", "weather")
GOLD_TABLES = (
    "orders_by_hour_and_zone",
    "fulfilment_by_day_and_restaurant",
    "delivery_times_by_hour_and_zone",
    "satisfaction_by_day_and_restaurant",
    "operations_by_day",
)

KAFKA = tuple(f"kafka/{topic}" for topic in TOPICS)
BRONZE = tuple(f"bronze/{topic}" for topic in TOPICS)
GOLD = tuple(f"gold/{table}" for table in GOLD_TABLES)
SILVER = ("silver/orders", "silver/quarantine")
OPERATIONS = ("operations/orders_by_id", "operations/active_orders_by_zone", "operations/orders_by_courier")

# What a flow may read without writing it.
EXTERNAL = frozenset(KAFKA)

# The cities and days that per-city steps run for are looked up here, so each of them waits for it to be written.
TARGETS_DATASET = "warehouse/orders"


@dataclass(frozen=True)
class Step:
    """One notebook of the flow. A `per_city` step runs once for each (city, business date).

    The executed notebook of a `report` step is published as an HTML page.
    """

    name: str
    notebook: Path
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    summary: str
    per_city: bool = False
    report: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """All that must be written before the step can run: what it reads, and where its cities are looked up."""
        looked_up = self.per_city and TARGETS_DATASET not in self.reads
        return (*self.reads, TARGETS_DATASET) if looked_up else self.reads


def _step(folder: str, name: str, reads: Sequence[str], writes: Sequence[str], summary: str, **kinds: bool) -> Step:
    return Step(name, NOTEBOOKS_DIR / folder / f"{name}.ipynb", tuple(reads), tuple(writes), summary, **kinds)


STEPS: tuple[Step, ...] = (
    _step("10_bronze", "kafka_to_bronze", KAFKA, BRONZE, "Events from Kafka to Delta on S3, each exactly once"),
    _step(
        "10_bronze",
        "kafka_to_cassandra",
        [f"kafka/{topic}" for topic in ORDER_TOPICS],
        OPERATIONS,
        "The operational state of every order, by event time",
    ),
    _step(
        "20_silver",
        "silver_orders",
        [f"bronze/{topic}" for topic in (*ORDER_TOPICS, "cities")],
        SILVER,
        "One row an order, its whole life",
    ),
    _step("30_warehouse", "silver_to_warehouse", ["silver/orders"], ["warehouse/orders"], "What changed, to Snowflake"),
    *(
        _step("40_gold", f"gold_{table}", ["warehouse/orders"], [f"gold/{table}"], table.replace("_", " ").capitalize())
        for table in GOLD_TABLES
    ),
    _step(
        "50_models",
        "train_eta",
        ["silver/orders"],
        ["models/eta"],
        "Delivery time at order time, learnt from earlier days",
        per_city=True,
    ),
    _step(
        "50_models",
        "evaluate_eta",
        ["silver/orders", "models/eta"],
        ["models/eta_evaluation"],
        "The model beside the hour-and-zone median, on the later day",
        per_city=True,
        report=True,
    ),
    _step(
        "60_reports",
        "daily_operations",
        [*GOLD, "warehouse/orders", "models/eta_evaluation"],
        ["reports/daily_operations"],
        "A city's business day, for its manager",
        per_city=True,
        report=True,
    ),
    _step(
        "00_explore",
        "the_city",
        ["silver/orders", *(name for name in BRONZE if name not in ("bronze/payments", "bronze/reviews"))],
        ["reports/the_city"],
        "A day of a city in plots and maps",
        per_city=True,
        report=True,
    ),
)


def dependencies(steps: Sequence[Step]) -> dict[str, tuple[str, ...]]:
    """For each step, in an order in which they can run, the names of the steps that write its inputs.

    Raises UsageError for two steps of one name, two writers of one dataset, a read that nothing writes, or a cycle.
    """
    writers = _writers(steps)
    needs: dict[str, set[str]] = {}
    for step in steps:
        if step.name in needs:
            raise UsageError(f"pipelines/flow.py names two steps '{step.name}'; give one another name")
        unknown = [dataset for dataset in step.reads if dataset not in writers and dataset not in EXTERNAL]
        if unknown:
            raise UsageError(
                f"Step {step.name} reads {', '.join(unknown)}, which no step writes; see pipelines/flow.py"
            )
        needs[step.name] = {writers[dataset] for dataset in step.inputs if dataset in writers}
    try:
        order = tuple(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise UsageError(f"The flow goes in a circle: {' → '.join(error.args[1])}; see pipelines/flow.py") from error
    position = {step.name: i for i, step in enumerate(steps)}
    return {name: tuple(sorted(needs[name], key=position.__getitem__)) for name in order}


def _writers(steps: Sequence[Step]) -> dict[str, str]:
    writers: dict[str, str] = {}
    for step in steps:
        for dataset in step.writes:
            if dataset in writers:
                raise UsageError(f"Both {writers[dataset]} and {step.name} write {dataset}; a dataset has one writer")
            writers[dataset] = step.name
    return writers


def writer_of(dataset: str, steps: Sequence[Step] = STEPS) -> str | None:
    """Name of the step that writes a dataset; None if none does."""
    return next((step.name for step in steps if dataset in step.writes), None)


def step_named(name: str, steps: Sequence[Step] = STEPS) -> Step:
    """The step of that name; UsageError lists the names there are."""
    for step in steps:
        if step.name == name:
            return step
    raise UsageError(f"There is no step '{name}'; the steps are: {', '.join(step.name for step in steps)}")


def selected(steps: Sequence[Step], *, from_steps: Sequence[str] = (), only: Sequence[str] = ()) -> tuple[Step, ...]:
    """The steps to run: all, exactly `only`, or `from_steps` and everything that depends on them."""
    if from_steps and only:
        raise UsageError(
            "--from and --only exclude each other: --from runs a step and what follows, --only that step alone"
        )
    for name in (*from_steps, *only):
        step_named(name, steps)
    if only:
        return tuple(step for step in steps if step.name in only)
    if not from_steps:
        return tuple(steps)
    reached = set(from_steps) | downstream(dependencies(steps), from_steps)
    return tuple(step for step in steps if step.name in reached)


def downstream(needs: Mapping[str, Sequence[str]], names: Sequence[str]) -> set[str]:
    """Names of all steps that depend on `names`, directly or not. `needs` is in running order."""
    reached: set[str] = set()
    for name, upstream in needs.items():
        if any(up in reached or up in names for up in upstream):
            reached.add(name)
    return reached


def upstream(needs: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """For each step, the names of all steps it depends on, directly or not. `needs` is in running order."""
    reached: dict[str, frozenset[str]] = {}
    for name, direct in needs.items():
        reached[name] = frozenset(direct).union(*(reached[up] for up in direct))
    return reached
