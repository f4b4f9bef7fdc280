"""test_s1.py - the job scheduler's calls: statuses and bodies byte for byte (contract of S1)."""
import datetime
import re

import pytest

CRON = "cron[year='{}', month='{}', day='{}', week='{}', day_of_week='{}', hour='{}', minute='{}', second='{}']"
STARS = ["*"] * 7


def create(server, **body):
    return server.post("/api/v1/jobs", json=body)


def frequency(server, job_id):
    return next(j["run_frequency"] for j in server.get("/api/v1/jobs").json()["jobs"] if j["job_id"] == job_id)


def exact(reply, status, text):
    assert (reply.status_code, reply.text) == (status, text)
    assert reply.headers["content-type"] == "application/json"


def test_empty_list(server):
    exact(server.get("/api/v1/jobs"), 200, '{"total":0,"jobs":[]}')


def test_create_list_delete(server):
    server.folder("x", "cron\nsecond=*/10\n")
    exact(create(server, job_id="x", from_file=True, type="cron", args=None), 200, '{"scheduled":true,"job_id":"x"}')
    body = server.get("/api/v1/jobs").json()
    assert list(body) == ["total", "jobs"] and body["total"] == 1
    assert list(body["jobs"][0])[:3] == ["job_id", "run_frequency", "next_run"]
    assert body["jobs"][0]["run_frequency"] == CRON.format(*STARS, "*/10")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d0\+00:00", body["jobs"][0]["next_run"])
    exact(server.delete("/api/v1/jobs/x"), 200, '{"scheduled":false,"job_id":"x"}')
    exact(server.get("/api/v1/jobs"), 200, '{"total":0,"jobs":[]}')


def test_handled_errors(server):
    server.folder("x", "cron\n")
    server.folder("nofile")
    exact(create(server, job_id="absent"), 404, '{"detail":"Job folder not found."}')
    exact(create(server, job_id="nofile"), 404, '{"detail":"Schedule file not found"}')
    assert create(server, job_id="x").status_code == 200
    exact(create(server, job_id="x"), 409, '{"detail":"Job already exists"}')
    exact(server.delete("/api/v1/jobs/absent"), 400, '{"detail":"Job deleted failed"}')
    exact(server.get("/absent"), 404, '{"detail":"Not Found"}')
    reply = server.ask("PUT", "/api/v1/jobs", json={})
    exact(reply, 405, '{"detail":"Method Not Allowed"}')
    assert "GET" in reply.headers["allow"] and "POST" in reply.headers["allow"]


def test_refused_values_keep_their_words_and_tell_why(server):
    server.folder("x")
    for args in ({"hour": "25"}, {"second": "abc"}, {"month": "2", "day": "30"}, {"year": "1999"}):
        reply = create(server, job_id="x", from_file=False, type="cron", args=args)
        assert reply.status_code == 400, reply.text
        assert reply.text.startswith('{"detail":"An error occurred",')
        assert reply.json()["hint"] and reply.json()["code"] == "schedule_invalid"


def test_trailing_slash(server):
    reply = server.get("/api/v1/jobs/?a=1")
    assert reply.status_code == 307 and reply.text == ""
    assert reply.headers["location"] == server.url + "/api/v1/jobs?a=1"


def test_head(server):
    reply = server.ask("HEAD", "/api/v1/jobs")
    assert reply.status_code == 200 and reply.content == b"" and int(reply.headers["content-length"]) == 21


@pytest.mark.parametrize("type_, args, want", [
    ("interval", {"seconds": 15}, "interval[0:00:15]"),
    ("interval", {"hours": 1}, "interval[1:00:00]"),
    ("interval", {"days": 1}, "interval[1 day, 0:00:00]"),
    ("interval", {"days": 2, "hours": 3}, "interval[2 days, 3:00:00]"),
    ("interval", {"weeks": 1}, "interval[7 days, 0:00:00]"),
    ("interval", {}, "interval[0:00:10]"),
    ("interval", None, "interval[0:00:10]"),
    ("interval", {"seconds": "15"}, "interval[0:00:15]"),
    ("interval", {"seconds": 0}, "interval[0:00:01]"),
    ("cron", None, CRON.format(*STARS, "5")),
    ("cron", {"second": "*/10"}, CRON.format(*STARS, "*/10")),
    ("cron", {"hour": 4, "minute": "0", "second": "0"}, CRON.format(*["*"] * 5, "4", "0", "0")),
    ("cron", {"day_of_week": "mon-fri"}, CRON.format("*", "*", "*", "*", "mon-fri", "*", "*", "5")),
    ("date", {"run_date": "2199-04-20T18:45:48Z"}, "date[2199-04-20 18:45:48 UTC]"),
    ("date", {"run_date": "2199-04-20 18:45:48"}, "date[2199-04-20 18:45:48 UTC]"),
    ("cron", {"hour": "4", "timezone": "Europe/Berlin"}, CRON.format(*["*"] * 5, "4", "*", "5")),
])
def test_run_frequency(server, type_, args, want):
    server.folder("x")
    assert create(server, job_id="x", from_file=False, type=type_, args=args).status_code == 200
    assert frequency(server, "x") == want


@pytest.mark.parametrize("text, want", [
    ("cron\n" + "".join(f"{k}=*\n" for k in "year month day week day_of_week hour minute".split()) + "second=*/10\n",
     CRON.format(*STARS, "*/10")),
    ("interval\nhours=1\n", "interval[1:00:00]"),
    ("interval\nseconds = 15\n", "interval[0:00:15]"),
    ("interval\r\nseconds=15\r\n", "interval[0:00:15]"),
    ("\ufeffinterval\nseconds=15", "interval[0:00:15]"),
    ("# mine\n\ninterval\n  # more\nseconds=15", "interval[0:00:15]"),
    ("date\nrun_date=2199-01-01T00:00:00Z\n", "date[2199-01-01 00:00:00 UTC]"),
    ("hour=4\n", CRON.format(*["*"] * 5, "4", "*", "5")),
])
def test_schedule_files(server, text, want):
    server.folder("x", text)
    assert create(server, job_id="x").status_code == 200
    assert frequency(server, "x") == want


@pytest.mark.parametrize("text, line, column", [
    ("cron\nsecond=5\nminute 5\n", 3, 1),
    ("cron\nhour=99\n", 2, None),
    ("cron\na=b=c\n", 2, 4),
    ("cron\n=5\n", 2, 1),
    ("interval\nseconds=soon\n", 2, 9),
    ("cron\nhour=\n", 2, 6),
])
def test_bad_schedule_files_name_the_line(server, text, line, column):
    server.folder("x", text)
    reply = create(server, job_id="x")
    assert reply.status_code == 400
    body = reply.json()
    assert body["detail"] == "An error occurred" and body["line"] == line and body["hint"]
    if column:
        assert body["column"] == column


def test_warnings_travel_in_a_header(server):
    server.folder("x", "cron\nsecnod=*/10\n")
    reply = create(server, job_id="x", type="interval", more=1)
    exact(reply, 200, '{"scheduled":true,"job_id":"x"}')
    assert "secnod" in reply.headers["belfry-warning"] and "more" in reply.headers["belfry-warning"]
    assert frequency(server, "x") == "interval[0:00:10]"


def test_order_is_by_next_run(server):
    server.folder("x")
    for name, seconds in ("late", 5000), ("soon", 1000), ("mid", 3000):
        assert create(server, job_id=name, folder="x", from_file=False, type="interval", args={"seconds": seconds}).ok
    assert server.post("/api/v1/jobs/soon/pause").status_code == 200
    jobs = server.get("/api/v1/jobs").json()["jobs"]
    assert [j["job_id"] for j in jobs] == ["mid", "late", "soon"]
    assert jobs[2]["next_run"] == "None" and jobs[2]["state"] == "paused"


def test_next_run_form(server):
    server.folder("x")
    create(server, job_id="x", from_file=False, type="interval", args={"hours": 1})
    text = server.get("/api/v1/jobs").json()["jobs"][0]["next_run"]
    left = datetime.datetime.fromisoformat(text) - datetime.datetime.now(datetime.timezone.utc)
    assert 3500 < left.total_seconds() <= 3600


def test_arguments_reach_the_job(server):
    server.folder("x")
    create(server, job_id="x", from_file=False, type="interval", args={"hours": 1, "args": ["haha", 5]})
    started = server.post("/api/v1/jobs/x/runs")
    assert started.status_code == 201
    run = server.wait_for_run("/api/v1/jobs/x/runs")
    assert run["state"] == "succeeded" and run["exit_code"] == 0 and run["origin"] == "manual"
    assert run["stdout"]["head"] == "called with ['haha', '5']\n"
    assert run["stderr"]["head"] == "and to stderr\n"
    assert started.headers["location"] == f"/api/v1/runs/{run['run_id']}"


def test_etag_and_preconditions(server):
    server.folder("x")
    every = {"trigger": {"type": "interval", "hours": 1}}
    first = server.put("/api/v1/jobs/x", json=every)
    assert first.status_code == 201 and first.headers["etag"] == '"r1"'
    assert server.put("/api/v1/jobs/x", json=every).status_code == 200
    stale = server.put("/api/v1/jobs/x", json=every, headers={"If-Match": '"r1"'})
    assert stale.status_code == 412 and stale.json()["code"] == "revision_mismatch"
    late = server.put("/api/v1/jobs/x", json=every, headers={"If-None-Match": "*"})
    assert late.status_code == 412 and late.json()["field"] == "If-None-Match"
    assert late.json()["detail"] == "the job exists already"
    assert server.delete("/api/v1/jobs/x", headers={"If-Match": '"r1"'}).status_code == 412
    seen = server.get("/api/v1/jobs/x")
    assert server.get("/api/v1/jobs/x", headers={"If-None-Match": seen.headers["etag"]}).status_code == 304
    assert server.delete("/api/v1/jobs/x", headers={"If-Match": seen.headers["etag"]}).status_code == 200


def test_null_in_a_change_gives_the_preset(server):
    server.folder("x")
    server.put("/api/v1/jobs/x", json={"trigger": {"type": "interval", "hours": 1}, "max_instances": 7, "timeout": "5m",
                                       "coalesce": "all", "misfire_grace": "5m"})
    policies = {"max_instances": 1, "timeout": None, "coalesce": "last", "misfire_grace": None}
    job = server.patch("/api/v1/jobs/x", json=dict.fromkeys(policies)).json()
    assert {key: job[key] for key in policies} == policies


def test_two_schedules_at_once(server):
    """Neither is dropped without a word."""
    server.folder("x", "interval\nhours=1\n")
    both = {"job_id": "x", "type": "cron", "trigger": {"type": "interval", "hours": 2}}
    reply = server.post("/api/v1/jobs", json=both)
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"] == ["body", "trigger"]
    reply = server.post("/api/v1/jobs", json={"job_id": "x", "args": {"minutes": 5}})
    assert reply.status_code == 200 and "from_file=false" in reply.headers["belfry-warning"]


def test_null_is_no_body(server):
    reply = server.post("/api/v1/jobs", data="null", headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    assert reply.text == '{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}'


def test_full_trigger_puts_back(server):
    server.folder("x")
    create(server, job_id="x", from_file=False, type="cron", args={"hour": "4", "timezone": "Europe/Berlin"})
    job = server.get("/api/v1/jobs/x").json()
    again = server.put("/api/v1/jobs/x", json={"trigger": job["trigger"], "args": job["args"]}).json()
    for key in "run_frequency", "next_run", "trigger", "words":
        assert again[key] == job[key]
    assert again["version"] == 2


def test_update(server):
    server.folder("x", "interval\nminutes=7\n")
    create(server, job_id="x", from_file=False, type="interval", args={"seconds": 600})
    for body, want in (
            ({"type": "interval", "args": {"seconds": 900}}, "interval[0:15:00]"),
            ({"args": {"hours": 2}}, "interval[2:00:00]"),
            ({"from_file": True}, "interval[0:07:00]"),
            ({"type": "cron", "from_file": False, "args": {"hour": "4"}}, CRON.format(*["*"] * 5, "4", "*", "5")),
            ({"trigger": {"minute": "30"}}, CRON.format(*["*"] * 5, "4", "30", "5")),
            ({"trigger": {"expr": "0 9 * * 1-5"}}, "cron[month='*', day='*', day_of_week='mon-fri', hour='9', minute='0']"),
            ({"timeout": "90s", "max_instances": "2"}, "cron[month='*', day='*', day_of_week='mon-fri', hour='9', minute='0']")):
        reply = server.patch("/api/v1/jobs/x", json=body)
        assert reply.status_code == 200, reply.text
        assert reply.json()["run_frequency"] == want
    assert reply.json()["timeout"] == "1m30s" and reply.json()["max_instances"] == 2
    assert server.patch("/api/v1/jobs/x", json={"timeout": None}).json()["timeout"] is None


def test_restart_keeps_jobs(own_server):
    server = own_server.start()
    server.folder("x", "interval\nhours=1\n")
    assert server.post("/api/v1/jobs", json={"job_id": "x"}).status_code == 200
    before = server.get("/api/v1/jobs").text
    assert server.stop() == 0
    server.start()
    assert server.get("/api/v1/jobs").text == before
    server.kill()
    server.start()
    assert server.get("/api/v1/jobs").text == before


def test_a_shorter_interval_does_not_wait_for_the_old_start(server):
    server.folder("shorter", "interval\ndays=1\n")
    put = server.put("/api/v1/jobs/shorter", json={"trigger": {"type": "interval", "days": 1}})
    assert put.status_code == 201, put.text
    changed = server.patch("/api/v1/jobs/shorter", json={"trigger": {"days": None, "seconds": 30}}).json()
    assert changed["run_frequency"] == "interval[0:00:30]"
    assert changed["next_run_at"] < put.json()["next_run_at"]
    # A start that is given stands.
    start = "2030-01-01T00:00:00+00:00"
    changed = server.patch("/api/v1/jobs/shorter", json={"trigger": {"minutes": 5, "seconds": None, "start_date": start}})
    assert changed.json()["next_run"] == "2030-01-01 00:00:00+00:00"
