"""test_adoption.py - runs survive the server: stopped, killed or upgraded meanwhile, they go on and are told how they ended."""
import os
import signal
import time

import pytest

from test_commands import put

LEAVE = {"BELFRY_ON_STOP": None}


@pytest.fixture
def away(own_server):
    """A server that leaves processes of jobs to the next one, at once."""
    own_server.environment.update(LEAVE)
    own_server.options = ("--stop-grace", "0s")
    return own_server.start()


def start(server, name, **job):
    put(server, name, **job)
    return server.post(f"/api/v1/jobs/{name}/runs").json()["run_id"]


def show(server, run_id):
    return server.get(f"/api/v1/runs/{run_id}").json()


def until(server, run_id, is_so, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run = show(server, run_id)
        if is_so(run):
            return run
        time.sleep(0.05)
    raise AssertionError(f"{run}\n{server.read_log()}")


def ended(server, run_id):
    return until(server, run_id, lambda run: run["finished_at"])


def said(server, run_id, text):
    path = next((server.home / "belfry.db.runs").glob(f"*/{run_id}.1.log"), None)
    return path and text in path.read_text()


def wait_for(is_so, seconds=60):
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)
    assert is_so()


def stop(server):
    assert server.stop() == 0, server.read_log()


WAYS = [stop, lambda server: server.kill()]


@pytest.mark.parametrize("leave", WAYS, ids=["stopped", "killed"])
def test_goes_on(away, leave):
    """It runs on without a server, and the next one takes it over."""
    fifo = away.home / "fifo"
    os.mkfifo(fifo)
    run_id = start(away, "on", command=f"echo before; read x < {fifo}; echo after $x; echo '{{\"result\":1}}' >&3; exit 7")
    wait_for(lambda: said(away, run_id, "o before"))
    leave(away)
    away.start()
    run = until(away, run_id, lambda run: run["state"] == "running")
    assert run["attempt"] == 1
    assert [job["running"] for job in away.get("/api/v1/jobs").json()["jobs"]] == [1]
    fifo.write_text("all\n")
    run = ended(away, run_id)
    assert (run["state"], run["exit_code"], run["attempt"], run["result"]) == ("failed", 7, 1, 1), run
    assert away.get(f"/api/v1/runs/{run_id}/log").text == "before\nafter all\n"
    assert [job["running"] for job in away.get("/api/v1/jobs").json()["jobs"]] == [0]


@pytest.mark.parametrize("leave", WAYS, ids=["stopped", "killed"])
def test_ends_meanwhile(away, leave):
    fifo = away.home / "fifo"
    os.mkfifo(fifo)
    run_id = start(away, "meanwhile", command=f"echo before; read x < {fifo}; echo after; exit 3")
    wait_for(lambda: said(away, run_id, "o before"))
    leave(away)
    fifo.write_text("on\n")
    wait_for(lambda: list((away.home / "belfry.db.runs").glob("*.end")))
    away.start()
    run = ended(away, run_id)
    assert (run["state"], run["exit_code"], run["message"]) == ("failed", 3, "exit status 3"), run
    assert run["stdout"]["head"] == "before\nafter\n" and run["usage"]["max_rss_bytes"] > 0
    wait_for(lambda: not list((away.home / "belfry.db.runs").glob("*.end")))


def test_what_has_ended_is_in_no_slots_way(away):
    """Slots of the outage are made up for, though the run before it was going when the server was killed."""
    fifo = away.home / "fifo"
    os.mkfifo(fifo)
    put(away, "each", command=f"echo before; read x < {fifo}", trigger={"type": "interval", "seconds": 1})

    def runs():
        return away.get("/api/v1/jobs/each/runs").json()["runs"]

    wait_for(lambda: any(said(away, run["run_id"], "o before") for run in runs()))
    away.kill()
    fifo.write_text("on\n")
    wait_for(lambda: list((away.home / "belfry.db.runs").glob("*.end")))
    time.sleep(2.1)  # slots that nobody sees
    away.start()
    wait_for(lambda: any(run["origin"] == "catchup" and run["state"] == "running" for run in runs()))


def test_cancel_after_adoption(away):
    run_id = start(away, "cancelled", command="echo on; exec sleep 100", timeout="1h")
    wait_for(lambda: said(away, run_id, "o on"))
    away.kill()
    away.start()
    until(away, run_id, lambda run: run["state"] == "running")
    away.environment["BELFRY_ON_STOP"] = "end"
    away.process.send_signal(signal.SIGINT)  # a person at the terminal: all ends
    assert away.process.wait(60) == 0
    away.process.stdout.close()
    away.process = None
    away.start()
    run = show(away, run_id)
    assert (run["state"], run["reason"]) == ("cancelled", "shutdown"), run


def test_limit_of_time_without_a_server(away):
    for seconds in (4, 8, 16, 32):  # on a busy machine the first of them may be over before it has been heard of
        begun = time.monotonic()
        run_id = start(away, "slow", command="echo on; exec sleep 100", timeout=f"{seconds}s")
        wait_for(lambda: said(away, run_id, "o on"))
        if time.monotonic() - begun < seconds / 2:
            break
        ended(away, run_id)
    away.kill()
    wait_for(lambda: list((away.home / "belfry.db.runs").glob("*.end")))
    away.start()
    run = ended(away, run_id)
    assert run["state"] == "timed_out" and run["message"] == f"took longer than its limit of {seconds} s", run


def keeper(server):
    return int(next((server.home / "belfry.db.runs").glob("keeper.[0-9]*")).suffix[1:])


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_killed_keeper(away):
    """Its runs are lost, and neither they nor what they have started goes on; the next run has another one."""
    run_id = start(away, "lost", command="sleep 1000 & echo $! $$; wait")
    wait_for(lambda: said(away, run_id, "o "))
    file = next((away.home / "belfry.db.runs").glob(f"*/{run_id}.1.log"))
    pids = [int(word) for word in file.read_text().splitlines()[-1].split()[1:]]
    os.kill(keeper(away), signal.SIGKILL)
    run = ended(away, run_id)
    assert run["state"] == "lost" and "keeper" in run["message"], run
    for pid in pids:
        wait_for(lambda: not is_alive(pid))
    run = ended(away, start(away, "next", command="true"))
    assert run["state"] == "succeeded"


def test_all_killed(away):
    run_id = start(away, "lost", command="echo $$; exec sleep 1000")
    wait_for(lambda: said(away, run_id, "o "))
    file = next((away.home / "belfry.db.runs").glob(f"*/{run_id}.1.log"))
    pid = int(file.read_text().splitlines()[-1].split()[1])
    away.kill()
    os.kill(keeper(away), signal.SIGKILL)
    wait_for(lambda: not is_alive(pid))
    away.start()
    run = ended(away, run_id)
    assert run["state"] == "lost" and run["reason"] == "restart", run


def test_rerun_of_what_is_lost(away):
    run_id = start(away, "again", command="echo $BELFRY_ATTEMPT; [ $BELFRY_ATTEMPT = 2 ] || exec sleep 1000", on_lost="rerun")
    wait_for(lambda: said(away, run_id, "o 1"))
    away.kill()
    os.kill(keeper(away), signal.SIGKILL)
    away.start()
    run = ended(away, run_id)
    assert (run["state"], run["attempt"], run["stdout"]["head"]) == ("succeeded", 2, "2\n"), run


def test_unknown_run(away):
    """A process whose run is not in the database (it was restored from a backup) is ended."""
    run_id = start(away, "unknown", command="echo $$; exec sleep 1000")
    wait_for(lambda: said(away, run_id, "o "))
    file = next((away.home / "belfry.db.runs").glob(f"*/{run_id}.1.log"))
    pid = int(file.read_text().splitlines()[-1].split()[1])
    away.kill()
    for suffix in ("", "-wal", "-shm"):
        (away.home / f"belfry.db{suffix}").unlink(missing_ok=True)
    away.start()
    wait_for(lambda: not is_alive(pid))


def test_many(away):
    """Twenty runs over ten kills: each ends once, as it would have."""
    for i in range(20):
        put(away, f"m{i}", command=f"touch {away.home}/m{i}; sleep {0.2 + i * 0.1}; exit {i % 3}")
    ids = [away.post(f"/api/v1/jobs/m{i}/runs").json()["run_id"] for i in range(20)]
    # what has its row but was not handed to the keeper yet would be lost, as it should be
    wait_for(lambda: all((away.home / f"m{i}").exists() for i in range(20)))
    for _ in range(10):
        time.sleep(0.1)
        away.kill()
        away.start()
    for i, run_id in enumerate(ids):
        run = ended(away, run_id)
        assert (run["state"], run["exit_code"]) == ("failed" if i % 3 else "succeeded", i % 3), run
    assert all(run["state"] in ("failed", "succeeded") for run in away.get("/api/v1/runs").json()["runs"])
