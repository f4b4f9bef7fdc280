"""test_preview.py - schedules before they are used: GET and POST /api/v1/triggers/preview."""
import re
from pathlib import Path

import pytest

PREVIEW = "/api/v1/triggers/preview"
FROM = "2026-11-22T12:05:00Z"


def ask(server, expr, **more):
    return server.get(PREVIEW, params={"expr": expr, "from": FROM, **more})


def test_crontab(server):
    reply = ask(server, "30 2 * * *", tz="Europe/Berlin", n=2)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert body["dialect"] == "cron" and body["type"] == "cron" and body["timezone"] == "Europe/Berlin"
    assert body["trigger"] == {"type": "cron", "expr": "30 2 * * *", "timezone": "Europe/Berlin"}
    assert body["words"] == "at 02:30 every day, Europe/Berlin"
    assert body["rate"] == {"words": "once a day", "per_day": 1.0, "total": None}
    assert body["next"] == [
        {"at": "2026-11-23T02:30:00+01:00", "local": "2026-11-23 02:30:00+01:00", "unix": 1795397400},
        {"at": "2026-11-24T02:30:00+01:00", "local": "2026-11-24 02:30:00+01:00", "unix": 1795483800}]
    gap, fold = body["dst"][:2]
    assert gap == {"kind": "gap", "local": "2027-03-28T02:30:00", "change_at": "2027-03-28T03:00:00+02:00",
                   "runs_at": "2027-03-28T03:00:00+02:00", "runs_twice": False,
                   "words": "2027-03-28 02:30 does not exist: runs at 03:00 CEST"}
    assert fold["kind"] == "fold" and fold["words"] == "2027-10-31 02:30 occurs twice: the first only"
    assert [w["code"] for w in body["warnings"]] == ["dst-gap", "dst-fold"]
    assert body["conversions"]["quartz"] == {
        "expr": "0 30 2 * * ?",
        "trigger": {"type": "quartz", "expr": "0 30 2 * * ?", "timezone": "Europe/Berlin"}}
    assert body["conversions"]["fields"]["expr"] is None
    assert body["conversions"]["date"] == {"cannot": "date lists 100 moments at most, this schedule has more"}


@pytest.mark.parametrize("expr, dialect, words", [
    ("@daily", "cron", "at 00:00 every day, UTC"),
    ('{"type":"interval","minutes":5}', None, "every 5 minutes"),
    ("2026-12-24T18:00", "date", "once at 2026-12-24 18:00:00 UTC"),
])
def test_dialects_are_guessed(server, expr, dialect, words):
    body = ask(server, expr).json()
    assert (body["dialect"], body["words"]) == (dialect, words)


@pytest.mark.parametrize("expr, dialect, words", [
    ("0 0 9 ? * 2-6", "quartz", "at 09:00 on weekdays, UTC"),
    ("0 0 9 ? * 2-6", "cron", "at 09:00 on Tuesdays to Saturdays, UTC"),
    ('{"hour":9,"day_of_week":"1-5"}', "fields", "at 09:00 on Tuesdays to Saturdays, UTC"),
])
def test_dialects_are_named(server, expr, dialect, words):
    assert ask(server, expr, dialect=dialect).json()["words"] == words


def test_warnings_for_machines(server):
    [warning] = ask(server, "*/35 * * * *").json()["warnings"]
    assert warning == {"code": "uneven-step", "severity": "warning", "field": "expr", "column": 1,
                       "message": 'minute "*/35" begins anew each hour: runs are 35 minutes apart, then 25',
                       "hint": "*/30 divides the hour; @every 35m keeps the distance"}


@pytest.mark.parametrize("query, loc, column", [
    ({"expr": "61 * * * *"}, ["query", "expr"], 1),
    ({"expr": "0 0 12 * * MON", "dialect": "quartz"}, ["query", "expr"], 12),
    ({"expr": "0 0 31 2 *"}, ["query", "expr"], None),
    ({"expr": '{"type":"cron","hour":"25"}'}, ["query", "expr"], 1),
    ({"expr": "{"}, ["query", "expr"], 1),
    ({"expr": "* * * * *", "tz": "Mars/Phobos"}, ["query", "tz"], None),
    ({"expr": "* * * * *", "from": "soon"}, ["query", "from"], 1),
    ({"expr": "* * * * *", "n": "0"}, ["query", "n"], None),
    ({"expr": "* * * * *", "dialect": "crom"}, ["query", "dialect"], None),
    ({}, ["query", "expr"], None),
])
def test_refused(server, query, loc, column):
    reply = server.get(PREVIEW, params=query)
    assert reply.status_code == 422, reply.text
    [issue] = reply.json()["detail"]
    assert issue["loc"] == loc and issue["msg"] and issue.get("ctx", {}).get("column") == column


def test_cache(server):
    first = ask(server, "0 0 1 1 *")
    assert first.headers["cache-control"] == "private, max-age=60"
    again = server.get(PREVIEW, params={"expr": "0 0 1 1 *", "from": FROM},
                       headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and again.text == "" and again.headers["etag"] == first.headers["etag"]
    assert ask(server, "0 0 2 1 *").headers["etag"] != first.headers["etag"]
    soon = server.get(PREVIEW, params={"expr": "* * * * * *"})
    assert soon.headers["cache-control"] in ("private, max-age=0", "private, max-age=1")


def test_whole_trigger(server):
    reply = server.post(PREVIEW, json={"trigger": {"type": "cron", "hour": 9, "max_runs": 3, "timezone": "Asia/Kolkata",
                                                   "start_date": "2026-11-23", "jitter": 60}, "from": FROM, "n": 5})
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert body["dialect"] is None and len(body["next"]) == 3
    assert body["rate"]["words"] == "3 times" and body["rate"]["total"] == 3
    assert body["conversions"]["cron"]["expr"] is None  # crontab text has no bounds
    assert body["conversions"]["cron"]["trigger"] == {
        "type": "cron", "expr": "0 9 * * *", "start_date": "2026-11-23T00:00:00+05:30", "max_runs": 3,
        "timezone": "Asia/Kolkata", "jitter": 60}


@pytest.mark.parametrize("body, loc", [
    ({"trigger": {"type": "cron", "hour": "25"}}, ["body", "trigger", "hour"]),
    ({"trigger": {"type": "cron", "expr": "61 * * * *"}}, ["body", "trigger", "expr"]),
    ({"trigger": {"type": "moon"}}, ["body", "trigger", "type"]),
    ({"trigger": {"type": "manual"}, "from": "soon"}, ["body", "from"]),
    ({"trigger": {"type": "manual"}, "job_id": "../x"}, ["body", "job_id"]),
    ({"trigger": 5}, ["body", "trigger"]),
    ({"trigger": {"type": "or", "triggers": [{"type": "cron", "hour": 1}, {"type": "cron", "hour": "25"}]}},
     ["body", "trigger", "triggers", 1, "hour"]),
    ({"triger": {}}, None),
    ({}, ["body", "trigger"]),
])
def test_whole_trigger_refused(server, body, loc):
    reply = server.post(PREVIEW, json=body)
    assert reply.status_code == 422, reply.text
    assert loc is None or reply.json()["detail"][0]["loc"] == loc


def test_what_calendars_take_away(server):
    assert server.put("/api/v1/calendars/rest", json={"dates": [{"date": "12-25", "reason": "Christmas"}]}).status_code == 201
    trigger = {"type": "cron", "expr": "0 9 * * *", "exclude": ["rest"], "on_exclude": "next"}
    body = server.post(PREVIEW, json={"trigger": trigger, "from": "2026-12-24T12:00:00Z", "n": 1}).json()
    assert body["next"][0]["at"] == "2026-12-26T09:00:00Z"
    assert body["excluded"] == [{"at": "2026-12-25T09:00:00Z", "calendar": "rest", "reason": "Christmas",
                                 "moved_to": "2026-12-26T09:00:00Z"}]
    assert body["rate"]["words"] == "about once a day" and body["conversions"]["quartz"]["trigger"]["exclude"] == ["rest"]
    assert "on_exclude" not in body["conversions"]["rrule"] and "calendars move" in body["conversions"]["rrule"]["cannot"]
    reply = server.post(PREVIEW, json={"trigger": {**trigger, "exclude": ["absent"]}})
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"][:3] == ["body", "trigger", "exclude"]
    assert server.delete("/api/v1/calendars/rest").status_code == 204


def test_relative(server):
    body = server.post(PREVIEW, json={"trigger": {"type": "after", "delay": "5m"}}).json()
    assert body["next"] == [] and body["rate"] is None and body["warnings"] == []
    assert "cannot" in body["conversions"]["cron"]


def test_collisions_with_the_jobs_here(server):
    server.folder("a")
    for name in ("a", "b", "c"):
        reply = server.put(f"/api/v1/jobs/{name}", json={"folder": "a", "trigger": {"type": "cron", "expr": "30 2 * * *"}})
        assert reply.status_code == 201, reply.text
    server.put("/api/v1/jobs/d", json={"folder": "a", "trigger": {"type": "cron", "expr": "31 2 * * *"}})
    [note] = [w for w in ask(server, "30 2 * * *").json()["warnings"] if w["code"] == "collision"]
    assert note["message"].startswith("3 other jobs run in the same minute") and note["severity"] == "note"
    assert note["hint"] == "minute 32 is free: 32 2 * * *"
    mine = server.post(PREVIEW, json={"trigger": {"type": "cron", "expr": "30 2 * * *"}, "job_id": "a"}).json()
    assert any(w["code"] == "collision" and w["message"].startswith("2 other jobs") for w in mine["warnings"])
    assert not ask(server, "45 2 * * *").json()["warnings"]
    for name in ("a", "b", "c", "d"):
        server.delete(f"/api/v1/jobs/{name}")


def test_heavy_jobs(server):
    server.folder("python")
    assert server.put("/api/v1/jobs/python", json={"trigger": {"type": "date", "run_date": "2099-01-01"}}).status_code == 201
    often = {"trigger": {"type": "cron", "expr": "*/10 * * * * *"}}
    codes = [w["code"] for w in server.post(PREVIEW, json={**often, "job_id": "python"}).json()["warnings"]]
    assert "sub-minute" in codes
    assert server.put("/api/v1/jobs/program", json={"trigger": {"type": "manual"}, "command": ["true"]}).status_code == 201
    codes = [w["code"] for w in server.post(PREVIEW, json={**often, "job_id": "program"}).json()["warnings"]]
    assert "sub-minute" in codes
    assert "sub-minute" not in [w["code"] for w in server.post(PREVIEW, json=often).json()["warnings"]]


def test_next_of_a_job_tells_of_the_clocks(server):
    server.folder("night")
    server.put("/api/v1/jobs/night", json={"trigger": {"type": "cron", "expr": "30 2 * * *", "timezone": "Europe/Berlin"}})
    body = server.get("/api/v1/jobs/night/next?n=1").json()
    assert len(body["next"]) == 1 and body["next"][0]["unix"] > 0
    assert [d["kind"] for d in body["dst"]].count("gap") in (2, 3)


def test_each_code_is_told_of():
    root = Path(__file__).parents[2]
    codes = re.findall(r'^X\(\w+, "([a-z-]+)"', (root / "src/trigger/lint.def").read_text(), re.M)
    page = (root / "docs/api.md").read_text()
    assert len(codes) >= 15 and [code for code in codes if f"`{code}`" not in page] == []
