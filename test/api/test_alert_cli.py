"""test_alert_cli.py - belfry alerts and belfry channel: what is wrong, who is told, and trying it, for a person and for a pipe."""
import json

import pytest

from test_alerts import alerts, channel, job, receiver, run, wait_for  # noqa: F401
from test_cli import CONFLICT, FAILED, INVALID, NOT_FOUND, USAGE, at_terminal, cli, plain


@pytest.fixture
def server(own_server):
    yield own_server.start()


@pytest.fixture
def told(server, receiver):  # noqa: F811
    """Jobs that fail, one of them twice, one that has recovered, and a certificate that nobody can get."""
    channel(server, "ops", {"kind": "webhook", "url": receiver.url + "/hook"})
    channel(server, "page", {"kind": "command", "command": ["false"]})
    job(server, "backup", "exit 3\n", [{"channel": "ops"}, {"channel": "page"}])
    job(server, "report", "exit 4\n", [{"on": ["failed"]}])
    job(server, "mended", f"test -e {server.home}/ok\n", [{"on": ["failed"]}])
    server.put("/api/v1/jobs/tls", json={"certificate": "127.0.0.1:1", "trigger": {"type": "manual"}, "notify": [{"on": ["cert_error"]}]})
    for name in ("backup", "report", "mended", "tls", "backup"):
        run(server, name)
    (server.home / "ok").touch()
    run(server, "mended")
    wait_for(lambda: len(alerts(server, state="open")) == 3 and len(alerts(server, state="closed")) == 1
             and alerts(server, state="open", job_id="backup")[0]["count"] == 2)
    return {a["kind"] + " " + a["job_id"]: a for a in alerts(server, state="all")}


def jobs_of(text):
    return [line.split()[4] for line in text.splitlines()[1:]]


def test_list(server, told):
    said = cli(server, "alerts")
    assert said.splitlines()[0].split() == ["SINCE", "FOR", "STATE", "KIND", "JOB", "HOST", "TIMES", "MESSAGE"]
    assert sorted(jobs_of(said)) == ["backup", "report", "tls"]
    assert "exit status 3" in said and "127.0.0.1:1" in said and jobs_of(cli(server, "alerts", "ls")) == jobs_of(said)
    assert jobs_of(cli(server, "alerts", "--job", "report")) == ["report"]
    assert jobs_of(cli(server, "alerts", "--host", "127.0.0.1")) == jobs_of(cli(server, "alerts", "--host", "127.0.0.1:1")) == ["tls"]
    assert jobs_of(cli(server, "alerts", "--kind", "certificate")) == ["tls"]
    assert jobs_of(cli(server, "alerts", "--state", "closed")) == ["mended"]
    assert len(jobs_of(cli(server, "alerts", "--all"))) == 4 and len(jobs_of(cli(server, "alerts", "-a", "-n2"))) == 2
    assert cli(server, "alerts", "--job", "report", "-o", "name").strip() == str(told["failing report"]["id"])
    as_json = json.loads(cli(server, "alerts", "--host", "127.0.0.1", "-o", "json"))
    assert as_json["open"] == 3 and [a["target"] for a in as_json["alerts"]] == ["127.0.0.1:1"]
    wide = cli(server, "alerts", "--job", "backup", "-o", "wide").splitlines()
    assert wide[0].split()[-2:] == ["RUN", "ID"] and wide[1].split()[-1] == str(told["failing backup"]["id"])
    assert "no such alerts; 3 are open" in cli(server, "alerts", "--kind", "late").err


def test_at_a_terminal(server, told):
    said = plain(at_terminal(server, "alerts", columns=60))
    assert all(len(line) <= 60 for line in said.splitlines()[:5]) and "3 shown, 3 open" in said and "✕ open" in said


def test_show(server, told):
    wait_for(lambda: all(d["tries"] and (d["channel"] == "page" or d["state"] == "sent")
                         for d in server.get(f"/api/v1/alerts/{told['failing backup']['id']}").json()["deliveries"]))
    said = cli(server, "alerts", "show", "backup")
    assert said.startswith(str(told["failing backup"]["id"])) and "message      exit status 3" in said and "times        2" in said
    assert "    ops  failed  sent" in said and "    page  failed  waiting, tried next" in said
    assert cli(server, "alerts", "show", said.split()[0]).splitlines()[1] == "  job          backup"
    assert "nobody was told" in cli(server, "alerts", "show", "report")
    assert len(json.loads(cli(server, "alerts", "show", "backup", "-o", "json"))["deliveries"]) == 2


def test_ack(server, told):
    said = cli(server, "alerts", "ack", "backup", str(told["failing report"]["id"]), "--until", "+4h", "--note", "I am on it")
    assert said.count("acknowledged") == 2 and ", until " in said
    assert [line.split()[2] for line in cli(server, "alerts", "--kind", "failing").splitlines()[1:]].count("acked") == 2
    shown = cli(server, "alerts", "show", "backup")
    assert "state        acked" in shown and "note         I am on it" in shown and "(in 3h 59m)" in shown
    assert "has no open alerts" in cli(server, "alerts", "ack", "mended", status=NOT_FOUND).err
    assert "acknowledged" in cli(server, "alerts", "ack", "tls")  # all of the job's
    assert {a["acked_at"] is not None for a in alerts(server, state="open", job_id="tls")} == {True}
    assert "until" in cli(server, "alerts", "ack", "backup", "--until", "soon", status=INVALID).err


def test_nothing_wrong(server):
    assert "nothing is wrong" in cli(server, "alerts").err
    assert "there is no job" in cli(server, "alerts", "show", "nobody", status=NOT_FOUND).err
    assert "no such incident" in cli(server, "alerts", "show", "123", status=NOT_FOUND).err
    for words in (["show"], ["ack"], ["shw", "x"], ["ls", "x"], ["--kind", "lat"], ["--count", "0"]):
        cli(server, "alerts", *words, status=USAGE)
    cli(server, "alerts", "--state", "broken", status=INVALID)


def test_channels(server, tmp_path):
    assert "no channels" in cli(server, "channel", "ls").err
    assert cli(server, "channel", "add", "ops", "webhook", "url=http://127.0.0.1:1/hook", "headers.X-Key=geheim") == "added ops: webhook\n"
    assert "already" in cli(server, "channel", "add", "ops", "webhook", "url=http://127.0.0.1:1/", status=CONFLICT).err
    assert cli(server, "channel", "add", "ops", "webhook", "url=http://127.0.0.1:2/", "--replace") == "replaced ops: webhook\n"
    cli(server, "channel", "add", "mail", "email", "url=smtp://127.0.0.1:1", "from=a@example.org", "to=b@example.org, c@example.org")
    cli(server, "channel", "add", "page", "command", "description=The night shift", "--", "/bin/sh", "-c", "cat; echo paged")
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    cli(server, "channel", "add", "bot", "telegram", "chat_id=@us", "--file", f"token={token}")
    cli(server, "channel", "add", "signed", "webhook", "url=http://127.0.0.1:1/", "--file", "secret=-", stdin="s3cret\n")
    assert server.get("/api/v1/channels/mail").json()["to"] == ["b@example.org", "c@example.org"]
    assert cli(server, "channel", "ls", "-o", "name").split() == ["bot", "mail", "ops", "page", "signed"]
    said = cli(server, "channel", "ls", "-o", "wide")
    assert "b@example.org c@example.org" in said and "/bin/sh -c 'cat; echo paged'" in said and "The night shift" in said
    shown = cli(server, "channel", "show", "signed")
    assert "secret       ***" in shown and "s3cret" not in shown
    assert json.loads(cli(server, "channel", "show", "page", "-o", "json"))["command"][0] == "/bin/sh"
    assert cli(server, "channel", "rm", "ops", "bot", "--yes") == "removed ops\nremoved bot\n"
    assert "--yes" in cli(server, "channel", "rm", "mail", status=USAGE).err
    assert cli(server, "channel", "ls", "-o", "name").split() == ["mail", "page", "signed"]


def test_what_is_wrong_with_a_channel(server, tmp_path):
    assert "Input should be 'webhook'" in cli(server, "channel", "add", "x", "webhok", "url=http://x", status=INVALID).err
    assert "url: Field required" in cli(server, "channel", "add", "x", "webhook", status=INVALID).err
    assert "KEY=PATH" in cli(server, "channel", "add", "x", "webhook", "--file", "secret", status=USAGE).err
    cli(server, "channel", "add", "x", "webhook", "--file", f"url={tmp_path}/none", status=NOT_FOUND)
    cli(server, "channel", "show", "x", status=NOT_FOUND)
    cli(server, "channel", "test", "x", status=NOT_FOUND)
    for words in ([], ["lst"], ["ls", "x"], ["show"], ["add", "x"], ["rm"], ["test"], ["test", "a", "b"]):
        cli(server, "channel", *words, status=USAGE)


def test_trying(server, receiver):  # noqa: F811
    channel(server, "ops", {"kind": "webhook", "url": receiver.url + "/hook", "headers": {"X-Key": "geheim"}})
    said = cli(server, "channel", "test", "ops")
    assert said.startswith("ops told in ") and f"    POST {receiver.url}/***\n" in said and "  reply 200\n    noted\n" in said
    assert "geheim" not in said and '"event":"test"' in said and len(receiver.got) == 1
    receiver.status = [500]
    said = cli(server, "channel", "test", "ops", status=FAILED)
    assert said.startswith("ops not told") and "  reply 500\n    noted\n" in said and "500" in said.err
    assert json.loads(cli(server, "channel", "test", "ops", "-o", "json"))["reply"]["text"] == "noted"
    channel(server, "page", {"kind": "command", "command": ["/bin/sh", "-c", "cat >&2; echo no; exit 9"]})
    said = cli(server, "channel", "test", "page", status=FAILED)
    assert "    command: /bin/sh -c 'cat >&2; echo no; exit 9'" in said and "exit status 9" in said.err
    channel(server, "mail", {"kind": "email", "url": "smtp://127.0.0.1:1", "from": "a@example.org", "to": ["b@example.org"]})
    assert "    Subject: [belfry] test of the channel mail\n" in cli(server, "channel", "test", "mail", status=FAILED)
