"""test_nodes.py - nodes as seen from outside: lists, draining, and requests that go to the node that has the job."""
import json
import signal
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

import pg_lab
from conftest import BELFRY

WAIT = 60
MANUAL = {"type": "manual"}
SLEEPER = "import time\ndef call():\n    print('begun', flush=True)\n    time.sleep(60)\n"
needs_postgresql = pytest.mark.skipif(not pg_lab.programs(), reason="tools/setup has not unpacked PostgreSQL")


def wait_until(look, what, seconds=WAIT):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = look()
        except requests.exceptions.ConnectionError:
            found = None  # a node that begins anew
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


def cli(server, *words):
    return subprocess.run([BELFRY, *words, "--server", server.url], capture_output=True, text=True, timeout=3 * WAIT)


# ---- alone ----

def test_alone(belfry_factory, tmp_path):
    """A belfry on SQLite is one node, and cannot be drained."""
    server = belfry_factory(tmp_path, "--node", "solo", "--node-tags", "gpu,eu")
    server.put("/api/v1/jobs/a", json={"command": ["true"], "trigger": MANUAL})
    reply = server.get("/api/v1/nodes").json()
    node = reply["nodes"][0]
    assert reply["epoch"] is None and reply["total"] == 1
    assert node["name"] == "solo" and node["is_self"] and node["state"] == "active" and node["tags"] == ["gpu", "eu"]
    assert node["jobs"] == 1 and node["running"] == 0 and node["address"] == server.url
    assert node["started_at"] and node["lease_until"] is None and node["late_ms"] is None
    assert server.get("/api/v1/nodes/solo").json() == node
    assert server.get("/api/v1/nodes/other").status_code == 404
    assert server.post("/api/v1/nodes/other/drain").status_code == 404
    for act in ("drain", "undrain"):
        refused = server.post(f"/api/v1/nodes/solo/{act}")
        assert refused.status_code == 409 and "no other node" in refused.json()["detail"]
    status = server.get("/api/v1/status").json()
    assert status["node"] == "solo" and status["nodes"] == 1
    checks = server.get("/readyz?verbose=1").json()["checks"]
    assert set(checks) == {"store", "scheduler", "stopping"}
    assert not [line for line in server.get("/metrics").text.splitlines() if line.startswith("belfry_cluster_epoch")]


def test_cli_alone(belfry_factory, tmp_path):
    server = belfry_factory(tmp_path, "--node", "solo")
    table = cli(server, "node")
    assert table.returncode == 0 and table.stdout.splitlines()[0].split()[:3] == ["NAME", "STATE", "JOBS"]
    assert "solo *" in table.stdout and "active" in table.stdout
    assert json.loads(cli(server, "node", "ls", "-o", "json").stdout)["total"] == 1
    assert cli(server, "node", "-o", "name").stdout == "solo\n"
    refused = cli(server, "node", "drain", "solo")
    assert refused.returncode == 5 and "no other node" in refused.stderr
    assert cli(server, "node", "drain", "nobody").returncode == 3
    assert cli(server, "node", "drain").returncode == 2
    assert cli(server, "node", "dance").returncode == 2


def test_meant_for_another(belfry_factory, tmp_path):
    """A request that says whom it is for is not answered by anybody else."""
    server = belfry_factory(tmp_path, "--node", "solo")
    astray = server.get("/api/v1/jobs/a", headers={"belfry-for": "other"})
    assert astray.status_code == 421 and "\"solo\"" in astray.json()["detail"]
    assert server.get("/api/v1/status", headers={"belfry-for": "solo"}).status_code == 200


@pytest.mark.parametrize("options,words", [
    (["--node", "a b"], "is not a name"),
    (["--node-tags", "x y"], "is no tag"),
    (["--advertise", "b.example.org"], "is not a URL"),
    (["--lease", "0.5s"], "between 1s and 10m"),
])
def test_settings_that_are_refused(tmp_path, options, words):
    done = subprocess.run([BELFRY, "serve", "--listen", "127.0.0.1:0", "--db", str(tmp_path / "x.db"), *options],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and words in done.stderr


# ---- several ----

@pytest.fixture(scope="module")
def pair(cluster, tmp_path_factory):
    """Two nodes, a and b, for the tests of the module."""
    from conftest import Server
    uri = cluster.schema("test_nodes")
    home = tmp_path_factory.mktemp("nodes")
    nodes = []
    try:
        for name in ("a", "b"):
            nodes.append(Server(home / name, "--store", uri, "--node", name, "--node-tags", f"tag-{name}", "--lease", "20s"))
            nodes[-1].name = name
            nodes[-1].start()
        for node in nodes:
            wait_until(lambda node=node: sum(n["state"] == "active" for n in node.get("/api/v1/nodes").json()["nodes"]) == 2, "two nodes")
            wait_until(lambda node=node: node.get("/readyz").status_code == 200, "readiness")
        yield nodes
    finally:
        for node in nodes:
            if node.process:
                node.stop()
            node.clear_away()


def job_on(pair, owner, job_id, main=None, **members):
    """A job that runs on that node, known to both."""
    for node in pair:
        node.folder(job_id, main=main or "def call(): print('out')\n")
    body = {"folder": job_id, "trigger": MANUAL, "nodes": [owner.name], **members}
    assert pair[0].put(f"/api/v1/jobs/{job_id}", json=body).status_code in (200, 201)
    for node in pair:
        wait_until(lambda node=node: node.get(f"/api/v1/jobs/{job_id}").status_code == 200, "the job")
    wait_until(lambda: pair[0].get(f"/api/v1/jobs/{job_id}/why", params={"at": "now"}).status_code == 200, "its owner")


def started(node, job_id):
    reply = None

    def ask():
        nonlocal reply
        reply = node.post(f"/api/v1/jobs/{job_id}/runs")
        return reply.status_code == 201
    wait_until(ask, "the run")
    return reply, reply.json()["run_id"]


@needs_postgresql
def test_list(pair):
    a, b = pair
    for node in pair:
        reply = node.get("/api/v1/nodes").json()
        assert reply["epoch"] > 0 and [n["name"] for n in reply["nodes"]] == ["a", "b"]
        assert [n["is_self"] for n in reply["nodes"]] == [node is a, node is b]
        assert reply["nodes"][0]["address"] == a.url and reply["nodes"][1]["tags"] == ["tag-b"]
        assert all(n["lease_until"] > n["seen_at"] for n in reply["nodes"])
    assert a.get("/api/v1/status").json()["nodes"] == 2
    text = a.get("/metrics").text
    assert 'belfry_cluster_nodes{state="active"} 2' in text and 'belfry_node_info{node="a"} 1' in text
    assert set(a.get("/readyz?verbose=1").json()["checks"]) >= {"lease", "draining"}


@needs_postgresql
def test_acts_go_to_the_owner(pair):
    """A run that is asked for anywhere begins on the owner; seen, followed and cancelled from anywhere."""
    a, b = pair
    job_on(pair, b, "far", SLEEPER)
    reply, run = started(a, "far")
    assert reply.headers["belfry-node"] == "b" and reply.headers["location"] == f"/api/v1/runs/{run}"
    wait_until(lambda: a.get(f"/api/v1/runs/{run}").json()["state"] == "running", "its start")
    wait_until(lambda: "begun" in a.get(f"/api/v1/runs/{run}/log").text, "its output")
    for node in pair:
        item = wait_until(lambda node=node: [j for j in node.get("/api/v1/jobs").json()["jobs"] if j["job_id"] == "far" and j["running"] == 1], "the list")
        assert item
        wait_until(lambda node=node: node.get("/api/v1/status").json()["running"] == 1, "the count")
        assert node.get("/api/v1/jobs?limit=10").json()["jobs"][0]["running"] in (0, 1)
    assert a.get("/api/v1/jobs/far").json()["running"] == 1 and a.get("/api/v1/jobs/far").json()["node"] == "b"
    assert ", node a of 2" in cli(a, "status").stdout and " node " in cli(a, "show", "far").stdout
    cancelled = a.post(f"/api/v1/runs/{run}/cancel")
    assert cancelled.status_code == 202 and cancelled.headers["belfry-node"] == "b"
    ended = a.wait_for_run("/api/v1/jobs/far/runs", state="cancelled", seconds=WAIT)
    assert ended["run_id"] == run
    again = a.post(f"/api/v1/runs/{run}/retry")
    assert again.status_code == 201 and again.headers["belfry-node"] == "b"
    assert a.post(f"/api/v1/runs/{again.json()['run_id']}/cancel").status_code in (202, 409)


@needs_postgresql
def test_pools_of_all(pair):
    """Whichever node lists them: places that are taken on the other count, and runs that wait there."""
    a, b = pair
    assert a.put("/api/v1/pools/far", json={"slots": 3}).status_code == 201
    for name, places in (("first", 2), ("second", 9), ("third", 1)):
        wait_until(lambda: all(node.get("/api/v1/pools/far").status_code == 200 for node in pair), "the pool")
        job_on(pair, b, f"pool-{name}", SLEEPER, pools={"far": places})
    runs = [started(a, f"pool-{name}")[1] for name in ("first", "second", "third")]

    def listed(node):
        return [(pool["used"], pool["waiting"]) for pool in node.get("/api/v1/pools").json()["pools"]]
    for node in pair:
        wait_until(lambda node=node: listed(node) == [(2, 2)], f"the places of {node.name}")
    assert a.post(f"/api/v1/runs/{runs[0]}/cancel").status_code in (200, 202)
    for node in pair:
        wait_until(lambda node=node: listed(node) == [(9, 1)], f"the places of {node.name}")
    for run in runs[1:]:
        wait_until(lambda run=run: a.post(f"/api/v1/runs/{run}/cancel").status_code in (200, 202, 409), "the cancel")
    for name in ("first", "second", "third"):
        assert a.delete(f"/api/v1/jobs/pool-{name}").status_code == 200
    wait_until(lambda: a.delete("/api/v1/pools/far").status_code in (204, 404), "its end")


@needs_postgresql
def test_replies_are_the_same(pair):
    """Byte for byte: success, complaints, headers."""
    a, b = pair
    job_on(pair, b, "same", trigger={"type": "interval", "hours": 1, "start_date": "2026-01-01T00:00:00Z"})
    for path in ("/api/v1/jobs/same/why?at=2031-01-01T00:00:00Z", "/api/v1/jobs/same/why?at=nonsense", "/api/v1/jobs/same"):
        drop = lambda text: [word for word in text.replace(",", " ").split() if "request_id" not in word]

        def both():
            """Asked until both were asked in the same second, hour and so on: some words tell how long it is until then."""
            here, there = b.get(path), a.get(path)
            return (here, there) if drop(there.text) == drop(here.text) else None
        here, there = wait_until(both, f"the same of {path}")
        assert there.status_code == here.status_code and there.headers.get("belfry-node") == "b"
        for header in ("content-type", "etag"):
            assert there.headers.get(header) == here.headers.get(header)
    assert a.ask("HEAD", "/api/v1/jobs/same").headers["content-length"] == b.ask("HEAD", "/api/v1/jobs/same").headers["content-length"]
    assert a.get("/api/v1/jobs/same", headers={"if-none-match": b.get("/api/v1/jobs/same").headers["etag"]}).status_code == 304
    skipped = a.post("/api/v1/jobs/same/skip-next")
    assert skipped.status_code == 200 and skipped.headers["belfry-node"] == "b"


@needs_postgresql
def test_output_is_found(pair):
    """What a run has written lies on one node, and is told by both: whole, in part, as it comes, after the end."""
    a, b = pair
    job_on(pair, b, "writer", "import time\ndef call():\n    for i in range(3):\n        print(f'line {i}', flush=True)\n        time.sleep(0.2)\n")
    _, run = started(a, "writer")
    text = a.get(f"/api/v1/runs/{run}/log/stream").text
    assert "line 2" in text and text.rstrip().endswith('data: {"state":"succeeded"}')
    a.wait_for_run("/api/v1/jobs/writer/runs", seconds=WAIT)
    for node in pair:
        assert node.get(f"/api/v1/runs/{run}/log").text == "line 0\nline 1\nline 2\n"
        part = node.get(f"/api/v1/runs/{run}/log", headers={"range": "bytes=0-5"})
        assert part.status_code == 206 and part.text == "line 0"
    assert a.patch("/api/v1/jobs/writer", json={"nodes": ["a"]}).status_code == 200  # another owner; the file stays where it is
    for node in pair:
        assert wait_until(lambda node=node: node.get(f"/api/v1/runs/{run}/log").text == "line 0\nline 1\nline 2\n", "its output")


@needs_postgresql
def test_a_stream_breaks_with_its_node(cluster, tmp_path, belfry_factory):
    """Who follows a run of a node that is killed is not told that all is over."""
    uri = cluster.schema("test_nodes_breach")
    c, d = [belfry_factory(tmp_path / name, "--store", uri, "--node", name, "--lease", "5s") for name in "cd"]
    wait_until(lambda: c.get("/api/v1/nodes").json()["total"] == 2, "two nodes")
    d.name = "d"
    job_on([c, d], d, "long", SLEEPER)
    _, run = started(c, "long")
    with c.get(f"/api/v1/runs/{run}/log/stream", stream=True) as reply:
        assert reply.headers["belfry-node"] == "d"
        lines = reply.iter_lines()
        while "begun" not in next(lines).decode():
            pass
        d.kill()
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            for line in lines:
                assert b"end" not in line
    wait_until(lambda: c.get(f"/api/v1/runs/{run}").json()["state"] == "lost", "its end")


@needs_postgresql
def test_pings_go_to_the_owner(pair):
    a, b = pair
    body = {"heartbeat": "5m", "trigger": {"type": "interval", "hours": 1}, "nodes": ["b"]}
    made = a.put("/api/v1/jobs/beat", json=body)
    assert made.status_code == 201, made.text
    key = made.json()["ping_url"].rsplit("/", 1)[1] if "ping_url" in made.json() else made.json()["target"]
    wait_until(lambda: a.get(f"/ping/{key}").headers.get("belfry-node") == "b", "its owner")
    reply = a.get(f"/ping/{key}")
    assert reply.text == "OK" and reply.headers["belfry-node"] == "b"
    wait_until(lambda: a.get("/api/v1/jobs/beat/runs").json()["runs"], "its row")


@needs_postgresql
def test_a_job_that_has_just_been_made(pair):
    """It may be run at once, from wherever it was made: its owner hears of it meanwhile."""
    a, b = pair
    for i in range(4):
        assert a.put(f"/api/v1/jobs/new{i}", json={"command": ["true"], "trigger": MANUAL, "nodes": ["b"]}).status_code == 201
        assert a.post(f"/api/v1/jobs/new{i}/runs").status_code == 201
        assert b.delete(f"/api/v1/jobs/new{i}").status_code == 200
        wait_until(lambda i=i: a.post(f"/api/v1/jobs/new{i}/runs").status_code == 404, "its end")


@needs_postgresql
def test_a_request_is_handed_on_once(pair):
    a, b = pair
    job_on(pair, b, "once")
    refused = a.post("/api/v1/jobs/once/runs", headers={"belfry-forwarded": "b"})
    assert refused.status_code == 503 and refused.headers["retry-after"] == "1"
    assert refused.json()["type"].endswith("/moved")


@needs_postgresql
def test_headers_travel(pair, cluster, tmp_path, belfry_factory):
    """Who asks is told the owner, through a proxy of its own; what is about the connection is not."""
    seen = []

    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(int(self.headers.get("content-length", 0)))))
            self.send_response(418)
            self.send_header("X-Teapot", "yes")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    uri = cluster.schema("test_nodes_proxy")
    c = belfry_factory(tmp_path / "c", "--store", uri, "--node", "c", "--lease", "20s")
    d = belfry_factory(tmp_path / "d", "--store", uri, "--node", "d", "--lease", "20s", "--advertise", f"http://127.0.0.1:{proxy.server_port}/belfry/")
    wait_until(lambda: c.get("/api/v1/nodes").json()["total"] == 2, "two nodes")
    c.put("/api/v1/jobs/x", json={"command": ["true"], "trigger": MANUAL, "nodes": ["d"]})
    wait_until(lambda: c.post("/api/v1/jobs/x/runs").status_code == 418, "the proxy's reply")
    reply = c.post("/api/v1/jobs/x/runs?force=1", json={"args": []}, headers={
        "authorization": "Basic eDp5", "cookie": "k=v", "idempotency-key": "7", "origin": c.url, "x-empty": ""})
    assert reply.status_code == 418 and reply.headers["x-teapot"] == "yes" and reply.content == b"{}" and reply.headers["belfry-node"] == "d"
    path, headers, body = seen[-1]
    assert path == "/belfry/api/v1/jobs/x/runs?force=1" and json.loads(body) == {"args": []}
    assert headers["authorization"] == "Basic eDp5" and headers["cookie"] == "k=v" and headers["idempotency-key"] == "7"
    assert headers["belfry-forwarded"] == "c" and headers["belfry-for"] == "d" and "origin" not in headers
    assert headers["host"] == f"127.0.0.1:{proxy.server_port}" and headers["content-type"] == "application/json"
    proxy.shutdown()
    proxy.server_close()
    gone = c.post("/api/v1/jobs/x/runs")
    assert gone.status_code == 503 and '"d"' in gone.json()["detail"].replace('\\"', '"') and "cannot be reached" in gone.json()["detail"]
    assert gone.headers["retry-after"] == "1"
    assert c.get("/api/v1/jobs/x").status_code == 200  # what is known here is told here
    d.kill()


@needs_postgresql
def test_an_address_that_leads_elsewhere(cluster, tmp_path, belfry_factory):
    uri = cluster.schema("test_nodes_astray")
    c = belfry_factory(tmp_path / "c", "--store", uri, "--node", "c", "--lease", "20s")
    belfry_factory(tmp_path / "d", "--store", uri, "--node", "d", "--lease", "20s", "--advertise", c.url)
    wait_until(lambda: c.get("/api/v1/nodes").json()["total"] == 2, "two nodes")
    c.put("/api/v1/jobs/x", json={"command": ["true"], "trigger": MANUAL, "nodes": ["d"]})
    def refused():
        reply = c.post("/api/v1/jobs/x/runs")
        return [reply] if reply.status_code == 503 and "another node answers" in reply.text else None
    reply, = wait_until(refused, "the refusal")
    assert "another node answers there" in reply.json()["detail"]


@needs_postgresql
def test_drain(pair):
    """Nothing new starts there, and its jobs go; /readyz is red; undrain gives it its share again."""
    a, b = pair
    for i in range(8):
        assert a.put(f"/api/v1/jobs/share{i}", json={"command": ["true"], "trigger": MANUAL}).status_code in (200, 201)
    share = lambda: {n["name"]: n["jobs"] for n in a.get("/api/v1/nodes").json()["nodes"]}
    drained = cli(a, "node", "drain", "b", "--wait", "--for", f"{WAIT}s")
    assert drained.returncode == 0 and drained.stdout == "drained b\n", drained.stderr
    wait_until(lambda: b.get("/readyz").status_code == 503, "a red light")
    assert "drained" in b.get("/readyz").json()["checks"]["draining"] and a.get("/readyz").status_code == 200
    assert a.get("/api/v1/nodes/b").json()["state"] == "draining"
    assert b.post("/api/v1/nodes/b/drain").status_code == 200  # once more is no harm
    assert cli(b, "node", "undrain", "b").stdout == "undrained b\n"
    wait_until(lambda: b.get("/readyz").status_code == 200, "a green light")
    wait_until(lambda: all(share().values()), "shares")


@needs_postgresql
def test_drain_one_that_is_away(cluster, tmp_path, belfry_factory):
    """It was stopped while its run goes on: that is said, and it is drained when it is back."""
    uri = cluster.schema("test_nodes_away")
    c, d = [belfry_factory(tmp_path / name, "--store", uri, "--node", name, "--lease", "60s", "--stop-grace", "0s",
                           environment={"BELFRY_ON_STOP": None}) for name in "cd"]
    wait_until(lambda: c.get("/api/v1/nodes").json()["total"] == 2, "two nodes")
    d.name = "d"
    job_on([c, d], d, "long", SLEEPER)
    _, run = started(c, "long")
    wait_until(lambda: "begun" in c.get(f"/api/v1/runs/{run}/log").text, "its start")
    assert d.stop() == 0
    wait_until(lambda: c.get("/api/v1/nodes/d").json()["state"] == "away", "its absence")
    for act in ("drain", "undrain"):
        refused = c.post(f"/api/v1/nodes/d/{act}", headers={"accept": "application/problem+json"})
        assert refused.status_code == 409 and refused.json()["code"] == "node_away" and "\"d\" is away" in refused.json()["detail"]
    told = cli(c, "node", "drain", "d")
    assert told.returncode == 5 and "is away" in told.stderr and "when it is back" in told.stderr
    assert c.post("/api/v1/nodes/nobody/drain").status_code == 404
    d.start()
    wait_until(lambda: c.get("/api/v1/nodes/d").json()["state"] == "active", "its return")
    assert c.post("/api/v1/nodes/d/drain").status_code == 200
    assert c.get(f"/api/v1/runs/{run}").json()["state"] == "running"
    c.post(f"/api/v1/runs/{run}/cancel")
    wait_until(lambda: c.get(f"/api/v1/runs/{run}").json()["state"] == "cancelled", "its end")


@needs_postgresql
def test_a_frozen_node_begins_anew(cluster, tmp_path, belfry_factory):
    """Its runs end, the process and its address stay, and it is a new node of the same name."""
    uri = cluster.schema("test_nodes_frozen")
    c = belfry_factory(tmp_path / "c", "--store", uri, "--node", "c", "--lease", "2s")
    d = belfry_factory(tmp_path / "d", "--store", uri, "--node", "d", "--lease", "2s")
    wait_until(lambda: c.get("/api/v1/nodes").json()["total"] == 2, "two nodes")
    begun = d.get("/api/v1/nodes/d").json()["started_at"]
    pid = d.pid
    d.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: c.get("/api/v1/nodes").json()["total"] == 1, "its burial")
    d.process.send_signal(signal.SIGCONT)

    wait_until(lambda: d.get("/api/v1/nodes/d").json().get("started_at", begun) != begun, "its return")
    assert d.process.poll() is None and d.pid == pid
    wait_until(lambda: c.get("/api/v1/nodes").json()["total"] == 2, "two nodes")
    assert pg_lab.PASSWORD not in open(f"/proc/{pid}/cmdline").read()
    assert "lease has ended" in d.read_log() and "beginning anew" in d.read_log()
    assert d.stop() == 0
