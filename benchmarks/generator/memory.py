"""Peak memory of generating to files, for days and numbers of days; each measured in a process of its own."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

FIRST = date(2026, 11, 1)


def generate(days: int, orders_per_day: int) -> None:
    """Write the days to a temporary folder and print events and the peak of this process, MiB."""
    from generator.city.city import load_city
    from generator.sending.files import write_plan
    from generator.sending.plan import Plan

    plan = Plan(load_city("futian"), FIRST, FIRST + timedelta(days=days - 1), orders_per_day, 7)
    with tempfile.TemporaryDirectory(prefix="dishpatch-bench-") as folder:
        rows = write_plan(plan, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"days": days, "orders_per_day": orders_per_day, "events": sum(rows.values()), "peak_rss_mib": round(peak)}
    sys.stdout.write(json.dumps(told) + "\n")


def main() -> None:
    """One line of JSON for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, nargs="*", default=[1, 5, 30])
    parser.add_argument("--orders-per-day", type=int, default=10_000, help="of the runs of several days")
    parser.add_argument("--largest", type=int, default=75_000, help="orders of the one large day; 0: none")
    parser.add_argument("--one", type=int, help="measure this many days here, and nothing else")
    asked = parser.parse_args()
    if asked.one:
        generate(asked.one, asked.orders_per_day)
        return
    runs = [(1, asked.largest)] if asked.largest else []
    for days, orders in [*runs, *((days, asked.orders_per_day) for days in asked.days)]:
        subprocess.run([sys.executable, __file__, "--one", str(days), "--orders-per-day", str(orders)], check=True)


if __name__ == "__main__":
    main()
