"""pyshark's file capture, with tshark let to end by itself.

pyshark kills tshark as soon as its output ends. That races with tshark's own end: asyncio then loses the exit
code ("Unknown child process pid"), and a file that tshark could not read passes for an empty one.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pyshark import FileCapture

PATIENCE_S = 10.0


class PatientCapture(FileCapture):
    """A file capture that waits for tshark's exit code once its output has ended."""

    async def _cleanup_subprocess(self, process: Any) -> None:
        if self._eof_reached and process.returncode is None:
            try:
                await asyncio.wait_for(process.wait(), PATIENCE_S)
            except TimeoutError:
                self._log.debug("tshark closed its output but does not end: it is killed")
        # Done with either way: pyshark would else try again, when the object is collected and the loop is gone.
        self._running_processes.discard(process)
        await super()._cleanup_subprocess(process)
