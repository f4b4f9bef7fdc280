"""What became of a moment of a job: GET /api/v1/jobs/{job_id}/why."""
import time
from datetime import datetime, timezone

SLEEPS = "#!/bin/sh\nsleep 2.5\n"
EVERY_SECOND = {"type": "interval", "seconds": 1}


def program(server, name, text="#!/bin/sh\ntrue\n"):
    folder = server.jobs / name
    folder.mkdir(exist_ok=True)
    (folder / "main").write_text(text)
    (folder / "main").chmod(0o755)


def put(server, name, trigger, **more):
    reply = server.put(f"/api/v1/jobs/{name}", json={"folder": "w", "trigger": trigger, **more})
    assert reply.status_code in (200, 201), reply.text


def why(server, name, at=None):
    reply = server.get(f"/api/v1/jobs/{name}/why", params={"at": at} if at else {})
    assert reply.status_code == 200, reply.text
    body = reply.json()
    lines = body["text"].splitlines()
    assert lines[0] == f"{name}, {body['day']}"
    assert lines[1:] == [answer["sentence"] for answer in body["answers"]]
    return body["answers"]


def rows(server, name):
    return server.get(f"/api/v1/jobs/{name}/runs").json()["runs"]


def wait_for(server, name, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for run in rows(server, name):
            if what(run):
                return run
        time.sleep(0.1)
    raise AssertionError(server.get(f"/api/v1/jobs/{name}/runs").text)


def test_each_slot_of_a_busy_job(server):
    program(server, "w", SLEEPS)
    put(server, "busy", EVERY_SECOND)
    skipped = wait_for(server, "busy", lambda run: run["reason"] == "overlap")
    ran = wait_for(server, "busy", lambda run: run["state"] == "succeeded")
    [answer] = why(server, "busy", skipped["scheduled_at"])
    assert answer["rule"] == "overlap" and answer["outcome"] == "skipped"
    assert answer["run"]["run_id"] == skipped["run_id"]
    assert answer["related"][0]["scheduled_at"] < answer["slot"]
    assert "was skipped: the run of" in answer["sentence"] and "max_instances is 1" in answer["sentence"]
    [answer] = why(server, "busy", ran["scheduled_at"])
    assert answer["rule"] == "ran" and answer["outcome"] == "succeeded"
    # A minute has a slot each second, of those since the job began: the first minute may be over before a second one comes.
    def has_both(run):
        minute = run["scheduled_at"][:16]
        return run["state"] == "succeeded" and any(
            other["reason"] == "overlap" and other["scheduled_at"][:16] == minute for other in rows(server, "busy"))
    minute = why(server, "busy", wait_for(server, "busy", has_both, 180)["scheduled_at"][:16])
    assert len(minute) > 1
    assert {"ran", "overlap"} <= {answer["rule"] for answer in minute}


def test_moments_without_a_row(server):
    program(server, "w")
    put(server, "daily", {"type": "cron", "expr": "30 2 * * *", "timezone": "Europe/Berlin"})
    for at, rule, outcome, words in [
            ("2039-01-01 02:30", "future", "future", "it is due in"),
            ("2039-01-01 02:31", "no_slot", "none", "nearest: 02:30 and 2039-01-02 02:30"),
            ("2020-01-01 02:30", "before_job", "none", "it was created at"),
            ("2039-03-27 02:30", "dst_gap", "none", "does not exist: runs at 03:00 CEST"),
            ("2039-10-30T02:30", "future", "future", "02:30 CEST is still to come"),
            ("2039-10-30T01:30Z", "no_slot", "none", "02:30 CET")]:
        answer = why(server, "daily", at)[0]
        assert (answer["rule"], answer["outcome"]) == (rule, outcome), answer
        assert words in answer["sentence"], answer
    assert server.post("/api/v1/jobs/daily/pause").status_code == 200
    assert why(server, "daily", "2039-01-01 02:30")[0]["rule"] == "paused"
    put(server, "hand", {"type": "manual"})
    assert why(server, "hand")[0]["rule"] == "manual"


def test_a_calendar_and_a_freeze(server):
    program(server, "w")
    assert server.put("/api/v1/calendars/holidays", json={"dates": ["2039-12-25"]}).status_code == 201
    put(server, "daily", {"type": "cron", "expr": "30 2 * * *", "exclude": ["holidays"]})
    [answer] = why(server, "daily", "2039-12-25T02:30")
    assert answer["rule"] == "calendar" and "the calendar holidays says so" in answer["sentence"], answer
    freeze = {"from": "2039-12-20", "to": "2039-12-24", "reason": "audit"}
    assert server.put("/api/v1/freezes/year-end", json=freeze).status_code == 201
    [answer] = why(server, "daily", "2039-12-21T02:30")
    assert answer["rule"] == "freeze" and "audit" in answer["sentence"], answer
    server.delete("/api/v1/jobs/daily")
    server.delete("/api/v1/freezes/year-end")
    server.delete("/api/v1/calendars/holidays")


def test_a_date_that_is_over(server):
    """Its job is gone; what became of it can be asked all the same, until another job takes the name."""
    program(server, "w")
    at = time.time() + 1
    put(server, "once", {"type": "date", "run_date": datetime.fromtimestamp(at, timezone.utc).isoformat()})
    run = wait_for(server, "once", lambda run: run["state"] == "succeeded")
    end = time.monotonic() + 60
    while server.get("/api/v1/jobs/once").status_code != 404 and time.monotonic() < end:
        time.sleep(0.05)
    assert server.get("/api/v1/jobs/once").status_code == 404
    [answer] = why(server, "once", run["scheduled_at"])
    assert answer["rule"] == "ran" and answer["run"]["run_id"] == run["run_id"] and answer["run"]["state"] == "succeeded"
    assert server.get("/api/v1/jobs/never/why").json()["detail"] == "Job not found"
    assert server.get("/api/v1/jobs/once/why", params={"at": "soon"}).status_code == 422


def test_what_is_no_moment(server):
    program(server, "w")
    put(server, "a", {"type": "manual"})
    reply = server.get("/api/v1/jobs/a/why", params={"at": "soon"})
    assert reply.status_code == 422
    assert reply.json()["detail"][0]["loc"] == ["query", "at"]
    assert server.get("/api/v1/jobs/none/why").status_code == 404


def test_it_knows_when_belfry_was_down(own_server):
    server = own_server.start()
    program(server, "w")
    put(server, "often", EVERY_SECOND)
    wait_for(server, "often", lambda run: run["state"] == "succeeded")
    server.kill()
    time.sleep(3)
    server.start()
    caught = wait_for(server, "often", lambda run: run["origin"] == "catchup" and run["missed"] > 0)
    [answer] = why(server, "often", caught["missed_from"])
    assert answer["rule"] == "coalesced", answer
    assert answer["run"]["run_id"] == caught["run_id"]
    assert "because belfry was not running from about" in answer["sentence"]
