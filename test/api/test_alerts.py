"""test_alerts.py - incidents and what is told of them, against a real server and receivers of our own: webhooks that answer, refuse or
hang, commands, each service's form; restarts in the middle, kill -9, acknowledgement, secrets that stay secret."""
import datetime
import hashlib
import hmac
import http.server
import json
import sqlite3
import threading
import time

import pytest

BY_HAND = {"type": "manual"}
EVERY_SECOND = {"type": "interval", "seconds": 1}


class Receiver(http.server.ThreadingHTTPServer):
    """Remembers what it is sent; `status` is what it answers, a list is used up from its front. Deaf, it has a port, and refuses
    connections until it listens."""
    daemon_threads = True

    def __init__(self, is_deaf=False):
        receiver = self
        self.got, self.status, self.hang = [], 200, threading.Event()
        self.hang.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.status.pop(0) if isinstance(receiver.status, list) and receiver.status else receiver.status or 200
                receiver.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body, self.command))
                receiver.hang.wait(600)
                self.send_response(status if isinstance(status, int) else 200)
                self.send_header("content-length", "5")
                self.end_headers()
                self.wfile.write(b"noted")

            do_PUT = do_POST

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server_bind()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.thread = None
        if not is_deaf:
            self.listen()

    def listen(self):
        self.server_activate()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def events(self):
        return [json.loads(body) for _, _, body, _ in self.got]

    def end(self):
        self.hang.set()
        if self.thread:
            self.shutdown()
            self.thread.join()
        self.server_close()


@pytest.fixture
def receiver():
    r = Receiver()
    yield r
    r.end()


@pytest.fixture
def server(own_server):
    yield own_server.start()


def wait_for(found, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come")


def channel(server, name, definition, status=201, **more):
    reply = server.put(f"/api/v1/channels/{name}", json=definition, **more)
    assert reply.status_code == status, reply.text
    return reply.json()


def job(server, name, main, notify=None, trigger=BY_HAND, **more):
    folder = server.jobs / name
    folder.mkdir(exist_ok=True)
    (folder / "main").write_text("#!/bin/sh\n" + main)
    (folder / "main").chmod(0o755)
    reply = server.put(f"/api/v1/jobs/{name}", json={"folder": name, "trigger": trigger, "notify": notify, **more})
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def run(server, name):
    """Runs it once, until its end is recorded."""
    run_id = server.post(f"/api/v1/jobs/{name}/runs").json()["run_id"]
    return wait_for(lambda: (lambda r: r if r["finished_at"] else None)(server.get(f"/api/v1/runs/{run_id}").json()))


def alerts(server, **query):
    reply = server.get("/api/v1/alerts", params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()["alerts"]


def flag_job(server, name, notify, **more):
    """A job that fails while its flag file is not there."""
    job(server, name, f"test -e {server.home}/ok\n", notify, **more)


def test_failed_then_recovered(server, receiver):
    channel(server, "ops", {"kind": "webhook", "url": receiver.url + "/hook"})
    flag_job(server, "backup", [{"channel": "ops"}])
    assert server.get("/api/v1/jobs/backup").json()["notify"] == [{"channel": "ops"}]
    first = run(server, "backup")
    told = wait_for(receiver.events)[0]
    assert told["event"] == "failed" and told["job_id"] == "backup" and told["run_id"] == first["run_id"]
    assert told["title"] == "backup failed" and told["exit_code"] == 1 and told["state"] == "failed" and told["count"] == 1
    assert receiver.got[0][0] == "/hook" and receiver.got[0][1]["x-belfry-event"] == "failed"
    assert receiver.got[0][1]["x-belfry-delivery"] == told["id"]
    run(server, "backup")
    run(server, "backup")
    wait_for(lambda: alerts(server)[0]["count"] == 3)  # a moment after the run's end
    incident = alerts(server)[0]
    assert incident["state"] == "open" and incident["count"] == 3 and incident["kind"] == "failing"
    (server.home / "ok").touch()
    run(server, "backup")
    wait_for(lambda: len(receiver.got) == 2)  # three failures were told once
    told = receiver.events()[1]
    assert told["event"] == "recovered" and told["title"] == "backup recovered after 3 times"
    incident = wait_for(lambda: alerts(server, state="closed"))[0]
    assert incident["closed_at"] and not alerts(server, state="open")
    full = wait_for(lambda: (lambda a: a if all(d["state"] == "sent" for d in a["deliveries"]) else None)(
        server.get(f"/api/v1/alerts/{incident['id']}").json()))
    assert [(d["event"], d["state"], d["tries"]) for d in full["deliveries"]] == [("failed", "sent", 1), ("recovered", "sent", 1)]
    wait_for(lambda: server.get("/api/v1/channels/ops").json()["sent"] == 2)


def test_after_and_default_rules(server, receiver):
    channel(server, "first", {"kind": "webhook", "url": receiver.url + "/first"})
    channel(server, "third", {"kind": "webhook", "url": receiver.url + "/third"})
    reply = server.put("/api/v1/notify", json={"notify": [{"channel": "first", "on": ["failed"]}, {"channel": "third", "after": 3}]})
    assert reply.status_code == 200 and reply.json()["version"] == 1
    flag_job(server, "x", None)  # says nothing itself
    job(server, "silent", "exit 1\n", [])
    run(server, "silent")
    for n in range(1, 5):
        run(server, "x")
        wait_for(lambda: len(receiver.got) >= (1 if n < 3 else 2))
    (server.home / "ok").touch()
    run(server, "x")
    wait_for(lambda: len(receiver.got) == 3)
    assert [(got[0], json.loads(got[2])["event"], json.loads(got[2])["count"]) for got in receiver.got] == [
        ("/first", "failed", 1), ("/third", "failed", 3), ("/third", "recovered", 4)]
    assert {a["job_id"] for a in alerts(server)} == {"x"}
    # A rule without a channel: incidents are kept, nobody is told.
    job(server, "noted", "exit 1\n", [{"on": ["failed"]}])
    run(server, "noted")
    wait_for(lambda: [a for a in alerts(server, state="open") if a["job_id"] == "noted"])
    assert len(receiver.got) == 3


def test_tried_until_it_arrives(server, receiver):
    receiver.status = [503, 500]
    channel(server, "ops", {"kind": "webhook", "url": receiver.url})
    job(server, "x", "exit 1\n", [{"channel": "ops"}])
    run(server, "x")
    wait_for(lambda: len(receiver.got) == 1)
    incident = alerts(server)[0]
    waiting = wait_for(lambda: (lambda d: d if d["tries"] == 1 else None)(server.get(f"/api/v1/alerts/{incident['id']}").json()["deliveries"][0]))
    assert waiting["state"] == "waiting" and waiting["error"] == "the server answered with status 503" and waiting["try_at"]
    channel(server, "ops", {"kind": "webhook", "url": receiver.url}, status=200)  # mended: tried at once
    wait_for(lambda: len(receiver.got) == 2)
    wait_for(lambda: len(receiver.got) == 3, 60)  # and ten seconds later by itself
    assert len({json.loads(got[2])["id"] for got in receiver.got}) == 1
    done = wait_for(lambda: (lambda d: d if d["state"] == "sent" else None)(server.get(f"/api/v1/alerts/{incident['id']}").json()["deliveries"][0]))
    assert done["tries"] == 3 and done["error"] == "" and done["done_at"]
    wait_for(lambda: server.get("/api/v1/channels/ops").json()["failed"] == 2)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_in_the_middle_of_trying(own_server, how):
    server = own_server.start()
    receiver = Receiver(is_deaf=True)
    try:
        channel(server, "ops", {"kind": "webhook", "url": receiver.url})
        job(server, "x", "exit 1\n", [{"channel": "ops"}])
        run(server, "x")
        wait_for(lambda: server.get("/api/v1/channels/ops").json()["failed"] >= 1)
        wait_for(lambda: alerts(server))
        if how == "kill":
            server.kill()
        else:
            assert server.stop() == 0
        receiver.listen()
        server.start()
        told = wait_for(receiver.events, 60)
        assert told[0]["event"] == "failed" and told[0]["job_id"] == "x"
        assert alerts(server, state="open")[0]["count"] == 1
        run(server, "x")
        assert wait_for(lambda: alerts(server, state="open")[0]["count"] == 2)
        assert len(receiver.got) == 1  # told once
    finally:
        receiver.end()


def test_what_ran_when_belfry_was_killed_is_told(own_server, receiver):
    server = own_server.start()
    channel(server, "ops", {"kind": "webhook", "url": receiver.url})
    job(server, "x", "touch begun; exec sleep 100\n", [{"channel": "ops"}])
    server.post("/api/v1/jobs/x/runs")
    wait_for(lambda: (server.jobs / "x" / "begun").exists())  # before that, it may still begin with the next server
    server.kill()
    server.end_keepers(True)  # nobody knows how it ends
    server.start()
    told = wait_for(receiver.events)[0]
    assert told["event"] == "failed" and told["state"] == "lost" and "belfry ended" in told["message"]


def test_a_failure_without_its_incident_is_found_at_the_start(own_server, receiver):
    """As if belfry had been killed between the end of a run and its incident."""
    server = own_server.start()
    channel(server, "ops", {"kind": "webhook", "url": receiver.url})
    job(server, "x", "exit 1\n", [])
    flag_job(server, "y", [{"channel": "ops"}])
    run(server, "x")
    run(server, "y")
    wait_for(lambda: len(receiver.got) == 1)
    job(server, "x", "exit 1\n", [{"channel": "ops"}])
    (server.home / "ok").touch()
    job(server, "y", "exit 0\n", [])
    assert server.stop() == 0
    with sqlite3.connect(server.db) as db:  # y has recovered, and nobody was there to see it
        db.execute("UPDATE run SET state = 10 WHERE job_id = (SELECT id FROM job WHERE name = 'y')")
        db.execute("UPDATE run SET finished_at = finished_at + 10000000 WHERE job_id = (SELECT id FROM job WHERE name = 'y')")
    server.start()
    wait_for(lambda: len(receiver.got) == 2)
    assert receiver.events()[1]["job_id"] == "x" and receiver.events()[1]["event"] == "failed"
    wait_for(lambda: {(a["job_id"], a["state"]) for a in alerts(server)} == {("x", "open"), ("y", "closed")})


def test_skipped_and_missed(server, receiver):
    channel(server, "ops", {"kind": "webhook", "url": receiver.url})
    job(server, "slow", f"while [ ! -e {server.home}/ok ]; do sleep 0.1; done\n", [{"channel": "ops", "on": ["skipped"]}], trigger=EVERY_SECOND)
    told = wait_for(receiver.events)[0]
    assert told["event"] == "skipped" and told["reason"] == "overlap" and told["title"] == "slow skipped a run"
    wait_for(lambda: alerts(server, state="open")[0]["count"] >= 3)
    assert len(receiver.got) == 1
    (server.home / "ok").touch()
    wait_for(lambda: alerts(server, state="closed"))  # a later slot has gone well
    assert len(receiver.got) == 1


def test_acknowledged(server, receiver):
    channel(server, "ops", {"kind": "webhook", "url": receiver.url})
    flag_job(server, "x", [{"channel": "ops"}, {"channel": "ops", "on": ["failed"], "after": 2}])
    run(server, "x")
    wait_for(lambda: len(receiver.got) == 1)
    incident = alerts(server)[0]
    path = f"/api/v1/alerts/{incident['id']}/ack"
    for until, words in [("yesterday", "until is a moment"), ("2020-01-01T00:00:00Z", "over already")]:
        reply = server.post(path, json={"until": until})
        assert reply.status_code == 422 and words in reply.text
    assert server.post("/api/v1/alerts/1/ack", json={}).status_code == 404
    reply = server.post(path, json={"until": "4h", "note": "I am on it"})
    assert reply.status_code == 200 and reply.json()["note"] == "I am on it"
    until = datetime.datetime.fromisoformat(reply.json()["acked_until"].replace("Z", "+00:00"))
    assert abs((until - datetime.datetime.now(datetime.timezone.utc)).total_seconds() - 4 * 3600) < 60
    run(server, "x")
    wait_for(lambda: alerts(server)[0]["count"] == 2)
    (server.home / "ok").touch()
    run(server, "x")
    wait_for(lambda: len(receiver.got) == 2)
    assert [e["event"] for e in receiver.events()] == ["failed", "recovered"]  # the second failure was not told
    assert server.post(path, json={}).status_code == 404  # it is over


def test_a_hanging_receiver_holds_nobody_up(server, receiver):
    other = Receiver()
    try:
        receiver.hang.clear()
        channel(server, "hangs", {"kind": "webhook", "url": receiver.url, "timeout": 60})
        channel(server, "works", {"kind": "webhook", "url": other.url})
        job(server, "x", "exit 1\n", [{"channel": "hangs"}, {"channel": "works"}])
        run(server, "x")
        wait_for(lambda: len(receiver.got) == 1 and len(other.got) == 1)
        job(server, "y", "exit 1\n", [{"channel": "hangs"}, {"channel": "works"}])
        run(server, "y")
        wait_for(lambda: len(other.got) == 2)
        assert len(receiver.got) == 1  # one at a time
        begun = time.monotonic()
        assert server.stop() == 0 and time.monotonic() - begun < 45  # the call has a minute
    finally:
        other.end()


def test_signature_and_template(server, receiver):
    channel(server, "ops", {"kind": "webhook", "url": receiver.url, "method": "PUT", "secret": "s3cret",
                            "headers": {"Authorization": "Bearer k3y", "X-Team": "a"},
                            "body": '{"summary":"{{title}}","said":"{{message}}","n":{{count}},"none":"{{nothing}}"}'})
    folder = server.folder("q", main=None)
    (folder / "main").write_text('#!/bin/sh\nexit 1\n')
    (folder / "main").chmod(0o755)
    assert server.put("/api/v1/jobs/q", json={"folder": "q", "trigger": BY_HAND, "notify": [{"channel": "ops"}]}).status_code == 201
    run(server, "q")
    wait_for(lambda: receiver.got)
    path, headers, body, method = receiver.got[0]
    assert method == "PUT" and headers["authorization"] == "Bearer k3y" and headers["x-team"] == "a"
    assert json.loads(body) == {"summary": "q failed", "said": json.loads(body)["said"], "n": 1, "none": ""}
    stamp, mac = (part.split("=", 1)[1] for part in headers["x-belfry-signature"].split(","))
    assert abs(int(stamp) - time.time()) < 60
    assert mac == hmac.new(b"s3cret", stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


SERVICES = {
    "slack": ({}, lambda b: b["text"], "/", "q &lt;b&gt; failed"),
    "discord": ({}, lambda b: b["content"] if b["allowed_mentions"] == {"parse": []} else None, "/", None),
    "teams": ({}, lambda b: b["attachments"][0]["content"]["body"][0]["text"], "/", None),
    "ntfy": ({"topic": "belfry", "token": "tk_1"}, lambda b: b["title"] if b["topic"] == "belfry" else None, "/", None),
    "telegram": ({"token": "12:ab", "chat_id": -100}, lambda b: b["text"] if b["chat_id"] == "-100" else None, "/bot12:ab/sendMessage", None),
}


@pytest.mark.parametrize("kind", SERVICES)
def test_services(server, receiver, kind):
    more, text, path, _ = SERVICES[kind]
    channel(server, "ops", {"kind": kind, "url": receiver.url + "/", **more})
    job(server, "q", "exit 1\n", [{"channel": "ops"}])
    run(server, "q")
    wait_for(lambda: receiver.got)
    got_path, headers, body, method = receiver.got[0]
    assert got_path == path and method == "POST" and headers["content-type"] == "application/json"
    assert text(json.loads(body)).startswith("q failed")
    if kind == "ntfy":
        assert headers["authorization"] == "Bearer tk_1"
    tried = server.post("/api/v1/channels/ops/test").json()
    assert tried["ok"] is True and tried["reply"] == {"status": 200, "text": "noted"}
    for secret in ("12:ab", "tk_1"):
        assert secret not in json.dumps(tried)


def test_command(server):
    out = server.home / "told"
    script = server.home / "page"
    script.write_text(f'#!/bin/sh\n[ "$BELFRY_EVENT" = test ] && echo "hello $1"\n{{ echo "$1 $BELFRY_EVENT $BELFRY_JOB_ID"; cat; }} > {out}.tmp\nmv {out}.tmp {out}\n')
    script.chmod(0o755)
    channel(server, "page", {"kind": "command", "command": [str(script), "ops"]})
    job(server, "x", "exit 1\n", [{"channel": "page"}])
    run(server, "x")
    wait_for(out.exists)
    head, event = out.read_text().split("\n", 1)
    assert head == "ops failed x" and json.loads(event)["job_id"] == "x"
    tried = server.post("/api/v1/channels/page/test").json()
    assert tried["ok"] and tried["reply"]["text"] == "hello ops\n" and tried["sent"]["command"] == [str(script), "ops"]
    channel(server, "page", {"kind": "command", "command": ["/no/such/thing"]}, status=200)
    reply = server.post("/api/v1/channels/page/test")
    assert reply.status_code == 502 and "cannot be started" in reply.json()["detail"]


def test_tests_tell_what_came_back(server, receiver):
    channel(server, "ops", {"kind": "webhook", "url": receiver.url + "/secret/path", "secret": "s3cret"})
    reply = server.post("/api/v1/channels/ops/test")
    tried = reply.json()
    assert reply.status_code == 200 and tried["ok"] and tried["error"] is None and tried["reply"]["text"] == "noted"
    assert tried["sent"]["url"] == receiver.url + "/***" and json.loads(tried["sent"]["body"])["event"] == "test"
    receiver.status = 418
    reply = server.post("/api/v1/channels/ops/test")
    assert reply.status_code == 502 and reply.json()["detail"] == "the server answered with status 418"
    assert reply.json()["reply"] == {"status": 418, "text": "noted"}
    assert server.post("/api/v1/channels/none/test").status_code == 404


def test_secrets_stay_secret(own_server, receiver):
    server = own_server.start()
    secrets = ["hook-k3y", "s3cret", "he4der"]
    definition = {"kind": "webhook", "url": receiver.url + "/hook-k3y?t=hook-k3y", "secret": "s3cret", "headers": {"x-key": "he4der"}}
    shown = channel(server, "ops", definition)
    assert shown["url"] == receiver.url + "/***" and shown["secret"] == "***" and shown["headers"] == {"x-key": "***"}
    receiver.status = 500
    job(server, "x", "exit 1\n", [{"channel": "ops"}])
    run(server, "x")
    wait_for(lambda: receiver.got)
    replies = [server.get(path).text for path in ("/api/v1/channels", "/api/v1/channels/ops", "/api/v1/alerts", "/metrics", "/api/v1/status")]
    replies.append(server.post("/api/v1/channels/ops/test").text)
    # What is shown can be sent back: the secrets stay.
    given = {name: shown[name] for name in ("kind", "url", "secret", "headers")}
    replies.append(json.dumps(channel(server, "ops", {**given, "description": "changed"}, status=200)))
    receiver.got.clear()
    receiver.status = 200
    assert server.post("/api/v1/channels/ops/test").json()["ok"]
    assert receiver.got[-1][0] == "/hook-k3y?t=hook-k3y" and receiver.got[-1][1]["x-key"] == "he4der" and "x-belfry-signature" in receiver.got[-1][1]
    # A mask where nothing is stored is no secret.
    reply = server.put("/api/v1/channels/other", json=given)
    assert reply.status_code == 422 and "masked secret" in reply.text
    server.stop()
    for text in [*replies, server.read_log()]:
        for secret in secrets:
            assert secret not in text


@pytest.mark.parametrize("definition, place, words", [
    ({}, ["body", "kind"], "Field required"),
    ({"kind": "pigeon"}, ["body", "kind"], "Input should be"),
    ({"kind": "webhook"}, ["body", "url"], "Field required"),
    ({"kind": "webhook", "url": "ftp://x/"}, ["body", "url"], "begins with http"),
    ({"kind": "webhook", "url": "http://a:b@x/"}, ["body", "url"], "do not belong"),
    ({"kind": "webhook", "url": "http://"}, ["body", "url"], "names no host"),
    ({"kind": "webhook", "url": "http://x/", "topic": "a"}, ["body", "topic"], "no such member"),
    ({"kind": "webhook", "url": "http://x/", "headers": {"a b": "c"}}, ["body", "headers"], "a name and a line"),
    ({"kind": "webhook", "url": "http://x/", "headers": {"a": "b\r\nc: d"}}, ["body", "headers"], "a name and a line"),
    ({"kind": "webhook", "url": "http://x/", "method": "GET"}, ["body", "method"], "POST, PUT or PATCH"),
    ({"kind": "webhook", "url": "http://x/", "body": "{{title"}, ["body", "body"], "without }}"),
    ({"kind": "webhook", "url": "http://x/", "ur": 1}, ["body", "ur"], "Extra inputs"),
    ({"kind": "webhook", "url": "http://x/", "timeout": "2m"}, ["body", "timeout"], ""),
    ({"kind": "email", "url": "http://x", "from": "a@b", "to": ["c@d"]}, ["body", "url"], "smtp://"),
    ({"kind": "email", "url": "smtp://x", "from": "a.b.c", "to": ["c@d"]}, ["body", "from"], "looks like"),
    ({"kind": "email", "url": "smtp://x", "from": "a@b", "to": ["c@d", "e\nf@g"]}, ["body", "to"], "looks like"),
    ({"kind": "telegram", "token": "x"}, ["body", "chat_id"], "Field required"),
    ({"kind": "command", "command": []}, ["body", "command"], ""),
])
def test_bad_channels(shared, definition, place, words):
    reply = shared.put("/api/v1/channels/x", json=definition)
    assert reply.status_code == 422, reply.text
    assert [d for d in reply.json()["detail"] if d["loc"] == place and words in d["msg"]], reply.text


def test_bad_rules(server):
    server.folder("x")
    put = lambda notify: server.put("/api/v1/jobs/x", json={"folder": "x", "trigger": BY_HAND, "notify": notify})
    reply = put([{"channel": "ops", "on": ["faild"]}])
    assert reply.status_code == 422
    assert reply.json()["detail"][0]["loc"] == ["body", "notify", 0, "on", 0] and "failed" in json.dumps(reply.json()["detail"][0]["ctx"])
    assert server.put("/api/v1/notify", json={"notify": [{"after": 0}]}).json()["detail"][0]["loc"] == ["body", "notify", 0, "after"]
    assert put([{"channel": "ops"}]).status_code == 201
    assert server.patch("/api/v1/jobs/x", json={"notify": None}).json()["notify"] is None
    assert server.patch("/api/v1/jobs/x", json={"notify": []}).json()["notify"] == []
    assert server.patch("/api/v1/jobs/x", json={"timeout": "1m"}).json()["notify"] == []


def test_channels_in_use_stay(server, receiver):
    channel(server, "ops", {"kind": "webhook", "url": receiver.url})
    job(server, "x", "exit 0\n", [{"channel": "ops"}])
    reply = server.delete("/api/v1/channels/ops")
    assert reply.status_code == 409 and '"x"' in reply.json()["detail"]
    job(server, "x", "exit 0\n", [])
    server.put("/api/v1/notify", json={"notify": [{"channel": "ops"}]})
    assert server.delete("/api/v1/channels/ops").status_code == 409
    server.put("/api/v1/notify", json={"notify": []})
    assert server.put("/api/v1/channels/ops", json={"kind": "slack", "url": receiver.url}, headers={"If-Match": '"r7"'}).status_code == 412
    assert server.delete("/api/v1/channels/ops").status_code == 204
    assert server.get("/api/v1/channels/ops").status_code == 404 and server.get("/api/v1/channels").json() == {"total": 0, "channels": []}
    # Whoever names what is not there is told so in the log, and the delivery is given up.
    job(server, "y", "exit 1\n", [{"channel": "ops"}])
    run(server, "y")
    wait_for(lambda: "there is no such channel" in server.read_log())
    given_up = wait_for(lambda: (lambda d: d if d and d[0]["state"] == "given_up" else None)(
        server.get(f"/api/v1/alerts/{alerts(server, state='open')[0]['id']}").json()["deliveries"]))
    assert given_up[0]["tries"] == 0


def test_denied_targets(tmp_path, belfry_factory, receiver):
    server = belfry_factory(tmp_path, "--tls-deny", "127.0.0.0/8")
    channel(server, "ops", {"kind": "webhook", "url": receiver.url.replace("127.0.0.1", "localhost")})
    reply = server.post("/api/v1/channels/ops/test")
    assert reply.status_code == 502 and reply.json()["code"] == "target_denied" and not receiver.got


def test_channels_and_rules_outlive_a_restart(own_server, receiver):
    server = own_server.start()
    channel(server, "ops", {"kind": "webhook", "url": receiver.url, "secret": "s3cret"})
    server.put("/api/v1/notify", json={"notify": [{"channel": "ops"}]})
    server.stop()
    server.start()
    assert server.get("/api/v1/notify").json() == {"notify": [{"channel": "ops"}], "version": 1}
    job(server, "x", "exit 1\n", None)
    run(server, "x")
    wait_for(lambda: receiver.got)
    assert "x-belfry-signature" in receiver.got[0][1]


def test_pages(server):
    for n in range(5):
        job(server, f"j{n}", "exit 1\n", [{}])
        run(server, f"j{n}")
    wait_for(lambda: len(alerts(server)) == 5)
    first = server.get("/api/v1/alerts", params={"limit": 2}).json()
    second = server.get("/api/v1/alerts", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert first["open"] == 5
    assert [a["job_id"] for a in first["alerts"] + second["alerts"]] == ["j4", "j3", "j2", "j1"]
    assert [a["job_id"] for a in alerts(server, job_id="j3")] == ["j3"]
    assert server.get("/api/v1/alerts", params={"job_id": "none"}).status_code == 404
    server.delete("/api/v1/jobs/j3")
    wait_for(lambda: len(alerts(server, state="open")) == 4)
    assert server.get("/api/v1/alerts/1").status_code == 404
