"""test_mail.py - channels of mail against an SMTP server that speaks STARTTLS and wants a login, and against those that do not."""
import base64
import email
import email.policy
import socket
import ssl
import subprocess
import threading
import time

import pytest

BY_HAND = {"type": "manual"}


class Smtp:
    """A small SMTP server: what it hears, what mails it got, whether they came over TLS and logged in."""

    def __init__(self, home, tls=True, login=True, refuses=()):
        self.tls, self.login, self.refuses = tls, login, refuses
        self.mails, self.heard = [], []
        self.pem = home / "smtp.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{self.pem}.key", "-out", self.pem],
                       check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.pem, f"{self.pem}.key")
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            self.talk(connection)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()

    def talk(self, connection):
        stream, is_tls, who, mail = connection.makefile("rwb"), False, None, {}

        def say(text):
            stream.write(text.encode() + b"\r\n")
            stream.flush()

        say("220 test")
        while line := stream.readline():
            word, _, rest = line.decode().strip().partition(" ")
            self.heard.append(f"{word} {rest}")
            word = word.upper()
            if any(line.decode().strip().startswith(r) for r in self.refuses):
                say("550 no such user here")
            elif word == "EHLO":
                more = (["STARTTLS"] if self.tls and not is_tls else []) + (["AUTH PLAIN"] if self.login and (is_tls or not self.tls) else [])
                for name in ["test", *more][:-1]:
                    say("250-" + name)
                say("250 " + (["test", *more][-1]))
            elif word == "STARTTLS":
                say("220 go ahead")
                connection = self.context.wrap_socket(connection, server_side=True)
                stream, is_tls = connection.makefile("rwb"), True
            elif word == "AUTH":
                given = rest.partition(" ")[2]
                if not given:
                    say("334 ")
                    given = stream.readline().decode().strip()
                who = base64.b64decode(given).split(b"\0")[1:]
                say("235 welcome" if who == [b"belfry", b"s3cret"] else "535 wrong")
            elif word == "MAIL":
                mail = {"from": rest, "to": [], "tls": is_tls, "who": who}
                say("250 ok")
            elif word == "RCPT":
                mail["to"].append(rest)
                say("250 ok")
            elif word == "DATA":
                say("354 go on")
                text = b""
                while (line := stream.readline()) != b".\r\n":
                    text += line[1:] if line.startswith(b"..") else line
                mail["message"] = email.message_from_bytes(text, policy=email.policy.default)
                self.mails.append(mail)
                say("250 queued as 42")
            elif word == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")

    def end(self):
        self.socket.close()


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


def mail_channel(server, smtp, **more):
    definition = {"kind": "email", "url": f"smtp://localhost:{smtp.port}", "from": "belfry@example.org",
                  "to": ["ops@example.org", "boss@example.org"], "user": "belfry", "password": "s3cret", "ca_file": str(smtp.pem), **more}
    reply = server.put("/api/v1/channels/mail", json={k: v for k, v in definition.items() if v is not None})
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def test_a_mail_arrives(server, tmp_path):
    smtp = Smtp(tmp_path)
    try:
        assert mail_channel(server, smtp)["password"] == "***"
        folder = server.jobs / "backup"
        folder.mkdir()
        (folder / "main").write_text("#!/bin/sh\nexit 3\n")
        (folder / "main").chmod(0o755)
        server.put("/api/v1/jobs/backup", json={"folder": "backup", "trigger": BY_HAND, "notify": [{"channel": "mail"}]})
        run_id = server.post("/api/v1/jobs/backup/runs").json()["run_id"]
        mail = wait_for(lambda: smtp.mails)[0]
        assert mail["tls"] and mail["who"] == [b"belfry", b"s3cret"]
        assert mail["from"].startswith("FROM:<belfry@example.org>")
        assert [to.split(">")[0] for to in mail["to"]] == ["TO:<ops@example.org", "TO:<boss@example.org"]
        message = mail["message"]
        assert message["subject"] == "[belfry] backup failed" and message["auto-submitted"] == "auto-generated"
        assert message["to"] == "ops@example.org, boss@example.org" and message["message-id"] and message["date"]
        text = message.get_content()
        assert "exit" in text and f"Run: {run_id}" in text and "Job: backup" in text
        tried = server.post("/api/v1/channels/mail/test").json()
        assert tried["ok"] and "queued as 42" in tried["reply"]["text"] and "Subject: [belfry] test" in tried["sent"]["body"]
        server.stop()
        assert "s3cret" not in server.read_log()
    finally:
        smtp.end()


@pytest.mark.parametrize("options, more, words", [
    ({"tls": False}, {}, "STARTTLS"),                                   # STARTTLS is required, and is not offered
    ({}, {"ca_file": None}, "certificate"),                             # nobody knows who signed its certificate
    ({}, {"password": "wrong"}, "Login denied"),
    ({"refuses": ["RCPT TO:<boss"]}, {}, "RCPT"),
])
def test_mails_that_do_not_leave(server, tmp_path, options, more, words):
    smtp = Smtp(tmp_path, **options)
    try:
        mail_channel(server, smtp, **more)
        reply = server.post("/api/v1/channels/mail/test")
        assert reply.status_code == 502 and not smtp.mails, reply.text
        assert words.lower() in reply.json()["detail"].lower(), reply.json()["detail"]
        if options.get("tls") is False:
            assert not any("AUTH" in line or "MAIL" in line for line in smtp.heard)  # nothing was said in clear
    finally:
        smtp.end()


def test_without_tls_when_wanted_so(server, tmp_path):
    smtp = Smtp(tmp_path, tls=False, login=False)
    try:
        mail_channel(server, smtp, starttls="none", user=None, password=None, ca_file=None)
        assert server.post("/api/v1/channels/mail/test").json()["ok"]
        assert smtp.mails and not smtp.mails[0]["tls"]
        mail_channel(server, smtp, starttls="if_offered", user=None, password=None, ca_file=None)
        assert server.post("/api/v1/channels/mail/test").json()["ok"]
    finally:
        smtp.end()
