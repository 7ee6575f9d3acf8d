"""Events per CPU second: a large day generated and written as Parquet, beside FoodataSim where it is given.

CPU seconds, not seconds: of the whole process with its threads, from the start of the day to its last file. Start-up
(imports, the city's streets) is told apart. Events are rows in the files that were written.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
DAY = date(2026, 11, 20)  # a Friday, 1.1 times the mean of the week


def ours(orders_per_day: int, folder: Path) -> dict[str, float]:
    """Generate and write one day; figures."""
    from generator.city.city import load_city
    from generator.sending.files import write_plan
    from generator.sending.plan import Plan

    city = load_city("futian")
    Plan(city, DAY, DAY, 20, 7).generate(DAY)  # the streets are read once a process, whatever the day
    begun, wall = time.process_time(), time.monotonic()
    rows = write_plan(Plan(city, DAY, DAY, orders_per_day, 7), folder)
    cpu, wall = time.process_time() - begun, time.monotonic() - wall
    orders = sum(_placed(path) for path in (folder / "orders").rglob("*.parquet"))
    return _figures(sum(rows.values()), cpu, wall) | {
        "orders": orders,
        "start_up_cpu_seconds": round(begun, 2),
        "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "megabytes": round(sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6, 1),
    }


def _placed(path: Path) -> int:
    return pq.ParquetFile(path).read(columns=["event_type"]).column("event_type").to_pylist().count("placed")


def foodatasim(checkout: Path, folder: Path, limit_seconds: float) -> dict[str, float]:
    """Run FoodataSim on its like day, for at most `limit_seconds`; figures of what it wrote by then."""
    config = json.loads((HERE / "foodatasim.json").read_text()) | {"output_path": str(folder)}
    (folder / "config.json").write_text(json.dumps(config))
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [str(checkout / "foodatasim"), "--config", str(folder / "config.json")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=checkout, stdout=log, stderr=log)
        try:
            process.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - wall
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    written = _json_lines(folder)
    refused = (folder / "log").read_bytes().count(b"Failed to write message")  # made, and refused by its own writer
    return _figures(written + refused, cpu, wall) | {"written": written, "exit_code": process.returncode}


def _json_lines(folder: Path) -> int:
    return sum(sum(1 for _ in path.open("rb")) for path in folder.rglob("*.json") if path.name != "config.json")


def _figures(events: int, cpu: float, wall: float) -> dict[str, float]:
    return {
        "events": events,
        "cpu_seconds": round(cpu, 2),
        "seconds": round(wall, 2),
        "events_per_cpu_second": round(events / cpu),
    }


def main() -> None:
    """Print the figures as JSON; with --profile, where the CPU time goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders-per-day", type=int, default=70_000, help="mean of a week; the day is a Friday")
    parser.add_argument("--limit-seconds", type=float, default=120.0, help="for FoodataSim")
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dishpatch-bench-"))
    try:
        if asked.profile:
            _profile(asked.orders_per_day, folder / "ours")
            return
        told = {"dishpatch": ours(asked.orders_per_day, folder / "ours")}
        if os.environ.get("FOODATASIM"):
            (folder / "theirs").mkdir()
            told["foodatasim"] = foodatasim(Path(os.environ["FOODATASIM"]), folder / "theirs", asked.limit_seconds)
            rates = [each["events_per_cpu_second"] for each in told.values()]
            told["ratio"] = {"of_events_per_cpu_second": round(rates[0] / max(rates[1], 1), 1)}
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    finally:
        shutil.rmtree(folder)


def _profile(orders_per_day: int, folder: Path) -> None:
    import cProfile
    import pstats

    with cProfile.Profile() as profile:
        ours(orders_per_day, folder)
    pstats.Stats(profile).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    main()
