"""belfry on PostgreSQL: the same behaviour, and what happens when the database goes, is locked, or breaks at COMMIT."""
import collections
import json
import re
import signal
import subprocess
import time

import pytest

import pg_lab
from conftest import BELFRY

pytestmark = pytest.mark.skipif(not pg_lab.programs(), reason="tools/setup has not unpacked PostgreSQL")
EVERY_SECOND = {"type": "interval", "seconds": 1}
MAIN = """def call(*args, **kwargs):
    print("out of NAME")
    open("starts", "a").write("NAME\\n")
"""


@pytest.fixture
def make(cluster, belfry_factory, tmp_path, request):
    """Makes a server on a schema of the test's own."""
    name = "t" + str(abs(hash(request.node.name)) % 10**9)

    def make(port=None, uri=None):
        server = belfry_factory(tmp_path / "home", "--store", uri or cluster.schema(name, port), start=False)
        server.schema = name
        return server.start()
    return make


def wait_for(found, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come")


def put(server, name, trigger=None):
    server.folder(name, main=MAIN.replace("NAME", name))
    return server.put(f"/api/v1/jobs/{name}", json={"folder": name, "trigger": trigger or {"type": "manual"}})


def succeeded(server, name):
    runs = server.get(f"/api/v1/jobs/{name}/runs").json().get("runs", [])
    return [run for run in runs if run["state"] == "succeeded"]


def noted(server, name):
    """What its processes have written, once none has for a second and a half: those that were started before are through."""
    path, end = server.jobs / name / "starts", time.monotonic() + 60
    text, since = path.read_text(), time.monotonic()
    while time.monotonic() < since + 1.5:
        time.sleep(0.1)
        if path.read_text() != text:
            text, since = path.read_text(), time.monotonic()
            assert since < end, "it goes on starting"
    return text


def is_ready(server):
    return server.get("/readyz").status_code == 200


def db(*words):
    return subprocess.run([BELFRY, "db", *words], capture_output=True, text=True, timeout=60)


def test_restart(make, cluster):
    """Jobs, runs and their output are there after a restart; a second belfry is refused; no password is told."""
    server = make()
    uri = server.options[1]
    assert put(server, "a", EVERY_SECOND).status_code == 201
    wait_for(lambda: succeeded(server, "a"))
    second = subprocess.run([BELFRY, "serve", "--listen", "127.0.0.1:0", "--store", uri], cwd=server.home,
                            capture_output=True, text=True, timeout=60)
    assert second.returncode == 1 and "another belfry keeps its runs in" in second.stderr
    command_line = open(f"/proc/{server.pid}/cmdline").read()
    assert server.stop() == 0
    told = db("status", "--db", uri).stdout + db("check", "--db", uri).stdout
    assert "postgresql://tester@127.0.0.1" in told and "verdict   ok" in told and ", ended " in told
    assert re.search("; [34] days in tables of their own, 0 rows beside them", told)  # 4: it was midnight
    server.start()
    run = server.get(f"/api/v1/runs/{succeeded(server, 'a')[-1]['run_id']}").json()
    assert "out of a" in str(run)
    for text in (second.stderr, told, command_line, server.read_log()):
        assert pg_lab.PASSWORD not in text


def test_killed(make):
    """What was acknowledged is there; each slot has one row."""
    server = make()
    for i in range(8):
        assert put(server, f"j{i}", EVERY_SECOND).status_code == 201
    wait_for(lambda: succeeded(server, "j7"))
    server.kill()
    server.start()
    assert server.get("/api/v1/jobs").json()["total"] == 8
    server.end_keepers()
    wait_for(lambda: succeeded(server, "j0"))
    slots = collections.Counter(run["slot"] for run in server.get("/api/v1/jobs/j0/runs").json()["runs"])
    assert max(slots.values()) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_stopped(make, cluster, how):
    """While it is gone, requests are told so and nothing starts; it is well again soon after."""
    server = make()
    assert put(server, "a", EVERY_SECOND).status_code == 201
    wait_for(lambda: succeeded(server, "a"))
    cluster.stop(how)
    try:
        wait_for(lambda: not is_ready(server))
        reply = server.put("/api/v1/jobs/a", json={"folder": "a", "trigger": EVERY_SECOND})
        assert reply.status_code == 503 and "127.0.0.1" in reply.text and pg_lab.PASSWORD not in reply.text
        assert server.get("/api/v1/jobs/a/runs").status_code == 503
        starts = noted(server, "a")
        time.sleep(1.2)
        assert (server.jobs / "a/starts").read_text() == starts
    finally:
        cluster.start()
    wait_for(lambda: is_ready(server))
    before = len(succeeded(server, "a"))
    wait_for(lambda: len(succeeded(server, "a")) > before)
    assert put(server, "b").status_code == 201


@pytest.mark.parametrize("how", ["before", "after"])
def test_cut_at_commit(make, cluster, how):
    """Nobody knows what has become of it, until it is read back: the answer says what is so."""
    proxy = pg_lab.Proxy(cluster.port)
    server = make(proxy.own_port)
    assert put(server, "a").status_code == 201
    proxy.armed = how
    status = put(server, "b").status_code
    assert proxy.cuts == 1
    assert status == (201 if how == "after" else 503)
    names = cluster.sql(f"SELECT name FROM {server.schema}.job ORDER BY name").stdout.split()
    assert names == (["a", "b"] if how == "after" else ["a"])
    wait_for(lambda: is_ready(server))
    assert put(server, "c", EVERY_SECOND).status_code == 201
    wait_for(lambda: succeeded(server, "c"))
    proxy.armed = how  # a claim, or an end
    wait_for(lambda: proxy.cuts == 2)
    before = len(succeeded(server, "c"))
    wait_for(lambda: len(succeeded(server, "c")) > before)
    # A process that is ended before it has noted its start would be a row without one.
    assert server.post("/api/v1/jobs/c/pause").status_code == 200
    wait_for(lambda: server.get("/api/v1/jobs/c").json()["running"] == 0)
    server.stop()
    states = cluster.sql(f"SELECT DISTINCT state FROM {server.schema}.run WHERE state < 10").stdout.split()
    assert states == []
    starts = len((server.jobs / "c/starts").read_text().splitlines())
    rows = cluster.sql(f"SELECT count(*) FROM {server.schema}.run WHERE started_at > 0").stdout
    assert starts == int(rows)  # each start has its row, and each row its start
    proxy.done()


def test_locked(make, cluster):
    """A stranger's LOCK TABLE makes writes fail, not hang."""
    server = make()
    assert put(server, "a").status_code == 201
    stranger = subprocess.Popen(cluster.psql(), stdin=subprocess.PIPE, text=True)
    stranger.stdin.write(f"BEGIN; LOCK TABLE {server.schema}.job;\n")
    stranger.stdin.flush()
    wait_for(lambda: "t" in cluster.sql("SELECT true FROM pg_locks WHERE mode = 'AccessExclusiveLock'").stdout)
    reply = put(server, "b")
    assert reply.status_code == 503 and "keeps a table of it locked" in reply.text
    assert not is_ready(server)
    stranger.stdin.close()
    stranger.wait(60)
    assert put(server, "b").status_code == 201
    wait_for(lambda: is_ready(server))


def test_begins_beside_a_dump(make, cluster):
    """Days of history are made ahead; somebody who reads it for long only puts that off."""
    server = make()
    schema = server.options[1].partition("%3D")[2]
    assert server.stop() == 0
    day = cluster.sql(f"SELECT max(right(relname, 8)) FROM pg_class WHERE relname ~ '^run_history_2' AND relkind = 'r' "
                      f"AND relnamespace = '{schema}'::regnamespace").stdout.strip()
    cluster.sql("; ".join(f"DROP TABLE {schema}.{table}_{day}" for table in ("run_history", "run_output", "attempt")))
    dump = subprocess.Popen(cluster.psql("-c", f"BEGIN; SELECT count(*) FROM {schema}.run; SELECT pg_sleep(600)"), stdout=subprocess.DEVNULL)
    wait_for(lambda: cluster.sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'BEGIN%pg_sleep%' AND wait_event = 'PgSleep'").stdout)
    server.start()
    assert put(server, "a", EVERY_SECOND).status_code == 201
    wait_for(lambda: succeeded(server, "a"))
    cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    dump.wait(60)


def test_copied(cluster, belfry_factory, tmp_path):
    """A service moves from its file into PostgreSQL and back: jobs, runs and output are the same."""
    uri, home = cluster.schema("copied"), tmp_path / "home"
    assert "have been made" in db("migrate", "--db", uri).stdout
    assert "nothing to do" in db("migrate", "--db", uri).stdout
    server = belfry_factory(home)
    assert put(server, "a", EVERY_SECOND).status_code == 201
    wait_for(lambda: succeeded(server, "a"))
    busy = db("copy", "--from", f"sqlite:{server.db}", "--to", uri)
    assert busy.returncode == 1 and "in use by another belfry" in busy.stderr
    server.stop()
    there = db("copy", "--from", f"sqlite:{server.db}", "--to", uri)
    back = db("copy", "--from", uri, "--to", f"sqlite:///{tmp_path}/back.db")
    assert there.returncode == back.returncode == 0 and there.stdout == back.stdout, there.stderr + back.stderr
    assert there.stdout.splitlines()[0].split()[:2] == ["job", "1"]
    status = json.loads(db("status", "-o", "json", "--db", uri).stdout)
    assert status["history_days"] >= 3 and status["rows_apart"] == 0
    moved = belfry_factory(home, "--store", uri)
    assert "out of a" in str(moved.get(f"/api/v1/runs/{succeeded(moved, 'a')[-1]['run_id']}").json())
