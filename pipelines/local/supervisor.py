"""The one detached process that owns the embedded services: starts them, notices a death, stops them together.

Run as `python -m pipelines.local.supervisor DATA_DIR`; `dishpatch up` does so. It knows processes and nothing of what
they serve: the plan file says what to run. SIGHUP makes it read the plan again and start what is not running, SIGTERM
makes it stop everything and end. It restarts nothing of its own accord: a service that died is reported, and the next
`dishpatch up` starts it.

If it dies itself, its services go on; the next `up` or `down` finds them by pid and start time in the state file, which
is written after every start and before anything else is begun.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

import filelock

from pipelines.local import state
from pipelines.local.service import Launch

POLL_SECONDS = 0.2
LOCK_SECONDS = 5.0
LARGEST_OUTPUT_BYTES = 20_000_000


class Supervisor:
    """Children by name, and the record of each."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.created = state.create_time(os.getpid())
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.records: dict[str, state.ProcessRecord] = {}
        self.launches: dict[str, Launch] = {}
        self.reload = threading.Event()
        self.stop = threading.Event()

    def run(self) -> None:
        """Start what the plan says and watch it until SIGTERM."""
        signal.signal(signal.SIGHUP, self._on_hangup)
        signal.signal(signal.SIGTERM, self._on_terminate)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal that ran `up` is not meant for us
        self.start_missing()
        while not self.stop.is_set():
            self.reap("exited")
            if self.reload.is_set():
                self.reload.clear()
                self.start_missing()
            self.stop.wait(POLL_SECONDS)
        self.stop_all()

    def _on_hangup(self, _signal: int, _frame: FrameType | None) -> None:
        self.reload.set()

    def _on_terminate(self, _signal: int, _frame: FrameType | None) -> None:
        self.stop.set()

    def start_missing(self) -> None:
        """Start every planned service that is not running; record each as soon as it exists."""
        for launch in state.read_plan(self.data_dir):
            child = self.children.get(launch.name)
            if child is None or child.poll() is not None:
                self._start(launch)
                self._save(wanted=True)
        self._save(wanted=True)

    def _start(self, launch: Launch) -> None:
        rotate(Path(launch.output_file))
        self.launches[launch.name] = launch
        sizes = {path: file_size(Path(path)) for path in launch.log_files}
        with Path(launch.output_file).open("ab") as output:
            child = subprocess.Popen(
                launch.argv,
                cwd=launch.cwd,
                env={**os.environ, **launch.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a signal to the supervisor's group is not one to the services
            )
        self.children[launch.name] = child
        created = state.create_time(child.pid)
        self.records[launch.name] = state.ProcessRecord(
            child.pid, created, launch.argv, launch.port, state.now(), log_sizes=sizes
        )

    def reap(self, status: str) -> None:
        """Record every child that has ended since the last look."""
        ended = [name for name, child in self.children.items() if child.poll() is not None]
        for name in ended:
            child = self.children.pop(name)
            self.records[name] = self.records[name].ended(status, child.returncode)
            for path in self.launches[name].leftovers:
                Path(path).unlink(missing_ok=True)
        if ended:
            self._save(wanted=status != "stopped")

    def stop_all(self) -> None:
        """SIGTERM to all at once, SIGKILL to what is left after its own time to stop."""
        self._save(wanted=False)
        for child in self.children.values():
            child.terminate()
        begun = time.monotonic()
        while self.children:
            for name, child in self.children.items():
                if time.monotonic() > begun + self.launches[name].stop_seconds:
                    child.kill()
            self.reap("stopped")
            time.sleep(0.05)
        self._save(wanted=False)

    def _save(self, *, wanted: bool) -> None:
        state.write_state(self.data_dir, state.State(os.getpid(), self.created, wanted, dict(self.records)))


def file_size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def rotate(path: Path) -> None:
    """Keep one older output file once this one is large."""
    if file_size(path) > LARGEST_OUTPUT_BYTES:
        path.replace(path.with_name(path.name + ".1"))


def main(data_dir: Path) -> int:
    """Supervise until told to stop, detached: the command that started this returns at once.

    Exit code 1 where another supervisor holds this data folder.
    """
    if os.fork():
        return 0  # the caller waits for this one; the child belongs to nobody and leaves no zombie behind
    os.setsid()
    try:
        with filelock.FileLock(state.lock_file(data_dir, "supervisor"), timeout=LOCK_SECONDS):
            Supervisor(data_dir).run()
    except filelock.Timeout:
        sys.stderr.write(f"another supervisor holds {data_dir}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
