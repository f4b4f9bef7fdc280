"""What becomes of a run: overlap rules, retries, time limits, waits that outlive the server."""
import contextlib
import os
import signal
import time

import pytest

MANUAL = {"type": "manual"}
WAIT = 60


def wait_until(condition, what):
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


@pytest.fixture
def server(belfry_factory, tmp_path):
    return belfry_factory(tmp_path)


def program(server, name, text):
    folder = server.jobs / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main").write_text("#!/bin/sh\n" + text)
    (folder / "main").chmod(0o755)


def put(server, name, **members):
    reply = server.put(f"/api/v1/jobs/{name}", json={"trigger": MANUAL, **members})
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def ask(server, name, status=201, **body):
    reply = server.post(f"/api/v1/jobs/{name}/runs", json=body)
    assert reply.status_code == status, reply.text
    return reply.json()


def run(server, run_id):
    reply = server.get(f"/api/v1/runs/{run_id}")
    assert reply.status_code == 200, reply.text
    return reply.json()


def reaches(server, run_id, *states):
    wait_until(lambda: run(server, run_id)["state"] in states, f"run {run_id} to be {states}, not {run(server, run_id)}")
    return run(server, run_id)


def begun(server, name):
    """Processes of the job that have begun so far."""
    note = server.jobs / name / "started"
    return note.read_text().split() if note.exists() else []


def released(server, name):
    """Lets the runs of a job that wait for it go on."""
    (server.jobs / name / "go").write_text("")


def lose(server, name, *freed):
    """Kills the server and all that could tell how its runs end, lets the runs of some jobs go on from there, then starts it again."""
    server.kill()
    server.end_keepers()
    for pid in (server.jobs / name / "started").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    for job in freed:
        released(server, job)
    server.start()


HOLD = "echo $$ >>started\nwhile [ ! -e go ]; do sleep 0.02; done\n"


def test_queue(server):
    """The second waits for the first, the third finds the queue full."""
    program(server, "hold", HOLD)
    put(server, "hold", overlap="queue")
    first, second = ask(server, "hold")["run_id"], ask(server, "hold")["run_id"]
    assert run(server, second)["state"] == "queued" and run(server, second)["reason"] == "overlap"
    assert "queue_max" in ask(server, "hold", status=409)["hint"]
    released(server, "hold")
    assert reaches(server, first, "succeeded")["attempt"] == 1
    assert reaches(server, second, "succeeded")["attempt"] == 1


def test_skip_and_allow(server):
    program(server, "hold", HOLD)
    put(server, "hold")
    first = ask(server, "hold")["run_id"]
    ask(server, "hold", status=409)
    put(server, "hold", overlap="allow")
    more = [ask(server, "hold")["run_id"] for _ in range(3)]
    wait_until(lambda: len(begun(server, "hold")) == 4, "four at once")
    released(server, "hold")
    for run_id in [first, *more]:
        reaches(server, run_id, "succeeded")


@pytest.mark.parametrize("overlap, number", [("cancel", signal.SIGTERM), ("kill", signal.SIGKILL)])
def test_replace(server, overlap, number):
    program(server, "hold", HOLD)
    put(server, "hold", overlap=overlap)
    first = ask(server, "hold")["run_id"]
    wait_until(lambda: (server.jobs / "hold/started").exists(), "the first to begin")
    second = ask(server, "hold")["run_id"]
    ended = reaches(server, first, "cancelled")
    assert (ended["reason"], ended["signal"]) == ("replaced", number)
    reaches(server, second, "running")
    released(server, "hold")
    reaches(server, second, "succeeded")


def test_retries_until_it_works(server):
    """Two attempts fail with a code that counts, the third works."""
    program(server, "flaky", 'echo "attempt $BELFRY_ATTEMPT"; [ "$BELFRY_ATTEMPT" = 3 ] || exit 75\n')
    job = put(server, "flaky", retries={"max": 5, "backoff": "fixed", "delay": "50ms", "on": {"exit_codes": "75"}})
    assert job["retries"]["max"] == 5 and job["retries"]["on"]["exit_codes"] == "75"
    ended = reaches(server, ask(server, "flaky")["run_id"], "succeeded", "failed")
    assert (ended["state"], ended["attempt"], ended["exit_code"]) == ("succeeded", 3, 0)
    assert ended["stdout"]["head"] == "attempt 3\n"


def test_retries_have_an_end(server):
    program(server, "broken", "exit 1\n")
    put(server, "broken", retries={"max": 2, "backoff": "list", "delays": ["10ms"]})
    assert reaches(server, ask(server, "broken")["run_id"], "failed")["attempt"] == 3
    put(server, "broken", retries={"max": 2, "on": {"exit_codes": "2-9"}})
    assert reaches(server, ask(server, "broken")["run_id"], "failed")["attempt"] == 1
    put(server, "broken", retries=None)
    assert reaches(server, ask(server, "broken")["run_id"], "failed")["attempt"] == 1


def test_waits_outlive_the_server(server):
    """Killed while one run is queued and another waits for its next attempt: both go on, once."""
    program(server, "hold", HOLD)
    program(server, "flaky", 'echo "$BELFRY_ATTEMPT" >>attempts; [ -e go ] || exit 1\n')
    put(server, "hold", overlap="queue", on_lost="rerun")
    put(server, "flaky", retries={"max": 1, "backoff": "fixed", "delay": "4s"})
    first, second = ask(server, "hold")["run_id"], ask(server, "hold")["run_id"]
    wait_until(lambda: (server.jobs / "hold/started").exists(), "the first to begin")
    third = ask(server, "flaky")["run_id"]
    waiting = reaches(server, third, "waiting")
    assert waiting["reason"] == "retry"
    lose(server, "hold", "hold", "flaky")
    assert reaches(server, first, "succeeded")["attempt"] == 2  # it was lost, and on_lost is rerun
    assert reaches(server, second, "succeeded")["attempt"] == 1
    assert reaches(server, third, "succeeded")["attempt"] == 2
    assert (server.jobs / "flaky/attempts").read_text() == "1\n2\n"


def test_lost_is_lost(server):
    program(server, "hold", HOLD)
    put(server, "hold")
    first = ask(server, "hold")["run_id"]
    wait_until(lambda: (server.jobs / "hold/started").exists(), "it to begin")
    lose(server, "hold")
    ended = reaches(server, first, "lost")
    assert (ended["reason"], ended["attempt"]) == ("restart", 1)


def test_adopted(server):
    """Runs go on without their server, and the next one takes them over, however they end."""
    program(server, "hold", HOLD)
    put(server, "hold", overlap="allow")
    first, second = ask(server, "hold")["run_id"], ask(server, "hold")["run_id"]
    wait_until(lambda: len(begun(server, "hold")) == 2, "both to begin")
    server.kill()
    server.start()
    assert reaches(server, first, "running")["attempt"] == 1
    assert server.post(f"/api/v1/runs/{first}/cancel").status_code == 202
    assert reaches(server, first, "cancelled")["reason"] == "asked"
    server.kill()
    released(server, "hold")
    server.start()
    ended = reaches(server, second, "succeeded")
    assert (ended["attempt"], ended["exit_code"]) == (1, 0)
    assert len(begun(server, "hold")) == 2


def test_time_limits(server):
    """timeout is for each attempt, timeout_total for all of them."""
    program(server, "hold", HOLD)
    put(server, "hold", timeout="200ms", retries={"max": 1, "delay": "10ms"})
    ended = reaches(server, ask(server, "hold")["run_id"], "timed_out")
    assert ended["attempt"] == 2 and ended["reason"] == ""
    put(server, "hold", timeout_total="300ms", retries={"max": 9, "delay": "10ms"})
    ended = reaches(server, ask(server, "hold")["run_id"], "timed_out")
    assert ended["attempt"] == 1 and ended["reason"] == "deadline"


def test_kill_grace(server):
    """Who does not listen to TERM is killed when its grace is over, not before."""
    program(server, "deaf", "trap '' TERM\necho $$ >>started\nwhile :; do sleep 0.05; done\n")
    put(server, "deaf", timeout="2s", kill_grace="400ms")
    ended = reaches(server, ask(server, "deaf")["run_id"], "timed_out")
    assert ended["signal"] == signal.SIGKILL and ended["duration_ms"] >= 2400


@pytest.mark.parametrize("members, loc", [
    ({"overlap": "sometimes"}, ["body", "overlap"]),
    ({"queue_max": 0}, ["body", "queue_max"]),
    ({"retries": -1}, ["body", "retries", "max"]),
    ({"retries": {"max": 1, "on": {"exit_codes": "x"}}}, ["body", "retries", "on", "exit_codes"]),
    ({"retries": {"max": 1, "backoff": "list"}}, ["body", "retries", "delays"]),
    ({"retries": "often"}, ["body", "retries"]),
    ({"kill_grace": "2d"}, ["body", "kill_grace"]),
    ({"on_lost": "ignore"}, ["body", "on_lost"]),
])
def test_complaints(server, members, loc):
    program(server, "x", "exit 0\n")
    reply = server.put("/api/v1/jobs/x", json={"trigger": MANUAL, **members})
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"] == loc, reply.text


# ---- acts ----

def test_ask_with_arguments(server):
    program(server, "say", 'echo "$@"; echo "$BELFRY_SCHEDULED_AT"\n')
    put(server, "say", args=["own"])
    plain = reaches(server, ask(server, "say")["run_id"], "succeeded")
    assert plain["stdout"]["head"].startswith("own\n") and plain["args"] is None
    other = reaches(server, ask(server, "say", args=["a b", 7])["run_id"], "succeeded")
    assert other["stdout"]["head"].startswith("a b 7\n") and other["args"] == ["a b", "7"]


def test_ask_for_later(server):
    program(server, "say", 'echo "$BELFRY_SCHEDULED_AT"\n')
    put(server, "say")
    later = ask(server, "say", delay="3s")["run_id"]
    waiting = run(server, later)
    assert (waiting["state"], waiting["reason"]) == ("queued", "delay") and waiting["try_at"] == waiting["slot"] != waiting["scheduled_at"]
    assert "start later" in waiting["reason_text"]
    ended = reaches(server, later, "succeeded")
    assert ended["started_at"] >= waiting["try_at"] and ended["stdout"]["head"].strip()[:19] == waiting["slot"][:19]
    past = ask(server, "say", scheduled_for="2020-01-01T00:00:00+01:00")["run_id"]
    assert reaches(server, past, "succeeded")["slot"] == "2019-12-31T23:00:00Z"


def test_ask_with_another_overlap(server):
    program(server, "hold", HOLD)
    put(server, "hold")
    ask(server, "hold")
    assert run(server, ask(server, "hold", overlap="queue")["run_id"])["state"] == "queued"
    reaches(server, ask(server, "hold", overlap="allow")["run_id"], "running")
    released(server, "hold")


def test_idempotency_key(server):
    """The same request gives the same run, also after a restart; another one with that key is refused."""
    program(server, "x", "exit 0\n")
    put(server, "x")
    headers = {"Idempotency-Key": "k1"}
    first = server.post("/api/v1/jobs/x/runs", json={"args": ["1"]}, headers=headers)
    assert first.status_code == 201 and "idempotent-replayed" not in first.headers
    again = server.post("/api/v1/jobs/x/runs", json={"args": ["1"]}, headers=headers)
    assert again.status_code == 201 and again.json() == first.json() and again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    other = server.post("/api/v1/jobs/x/runs", json={"args": ["2"]}, headers=headers)
    assert other.status_code == 422 and other.json()["code"] == "idempotency_key_reused"
    server.stop()
    server.start()
    again = server.post("/api/v1/jobs/x/runs", json={"args": ["1"]}, headers=headers)
    assert again.json() == first.json()
    assert len(server.get("/api/v1/jobs/x/runs").json()["runs"]) == 1
    put(server, "y", folder="x")
    assert server.post("/api/v1/jobs/y/runs", json={}, headers=headers).status_code == 201  # a key belongs to a job
    assert server.post("/api/v1/jobs/x/runs", headers={"Idempotency-Key": "k" * 256}).status_code == 422


def test_cancel(server):
    program(server, "hold", HOLD)
    program(server, "broken", "exit 1\n")
    put(server, "hold", overlap="queue")
    put(server, "broken", retries={"max": 1, "delay": "1h"})
    first, second = ask(server, "hold")["run_id"], ask(server, "hold")["run_id"]
    third = ask(server, "broken")["run_id"]
    reaches(server, third, "waiting")
    wait_until(lambda: (server.jobs / "hold/started").exists(), "it to begin")
    for run_id, state, number in [(second, "queued", None), (third, "waiting", None), (first, "running", signal.SIGTERM)]:
        reply = server.post(f"/api/v1/runs/{run_id}/cancel")
        assert reply.status_code == 202 and reply.json()["state"] == state, reply.text
        ended = reaches(server, run_id, "cancelled")
        assert (ended["reason"], ended["signal"]) == ("asked", number)
        reply = server.post(f"/api/v1/runs/{run_id}/cancel")
        assert reply.status_code == 409 and reply.json()["code"] == "run_finished", reply.text
    assert server.post("/api/v1/runs/1/cancel").status_code == 404


def test_cancel_when_the_job_is_gone(server):
    program(server, "hold", HOLD)
    put(server, "hold", overlap="queue")
    first, second = ask(server, "hold")["run_id"], ask(server, "hold")["run_id"]
    wait_until(lambda: (server.jobs / "hold/started").exists(), "it to begin")
    assert server.delete("/api/v1/jobs/hold").status_code == 200
    assert reaches(server, second, "cancelled")["reason"] == "deleted"
    assert server.post(f"/api/v1/runs/{first}/cancel").status_code == 202
    assert reaches(server, first, "cancelled")["reason"] == "asked"


def test_retry_and_delete(server):
    program(server, "say", 'echo "$BELFRY_SCHEDULED_AT $@"; [ -e go ]\n')
    put(server, "say")
    first = reaches(server, ask(server, "say", args=["x"])["run_id"], "failed")
    released(server, "say")
    reply = server.post(f"/api/v1/runs/{first['run_id']}/retry")
    assert reply.status_code == 201 and reply.json()["retry_of"] == first["run_id"], reply.text
    second = reaches(server, reply.json()["run_id"], "succeeded")
    assert (second["origin"], second["retry_of"], second["args"]) == ("retry", first["run_id"], ["x"])
    assert second["slot"] == first["slot"] and second["stdout"]["head"] == first["stdout"]["head"]
    third = server.post(f"/api/v1/runs/{second['run_id']}/retry").json()["run_id"]
    assert reaches(server, third, "succeeded")["slot"] == first["slot"]
    assert server.delete(f"/api/v1/runs/{first['run_id']}").status_code == 204
    assert server.get(f"/api/v1/runs/{first['run_id']}").status_code == 404
    assert server.delete(f"/api/v1/runs/{first['run_id']}").status_code == 404
    assert server.post(f"/api/v1/runs/{first['run_id']}/retry").status_code == 404
    program(server, "hold", HOLD)
    put(server, "hold")
    alive = ask(server, "hold")["run_id"]
    for reply in (server.delete(f"/api/v1/runs/{alive}"), server.post(f"/api/v1/runs/{alive}/retry")):
        assert reply.status_code == 409 and reply.json()["code"] == "run_alive"
    released(server, "hold")
    reaches(server, alive, "succeeded")
    assert server.delete("/api/v1/jobs/hold").status_code == 200
    assert server.post(f"/api/v1/runs/{alive}/retry").status_code == 404


def test_attempts_are_told(server):
    program(server, "flaky", 'echo "attempt $BELFRY_ATTEMPT"; echo oh >&2; [ "$BELFRY_ATTEMPT" = 3 ] || exit "$BELFRY_ATTEMPT"\n')
    put(server, "flaky", retries={"max": 2, "delay": "10ms"})
    ended = reaches(server, ask(server, "flaky")["run_id"], "succeeded")
    told = [(a["attempt"], a["state"], a["exit_code"]) for a in ended["attempts"]]
    assert told == [(1, "failed", 1), (2, "failed", 2), (3, "succeeded", 0)]
    assert ended["attempts"][0]["stdout"] == {"head": "", "tail": "attempt 1\n", "total": 10}
    assert ended["attempts"][1]["stderr"]["tail"] == "oh\n" and "stdout" not in ended["attempts"][2]
    times = [(a["started_at"], a["finished_at"]) for a in ended["attempts"]]
    assert times == sorted(times) and ended["started_at"] == times[2][0]


@pytest.mark.parametrize("body, loc", [
    ({"delay": "1m", "scheduled_for": "2030-01-01"}, ["body", "scheduled_for"]),
    ({"scheduled_for": "soon"}, ["body", "scheduled_for"]),
    ({"overlap": "x"}, ["body", "overlap"]),
    ({"args": "x"}, ["body", "args"]),
    ({"arg": []}, ["body", "arg"]),
])
def test_ask_complaints(server, body, loc):
    program(server, "x", "exit 0\n")
    put(server, "x")
    reply = server.post("/api/v1/jobs/x/runs", json=body)
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"] == loc, reply.text
