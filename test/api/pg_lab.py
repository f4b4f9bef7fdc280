"""pg_lab.py - a PostgreSQL of the tests' own, and a proxy before it that cuts connections, at COMMIT too, holds them or is slow."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import ports

PLACES = [Path("/usr/lib/postgresql/15/bin"),
          Path(__file__).parents[2] / "build/servers/root/usr/lib/postgresql/15/bin"]
PASSWORD = "never-told"


def programs():
    return next((place for place in PLACES if (place / "initdb").exists()), None)


def not_root():
    """How to run a program of PostgreSQL, which refuses to be root; one that is not installed has its libraries beside it."""
    libraries = ":".join(map(str, programs().parents[2].glob("*-linux-gnu")))
    user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
    return [*user, "env", f"LD_LIBRARY_PATH={libraries}"] if programs() == PLACES[1] else user


class Cluster:
    def __init__(self, where=None):
        """where: a folder on a disk; in memory by default."""
        self.home = tempfile.mkdtemp(dir=where or ("/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"), prefix="belfry-pg-")
        if os.getuid() == 0:
            shutil.chown(self.home, "nobody")
        self.port = ports.unused()  # it is started there again and again
        self.process = None
        subprocess.run([*not_root(), programs() / "initdb", "-D", f"{self.home}/data", "-U", "tester", "-A", "trust",
                        "-E", "UTF8", "--locale=C", "-N", "--no-instructions"], check=True, stdout=subprocess.DEVNULL)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [*not_root(), programs() / "postgres", "-D", f"{self.home}/data", "-k", self.home, "-h", "127.0.0.1",
             "-p", str(self.port)], stdout=subprocess.DEVNULL, stderr=open(f"{self.home}.log", "ab"))
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.sql("SELECT 1", check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError(Path(f"{self.home}.log").read_text())

    def stop(self, how=signal.SIGINT):
        """SIGINT: fast; SIGQUIT: immediate, as a crash."""
        self.process.send_signal(how)
        self.process.wait(60)

    def done(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.home)
        os.unlink(f"{self.home}.log")

    def psql(self, *words):
        return [*not_root(), programs() / "psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tester", "-d", "postgres", "-X", "-q",
                "-A", "-t", *words]

    def sql(self, text, check=True):
        return subprocess.run(self.psql("-c", text), capture_output=True, text=True, check=check)

    def schema(self, name, port=None):
        """The URL of an empty schema."""
        self.sql(f"DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}")
        return (f"postgresql://tester:{PASSWORD}@127.0.0.1:{port or self.port}/postgres"
                f"?options=-csearch_path%3D{name}")


class Proxy:
    """Passes on what it gets. Armed, it cuts the connection at the next COMMIT: before it has come to the server, or before
    its answer has come back. Held, it keeps to itself what comes, either way, and tells nobody; cut, it ends all
    connections and refuses more."""

    def __init__(self, port, host="127.0.0.1"):
        self.port = port
        self.is_open = True
        self.delay = 0     # seconds, each way
        self.pairs = []
        self.passing = threading.Event()
        self.passing.set()
        self.armed = None  # "before" or "after"
        self.cuts = 0
        self.names = {}    # connection: the name of the statement COMMIT
        self.listener = socket.create_server((host, 0))
        self.own_port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                if not self.is_open:
                    raise OSError("cut")
                server = socket.create_connection(("127.0.0.1", self.port))
            except OSError:
                client.close()
                continue
            pair = {"client": client, "server": server, "is_cut": False, "name": None}
            self.pairs.append(pair)
            threading.Thread(target=self.upward, args=(pair,), daemon=True).start()
            threading.Thread(target=self.downward, args=(pair,), daemon=True).start()

    def hold(self):
        self.passing.clear()

    def cut(self):
        self.is_open = False
        self.passing.set()
        for pair in self.pairs:
            self.close(pair)
        self.pairs = []

    def mend(self):
        self.is_open = True
        self.passing.set()

    def wait(self):
        time.sleep(self.delay)
        self.passing.wait()

    def close(self, pair):
        for name in ("client", "server"):
            try:
                pair[name].shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def upward(self, pair):
        try:
            while data := pair["client"].recv(1 << 20):
                self.wait()
                at = data.find(b"\0COMMIT\0")
                if at >= 0:  # a preparation: its name stands before the text
                    pair["name"] = data[data.rfind(b"s", 0, at):at]
                is_commit = pair["name"] and b"\0" + pair["name"] + b"\0" in data
                if is_commit and self.armed:
                    how, self.armed = self.armed, None
                    pair["is_cut"] = True
                    if how == "after":
                        pair["server"].sendall(data)
                        time.sleep(0.2)
                    self.cuts += 1
                    break
                pair["server"].sendall(data)
        except OSError:
            pass
        self.close(pair)

    def downward(self, pair):
        try:
            while data := pair["server"].recv(1 << 20):
                self.wait()
                if not pair["is_cut"]:
                    pair["client"].sendall(data)
        except OSError:
            pass
        self.close(pair)

    def done(self):
        self.listener.close()
        self.cut()
