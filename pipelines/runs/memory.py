"""Peak memory of a notebook's kernel, sampled while it runs."""

from __future__ import annotations

import threading

import psutil

# Often enough to see an array that lives for a cell; a sample of a kernel costs about 0.1 ms.
SAMPLE_SECONDS = 0.1


class PeakMemory:
    """Highest resident bytes seen of a process and its children together. Survives the process being killed."""

    def __init__(self) -> None:
        self.peak_bytes: int | None = None
        self._stopped = threading.Event()

    def watch(self, pid: int) -> None:
        """Start sampling process `pid` in a daemon thread."""
        threading.Thread(target=self._sample, args=(pid,), name="peak-memory", daemon=True).start()

    def stop(self) -> int | None:
        """End the sampling; the peak in bytes, None if the process was never seen."""
        self._stopped.set()
        return self.peak_bytes

    def _sample(self, pid: int) -> None:
        try:
            process = psutil.Process(pid)
            while not self._stopped.is_set() and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                self.peak_bytes = max(self.peak_bytes or 0, _resident_bytes(process))
                self._stopped.wait(SAMPLE_SECONDS)
        except psutil.NoSuchProcess:
            return


def _resident_bytes(process: psutil.Process) -> int:
    total: int = process.memory_info().rss
    for child in process.children(recursive=True):
        try:
            total += child.memory_info().rss
        except psutil.Error:  # gone, or not ours to look at
            continue
    return total
