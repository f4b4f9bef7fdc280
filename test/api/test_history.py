"""Timelines, the load to come, and how a job has been doing."""
import datetime
import time

from test_why import program, put, wait_for

EVERY_SECOND = {"type": "interval", "seconds": 1}


def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def moment(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_timeline_has_both_sides_of_now(server):
    program(server, "w")
    put(server, "often", EVERY_SECOND)
    put(server, "daily", {"type": "cron", "expr": "30 2 * * *", "timezone": "Asia/Tokyo"})  # where each day has 24 hours
    wait_for(server, "often", lambda run: run["state"] == "succeeded")
    body = server.get("/api/v1/jobs/often/timeline", params={"limit": 1000, "to": moment(3600), "from": moment(-3600)}).json()
    slots = [run["scheduled_at"] for run in body["runs"]]
    assert slots and slots == sorted(slots) and {run["job_id"] for run in body["runs"]} == {"often"}
    assert len(body["slots"]) == 1000 and body["more_slots"] and not body["more_runs"]
    assert when(body["slots"][0]["at"]) > when(slots[-1])
    body = server.get("/api/v1/jobs/daily/timeline").json()
    assert body["runs"] == [] and len(body["slots"]) == 1
    assert "T02:30:00+0" in body["slots"][0]["at"] and body["slots"][0]["usual_ms"] is None
    body = server.get("/api/v1/timeline", params={"to": moment(86400), "limit": 5000}).json()
    assert {run["job_id"] for run in body["runs"]} >= {"often"}
    assert len(body["slots"]) == 1000
    body = server.get("/api/v1/timeline", params={"limit": 1}).json()
    assert len(body["slots"]) == 1 and body["more_slots"]


def test_a_run_in_progress_belongs_to_a_later_window(server):
    program(server, "w", "#!/bin/sh\nwhile [ ! -e go ]; do sleep 0.1; done\n")
    put(server, "long", EVERY_SECOND)
    run = wait_for(server, "long", lambda run: run["state"] == "running")
    time.sleep(2)
    now = moment(-0)
    body = server.get("/api/v1/jobs/long/timeline", params={"from": now, "to": moment(60)}).json()
    assert body["runs"][0]["run_id"] == run["run_id"]
    body = server.get("/api/v1/timeline", params={"from": now, "to": moment(60)}).json()
    assert run["run_id"] in [r["run_id"] for r in body["runs"]]
    (server.jobs / "w" / "go").touch()


def test_forecast(server):
    program(server, "w", "#!/bin/sh\nsleep 0.3\n")
    put(server, "often", EVERY_SECOND)
    wait_for(server, "often", lambda run: run["state"] == "succeeded")
    start, end = moment(3600), moment(7200)
    body = server.get("/api/v1/forecast", params={"from": start, "to": end, "buckets": 6}).json()
    assert body["fires"] == 3600 and [bucket["fires"] for bucket in body["buckets"]] == [600] * 6
    assert body["bucket_ms"] == 600000 and not body["cut"] and body["frozen"] == 0
    assert body["assumed"] == 0 and body["peak"]["peak"] >= 1
    assert 0.2 < body["buckets"][0]["busy"] < 30  # on a busy machine runs take longer than 0.3 s
    put(server, "new", EVERY_SECOND, paused=True)
    assert server.get("/api/v1/forecast", params={"from": start, "to": end}).json()["fires"] == 3600
    put(server, "later", {"type": "interval", "seconds": 1, "start_date": start})
    body = server.get("/api/v1/forecast", params={"from": start, "to": end, "assume": "2s"}).json()
    assert body["assumed"] == 3600 and body["peak"]["peak"] >= 2
    assert server.get("/api/v1/forecast", params={"to": moment(86400 * 30)}).json()["cut"]


def test_stats(server):
    program(server, "w", "#!/bin/sh\ntest -e fail && exit 3\nsleep 0.2\n")
    put(server, "job", EVERY_SECOND)
    assert server.get("/api/v1/jobs/job/stats").json()["success_rate"] is None
    wait_for(server, "job", lambda run: run["state"] == "succeeded")
    (server.jobs / "w" / "fail").touch()
    wait_for(server, "job", lambda run: run["state"] == "failed")
    server.post("/api/v1/jobs/job/pause")
    end = time.monotonic() + 60
    while server.get("/api/v1/jobs/job").json()["running"] and time.monotonic() < end:
        time.sleep(0.05)
    body = server.get("/api/v1/jobs/job/stats", params={"n": 1000}).json()
    (server.jobs / "w" / "fail").unlink()
    assert body["states"]["succeeded"] >= 1 and body["states"]["failed"] >= 1
    assert sum(body["states"].values()) == body["rows"]
    assert 0 < body["success_rate"] < 1 and body["failed_in_a_row"] == body["states"]["failed"]
    assert when(body["last_failure_at"]) > when(body["last_success_at"]) > when(body["since"])
    assert 200 <= body["duration_ms"]["p50"] <= body["duration_ms"]["p95"] <= body["duration_ms"]["max"]
    assert 0 <= body["lag_ms"]["p50"] <= body["lag_ms"]["max"]
    assert server.get("/api/v1/jobs/job/stats", params={"n": 1}).json()["rows"] == 1


def test_bad_windows(server):
    for path, params, where in [
            ("/api/v1/timeline", {"from": "soon"}, ["query", "from"]),
            ("/api/v1/timeline", {"from": moment(0), "to": moment(-10)}, ["query", "to"]),
            ("/api/v1/timeline", {"from": moment(0), "to": moment(86400 * 367)}, ["query", "to"]),
            ("/api/v1/forecast", {"to": moment(86400 * 32)}, ["query", "to"]),
            ("/api/v1/forecast", {"buckets": 0}, ["query", "buckets"])]:
        reply = server.get(path, params=params)
        assert reply.status_code == 422 and reply.json()["detail"][0]["loc"] == where, reply.text
    assert server.get("/api/v1/jobs/none/timeline").status_code == 404
    assert server.get("/api/v1/jobs/none/stats").status_code == 404
