"""A machine that stops, a clock that leaps and drifts, ten thousand jobs at once: nothing invented, twice or unaccounted, and soon well again.

STOP_SECONDS=n changes how long the process is stopped (3), BURST=n how many jobs are due in one second (10000; fewer under sanitizers).
"""
import datetime
import http.client
import json
import os
import random
import signal
import threading
import time

import pytest

from ledger import SUCCEEDED, audit, rows_of
from test_weather import EVERY_SECOND, HEAL, PAST, WAIT, ended, job, needs_faketime, now, program, put, runs, server, shifted, starts, wait_until  # noqa: F401

STOP_SECONDS = float(os.environ.get("STOP_SECONDS", "3"))
IS_SANITIZED = "VARIANT" in os.environ and os.environ["VARIANT"] in ("asan", "tsan")
BURST = int(os.environ.get("BURST", "1000" if IS_SANITIZED else "10000"))
SEED = int(os.environ.get("KILL_SEED", "1"))
LOST = 15

# One line a call, whole or not at all, in a process that serves thousands of them.
MODULE = r"""
#include <belfry_job.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int call(int argc, char **argv)
{
    char line[300];
    int fd = open("../../starts.log", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    int n = snprintf(line, sizeof line, "%s %s %d %lld %d\n", belfry_job_id(), belfry_scheduled_at(),
                     belfry_attempt(), (long long)belfry_run_id(), (int)getpid());
    int ok = fd >= 0 && write(fd, line, (size_t)n) == n;

    (void)argc;
    (void)argv;
    close(fd);
    return !ok;
}
"""


def goes_on(server, what, name="often", count=2):
    """It starts again, in its own time: so many seconds of it."""
    before = len([s for s in starts(server) if s[0] == name])
    wait_until(lambda: len([s for s in starts(server) if s[0] == name]) >= before + count, HEAL + WAIT, what)


# ---- the process is stopped ----

@pytest.mark.parametrize("coalesce, grace", [("last", "none"), ("all", "none"), ("last", "500ms"), ("all", "1s")])
def test_stopped_and_woken(server, coalesce, grace):
    """As a machine that slept: what was missed is judged by the policy of the job, and each second has its row."""
    server.start()
    put(server, "often", EVERY_SECOND, coalesce=coalesce, misfire_grace=grace)
    goes_on(server, "a start before the stop")
    os.kill(server.pid, signal.SIGSTOP)
    time.sleep(STOP_SECONDS)
    os.kill(server.pid, signal.SIGCONT)
    goes_on(server, "a start after it was woken")
    assert server.get("/readyz").status_code == 200
    assert server.stop() == 0
    rows = audit(server, starts(server), "often")
    if coalesce == "all" and grace == "none":
        assert all(row["missed"] == 0 for row in rows)
    elif grace == "none":
        assert sum(row["missed"] for row in rows) >= STOP_SECONDS - 2, "nothing was missed: the test shows nothing"


def test_stopped_while_a_job_runs(server):
    """What ends while belfry sleeps is told as it ended."""
    program(server, "slow", "sleep 1; exit 7")
    server.start()
    put(server, "slow", PAST, folder="slow")
    wait_until(lambda: starts(server), what="the start")
    os.kill(server.pid, signal.SIGSTOP)
    time.sleep(2)
    os.kill(server.pid, signal.SIGCONT)
    run, = ended(server, "slow")
    assert (run["state"], run["exit_code"]) == ("failed", 7)
    assert server.stop() == 0
    audit(server, starts(server))


# ---- the clock ----

@pytest.fixture
def clock(server, tmp_path):
    """Sets the server's clock: clock("+1d"). What libfaketime is told, the monotonic clock does not follow."""
    path = tmp_path / "clock"

    def set_to(offset):
        path.with_suffix(".new").write_text(offset + "\n")
        path.with_suffix(".new").rename(path)

    set_to("+0")
    shifted(server, "+0").environment.update({"FAKETIME": None, "FAKETIME_TIMESTAMP_FILE": str(path)})
    return set_to


@needs_faketime
@pytest.mark.parametrize("coalesce, grace", [("last", "none"), ("all", "5s")])
def test_clock_leaps_a_day(server, clock, coalesce, grace):
    """86,400 slots at once: one row, or a few and one."""
    server.start()
    put(server, "often", EVERY_SECOND, coalesce=coalesce, misfire_grace=grace)
    goes_on(server, "a start before the leap")
    clock("+1d")
    goes_on(server, "a start after the leap")
    assert server.stop() == 0
    rows = audit(server, starts(server), "often")
    assert max(row["missed"] for row in rows) > 86_000 and len(rows) < 400


@needs_faketime
@pytest.mark.parametrize("back", ["-10", "-1h"])
def test_clock_is_set_back(server, clock, back):
    """Seconds that come twice are not run twice; a delay takes as long as it says; a job made meanwhile keeps its slots over a crash."""
    server.start()
    put(server, "often", EVERY_SECOND)
    put(server, "after", {"type": "after", "delay": "1s"})
    goes_on(server, "a start before the leap")
    goes_on(server, "a run after another", "after")
    clock(back)
    goes_on(server, "a run after another, the clock being set back", "after")
    put(server, "new", EVERY_SECOND)
    goes_on(server, "a start of the new job", "new")
    server.kill()
    time.sleep(2)
    server.start()
    goes_on(server, "a start of the new job after the crash", "new")
    assert server.stop() == 0
    audit(server, starts(server), "new", counted_twice=True)


@needs_faketime
@pytest.mark.parametrize("rate", ["x1.05", "x0.95"])
def test_clock_drifts(server, clock, rate):
    """Five per cent wrong: each second of the wall clock has one row."""
    server.start()
    put(server, "often", EVERY_SECOND)
    goes_on(server, "a start before the drift")
    clock("+0 " + rate)
    goes_on(server, "starts during the drift", count=6)
    assert server.stop() == 0
    audit(server, starts(server), "often", counted_twice=True)


# ---- ten thousand at once ----

def module(server):
    folder = server.jobs / "note"
    (folder / "main").unlink()
    (folder / "main.c").write_text(MODULE)


def put_many(server, count, trigger):
    """Creates or changes c0, c1, ..., from a few connections at once."""
    troubles = []

    body = json.dumps({"trigger": trigger, "folder": "note"})

    def put_some(first):
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=WAIT)
        for number in range(first, count, 8):
            connection.request("PUT", f"/api/v1/jobs/c{number}", body, {"content-type": "application/json"})
            reply = connection.getresponse()
            text = reply.read()
            if reply.status not in (200, 201):
                troubles.append(text)
                break
        connection.close()
    threads = [threading.Thread(target=put_some, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not troubles, troubles[:3]


def burst_at(server, count):
    """Makes a warm module and many jobs that are due in the same second; that second, in microseconds."""
    module(server)
    put(server, "warm", PAST)
    ended(server, "warm")
    # Made for a second far ahead, and set to one that is near when all are there: however long that takes.
    begun = time.monotonic()
    put_many(server, count, {"type": "manual"})
    due = now(server).replace(microsecond=0) + datetime.timedelta(seconds=5 + int(1.5 * (time.monotonic() - begun)))
    put_many(server, count, {"type": "date", "run_date": due.isoformat()})
    return int(due.timestamp() * 1_000_000)


def burst_rows(server, slot):
    return [row for row in rows_of(server.db) if row["scheduled_at"] == slot]


def test_ten_thousand_in_one_second(server):
    """Each runs, once; the API answers meanwhile."""
    server.start()
    slot = burst_at(server, BURST)
    wait_until(lambda: len(starts(server)) > BURST // 10, WAIT, "the burst")
    assert server.get("/healthz").status_code == 200 and len(runs(server)) > 0
    wait_until(lambda: len(starts(server)) >= BURST + 1, 4 * WAIT, "the end of the burst")
    wait_until(lambda: server.get("/api/v1/status").json()["jobs"] == 0, 4 * WAIT, "the end of the jobs")
    assert server.stop() == 0
    audit(server, starts(server))
    rows = burst_rows(server, slot)
    assert len(rows) == BURST and {row["state"] for row in rows} == {SUCCEEDED}


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_ten_thousand_cut_off(server, end):
    """Killed or stopped in the middle of it: each was run, or is lost, or is run after the start; never twice."""
    dice, count = random.Random(SEED), BURST // 4
    server.start()
    slot = burst_at(server, count)
    time.sleep(max(slot / 1e6 - time.time() + dice.uniform(0.005, 0.25), 0))
    if end == "kill":
        server.kill()
    else:
        assert server.stop() == 0
    server.start()
    wait_until(lambda: server.get("/api/v1/status").json()["jobs"] == 0, 4 * WAIT, "the end of the jobs")
    assert server.stop() == 0
    audit(server, starts(server))
    rows = burst_rows(server, slot)
    assert len(rows) == count, "some were forgotten"
    began = {start[3] for start in starts(server)}
    for row in rows:
        assert row["state"] >= SUCCEEDED
        assert row["state"] != LOST or end == "kill"
        assert row["state"] in (SUCCEEDED, LOST) or end == "stop", tuple(row)
        assert str(row["id"]) in began or row["state"] != SUCCEEDED
