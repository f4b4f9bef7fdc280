"""peer_blackbox.py PORT COUNT IN_FLIGHT CA - certificate checks by blackbox_exporter, for bench/tls.c: prints rate and CPU us.

Its tcp prober verifies chain and name; asked over kept connections, one for each check in flight. It has the last core to itself.
"""
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[1] / "build/servers/root/usr/bin/prometheus-blackbox-exporter"
CONFIG = """modules:
  check:
    prober: tcp
    timeout: 20s
    tcp:
      tls: true
      tls_config:
        ca_file: {ca}
        server_name: 127.0.0.1
"""

if not PROGRAM.exists():
    sys.exit("tools/setup test unpacks it")
target, count, in_flight = (int(a) for a in sys.argv[1:4])
cores = sorted(os.sched_getaffinity(0))
cores = cores if len(cores) > 1 else list(range(os.cpu_count()))
config = tempfile.NamedTemporaryFile("w", suffix=".yml")
config.write(CONFIG.format(ca=sys.argv[4]))
config.flush()
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
exporter = subprocess.Popen([PROGRAM, f"--config.file={config.name}", f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.DEVNULL,
                            env={**os.environ, "GOMAXPROCS": "1"}, preexec_fn=lambda: os.sched_setaffinity(0, {cores[-1]}))
os.sched_setaffinity(0, {cores[0]})


def cpu():
    fields = Path(f"/proc/{exporter.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(connection):
    connection.request("GET", f"/probe?module=check&target=127.0.0.1:{target}")
    return b"probe_success 1" in connection.getresponse().read()


try:
    for _ in range(100):
        try:
            assert ask(http.client.HTTPConnection("127.0.0.1", port, timeout=10))
            break
        except ConnectionRefusedError:
            time.sleep(0.1)
    left, lock = iter(range(count)), threading.Lock()

    def work():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                if next(left, None) is None:
                    return
            ask(connection)

    threading.stack_size(256 * 1024)
    threads = [threading.Thread(target=work) for _ in range(in_flight)]
    start, before = time.monotonic(), cpu()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(count / (time.monotonic() - start), (cpu() - before) / count * 1e6)
finally:
    exporter.kill()
    exporter.wait()
