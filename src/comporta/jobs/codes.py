"""Why an attempt of a job ended as it did."""

from __future__ import annotations

from comporta.records.message import NUMBER, code

ACT_FAILED = code("job.act_failed", "it failed ({error}); what it printed has more", error=str)
DIED = code("job.died", "its process died of {signal}", signal=str)
EXITED = code("job.exited", "its process ended itself with exit code {code}", code=int)
STEP_DIED = code("job.step_died", "the process of a step died: {step}", step=str)
TIMEOUT = code("job.timeout", "it took longer than its limit of {seconds:g} s", seconds=NUMBER)
LOST = code("job.lost", "its worker was not heard of any more")
NO_ROOM = code("job.no_room", "there was no room to write; it is begun again until there is")
BUSY = code("job.busy", "another process held what it needs")
UNREACHABLE = code("job.unreachable", "its worker could not reach the ledger; it was ended there")
STOPPED = code("job.stopped", "its worker was asked to end")
CANCELLED = code("job.cancelled", "somebody cancelled it; its processes are dead")
