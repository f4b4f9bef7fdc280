"""test_posts_clients.py - the requests that the posts' own scripts send, replayed as they stand."""
import re

USER_PY = """import json


def call():
    print(json.dumps({"user": "random"}))
"""
LOG_PY = """import asyncio


async def call(*args):
    await asyncio.sleep(0)
    print("log:", *args)
"""
SCHEDULE = "cron\nyear=*\nmonth=*\nday=*\nweek=*\nday_of_week=*\nhour=*\nminute=*\nsecond=*/2\n"


def test_their_day(server):
    server.folder("get_random_user", SCHEDULE, USER_PY)
    server.folder("log_something", None, LOG_PY)
    server.folder("log_with_args", None, LOG_PY)
    for body in (
            {"job_id": "get_random_user", "from_file": True, "type": "cron"},
            {"job_id": "log_something", "from_file": False, "type": "interval", "args": {"seconds": "1"}},
            {"job_id": "log_with_args", "from_file": False, "type": "date",
             "args": {"run_date": "2024-04-20T18:45:48Z", "args": ["haha"]}}):
        reply = server.post("/api/v1/jobs", json=body)
        assert (reply.status_code, reply.json()) == (200, {"scheduled": True, "job_id": body["job_id"]})

    # GET with an empty body and a content type, as their script sends it
    reply = server.ask("GET", "/api/v1/jobs", headers={"Content-Type": "application/json"}, data="")
    assert reply.status_code == 200
    jobs = {j["job_id"]: j for j in reply.json()["jobs"]}
    assert jobs["get_random_user"]["run_frequency"] == (
        "cron[year='*', month='*', day='*', week='*', day_of_week='*', hour='*', minute='*', second='*/2']")
    assert jobs["log_something"]["run_frequency"] == "interval[0:00:01]"
    for job in jobs.values():
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?\+00:00|None", job["next_run"])

    # on a busy machine a second may be too short for Python, and the next slot is skipped
    run = server.wait_for_run("/api/v1/jobs/get_random_user/runs", state="succeeded")
    assert run["stdout"]["head"] == '{"user": "random"}\n'
    assert server.wait_for_run("/api/v1/jobs/log_something/runs", state="succeeded")["stdout"]["head"] == "log:\n"
    # the date lies in the past: due at once
    run = server.wait_for_run("/api/v1/runs?limit=1000", "log_with_args")
    assert run["scheduled_at"] == "2024-04-20T18:45:48Z" and run["stdout"]["head"] == "log: haha\n"

    reply = server.delete("/api/v1/jobs/get_random_user")
    assert (reply.status_code, reply.text) == (200, '{"scheduled":false,"job_id":"get_random_user"}')


def test_a_date_now_runs_with_its_arguments(server):
    server.folder("once", None, LOG_PY)
    assert server.post("/api/v1/jobs", json={"job_id": "once", "from_file": False, "type": "date",
                                             "args": {"args": ["haha"]}}).status_code == 200
    run = server.wait_for_run("/api/v1/runs", "once")
    assert run["stdout"]["head"] == "log: haha\n" and run["origin"] == "schedule"
