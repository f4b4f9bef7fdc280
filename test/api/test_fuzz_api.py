"""test_fuzz_api.py - hypothesis against the API: whatever is sent, never a 500, never a dead server."""
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = 75 if os.environ.get("VARIANT") in ("asan", "tsan") else 150  # they take five times as long there
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, database=None,
                    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

text = st.text(max_size=20)
scalar = st.one_of(st.none(), st.booleans(), st.integers(-10**20, 10**20), st.floats(allow_nan=False, allow_infinity=False), text,
                   st.sampled_from(["*", "*/5", "0", "mon", "last", "2nd fri", "15", "2199-01-01", "5m", "none", "x"]))
anything = st.recursive(scalar, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(text, inner, max_size=4)),
                        max_leaves=12)
CRON = ["year", "month", "day", "week", "day_of_week", "hour", "minute", "second"]
UNITS = ["weeks", "days", "hours", "minutes", "seconds"]
KEYS = CRON + UNITS + ["run_date", "start_date", "end_date", "timezone", "jitter", "args", "type", "expr"]
args = st.dictionaries(st.sampled_from(KEYS), anything, max_size=6)
create = st.fixed_dictionaries({"job_id": st.one_of(st.just("x"), anything)}, optional={
    "from_file": anything, "type": st.one_of(st.sampled_from(["cron", "interval", "date"]), anything), "args": st.one_of(args, anything),
    "folder": anything, "timeout": anything, "misfire_grace": anything, "coalesce": anything, "max_instances": anything,
    "certificate": anything})
rich = st.fixed_dictionaries({"trigger": st.one_of(args, anything)}, optional={
    "args": anything, "folder": anything, "timeout": anything, "misfire_grace": anything, "coalesce": anything,
    "max_instances": anything, "paused": anything, "certificate": anything})


def sound(reply, statuses):
    assert reply.status_code in statuses, (reply.status_code, reply.text)
    body = reply.json()
    if reply.status_code >= 400:
        assert body["detail"]


@SETTINGS
@given(body=create)
def test_create(server, body):
    server.folder("x", "interval\nhours=9\n")
    reply = server.post("/api/v1/jobs", json=body)
    sound(reply, (200, 400, 404, 409, 422))
    if reply.status_code == 200:
        assert server.delete("/api/v1/jobs/" + reply.json()["job_id"]).status_code in (200, 400)  # a date may have run and gone


@SETTINGS
@given(body=st.one_of(rich, anything))
def test_put_and_patch(server, body):
    server.folder("x", "interval\nhours=9\n")
    sound(server.put("/api/v1/jobs/x", json=body), (200, 201, 400, 404, 422))
    sound(server.patch("/api/v1/jobs/x", json=body), (200, 400, 404, 422))


@SETTINGS
@given(raw=st.binary(max_size=200))
def test_raw_bodies(server, raw):
    sound(server.post("/api/v1/jobs", data=raw, headers={"Content-Type": "application/json"}), (422, 404))


line = st.one_of(st.text(max_size=30), st.sampled_from(["cron", "interval", "date", "# c", "", "second=*/10", "hours=1", "a=b=c", "=", "x="]),
                 st.builds(lambda k, v: f"{k}={v}", st.sampled_from(KEYS), st.one_of(text, st.sampled_from(["*", "5", "-1", "1e9"]))))


@SETTINGS
@given(lines=st.lists(line, max_size=8), end=st.sampled_from(["\n", "\r\n"]), mark=st.booleans())
def test_schedule_files(server, lines, end, mark):
    text = ("\ufeff" if mark else "") + end.join(lines)
    server.folder("x", text.encode("utf-8", "surrogatepass"))
    reply = server.post("/api/v1/jobs", json={"job_id": "x"})
    sound(reply, (200, 400, 409))
    if reply.status_code == 200:
        server.delete("/api/v1/jobs/x")
    sound(server.get("/api/v1/modules"), (200,))


@SETTINGS
@given(raw=st.binary(max_size=200))
def test_schedule_bytes(server, raw):
    server.folder("x", raw)
    reply = server.post("/api/v1/jobs", json={"job_id": "x"})
    sound(reply, (200, 400, 409))
    if reply.status_code == 200:
        server.delete("/api/v1/jobs/x")


@SETTINGS
@given(query=st.dictionaries(st.sampled_from(["time_in_seconds", "host", "x"]), st.one_of(text, st.integers(-10, 10**19)), max_size=3))
def test_queries(server, query):
    reply = server.post("/schedule/host_ssl_check/", params=query)
    sound(reply, (200, 409, 422))
    if reply.status_code == 200:
        server.delete("/schedule/host_ssl_check/", params={"host": reply.json()["job_id"]})
