"""The environment a notebook's process runs in: the same on every machine, whatever is in the user's home.

The kernel is always this interpreter. Kernel specs, IPython start-up files and matplotlib settings in a home folder
are not read, and nothing is written there, so an empty or read-only home works.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from tempfile import TemporaryDirectory
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

from pipelines.settings import PROJECT_DIR, settings

KERNEL_NAME = "python3"
KERNEL_START_SECONDS = 120  # two kernels starting on a 2-core machine under a load of 9 took up to 8 s

# A kernel that has not gone this long after its shutdown request is killed; steps leave nothing for interpreter exit.
SHUTDOWN_WAIT_SECONDS = 2.0


def run_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Environment variables of a run's process and kernel: `inherited` (TRACEPARENT included) with ours on top."""
    home = settings().data_dir / "jupyter"
    search_path = filter(None, inherited.get("PYTHONPATH", "").split(os.pathsep))
    ours = {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        # Figures vanish without a word where another backend is set.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        # Two trainings at once on two cores spin for 20 s instead of 0.2 s when OpenMP waits actively.
        "OMP_WAIT_POLICY": "passive",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # silences a debugger warning on stderr
        "PYTHONPATH": os.pathsep.join(dict.fromkeys([str(PROJECT_DIR), *search_path])),
    }
    for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        os.makedirs(ours[name], mode=0o700, exist_ok=True)  # noqa: PTH103 - one call for modes of parents too
    # A notebook server names its own session and parent for its kernels; a run is not one of them.
    others = {name: value for name, value in inherited.items() if not name.startswith("JPY_")}
    return {**others, **ours}


class OwnInterpreterSpecs(KernelSpecManager):
    """Knows one kernel, `python3`, and it is the interpreter that asks."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
            interrupt_mode="signal",
        )


class OwnInterpreterManager(AsyncKernelManager):
    """Starts that kernel, and does not wait long for it to go.

    The two talk over sockets in a folder that only their owner can enter: a TCP port is chosen before the kernel binds
    it, and of many kernels that start at once one now and then found its port taken.
    """

    def __init__(self, **options: Any) -> None:
        self._sockets = TemporaryDirectory(prefix="dishpatch-kernel-")  # a socket's path may not exceed 100 bytes
        super().__init__(transport="ipc", ip=f"{self._sockets.name}/s", **options)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart)
        if not restart:
            self._sockets.cleanup()

    cleanup_resources = _async_cleanup_resources

    @default("kernel_spec_manager")
    def _own_specs(self) -> OwnInterpreterSpecs:
        return OwnInterpreterSpecs(parent=self)

    @default("shutdown_wait_time")
    def _shutdown_wait(self) -> float:
        return SHUTDOWN_WAIT_SECONDS
