"""belfry beside the stack of the two posts: creations, lists, no-op runs, lateness, memory - as ratios of one run.

usage: /usr/bin/python3 bench/posts.py [BELFRY]        (default build/release/belfry)

Both get the same folders, the same requests and the same load generator (wrk), one after the other on this machine. The
peer is bench/peer_posts.py. Figures of one machine mean little; the ratios are the result.
"""
import concurrent.futures
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import requests

HERE = os.path.dirname(os.path.abspath(__file__))
BELFRY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "../build/release/belfry"))
SECONDS = 4
FOLDERS = 250000


def folders_make(top, count):
    """jobs/<prefix><n> for both: one real folder, the others links to it."""
    jobs = os.path.join(top, "jobs")
    os.makedirs(os.path.join(jobs, "noop"))
    with open(os.path.join(jobs, "noop", "main.py"), "w") as f:
        f.write("async def call(*args):\n    pass\n")
    with open(os.path.join(jobs, "noop", "main.c"), "w") as f:
        f.write("int call(int argc, char **argv)\n{\n    (void)argc;\n    (void)argv;\n    return 0;\n}\n")
    with open(os.path.join(jobs, "noop", ".schedule"), "w") as f:
        f.write("cron\nyear=*\nmonth=*\nday=*\nweek=*\nday_of_week=*\nhour=4\nminute=0\nsecond=0\n")
    for prefix, n in (("a", count), ("b", count), ("t", 1000)):
        for i in range(1, n + 1):
            os.symlink("noop", os.path.join(jobs, f"{prefix}{i}"))


class Server:
    def __init__(self, name, top, port, command):
        self.name, self.url = name, f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(command, cwd=top, stdout=subprocess.DEVNULL, stderr=open(f"{top}/{name}.log", "w"))
        for _ in range(200):
            try:
                requests.get(self.url + "/api/v1/jobs", timeout=5)
                return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise SystemExit(f"{name} did not start: see {top}/{name}.log")

    def rss_mib(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmRSS"))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def creations(server, connections, prefix):
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", f"{HERE}/create.lua", server.url,
                          "--", prefix], capture_output=True, text=True, timeout=120).stdout
    line = next(text for text in out.splitlines() if text.startswith("RESULT"))
    count, seconds, bad, p50, p99 = line.split()[1:]
    assert int(bad) == 0, f"{server.name}: {bad} of {count} creations were refused"
    return int(count) / float(seconds), float(p50), float(p99)


def jobs_fill(server, count):
    """Leaves exactly `count` jobs."""
    have = [job["job_id"] for job in requests.get(server.url + "/api/v1/jobs").json()["jobs"]]

    def create(i):
        requests.post(server.url + "/api/v1/jobs", json={"job_id": f"b{FOLDERS - i}", "from_file": True,
                                                         "type": "cron"}).raise_for_status()

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda job_id: requests.delete(f"{server.url}/api/v1/jobs/{job_id}").raise_for_status(), have[count:]))
        list(pool.map(create, range(len(have), count)))


def list_ms(server):
    times = []
    for _ in range(7):
        start = time.perf_counter()
        body = requests.get(server.url + "/api/v1/jobs").content
        times.append((time.perf_counter() - start) * 1000)
    return sorted(times)[3], len(body)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def ticks_add(server, count):
    session = requests.Session()
    body = {"from_file": False, "type": "cron", "args": {"second": "*"}}
    deadline = time.monotonic() + 60
    for i in range(1, count + 1):
        try:
            session.post(server.url + "/api/v1/jobs", json={"job_id": f"t{i}", **body}, timeout=20).raise_for_status()
        except requests.RequestException:
            pass  # a server that is drowning in its jobs still has those it took
        if time.monotonic() > deadline:
            print(f"{server.name} took {i} of {count} jobs in a minute")
            return


def runs_belfry(server, since_us, until_us):
    """Lateness in ms of every run whose slot lies between the two moments, and how many slots were not run."""
    late, skipped, cursor = [], 0, 0
    while True:
        page = requests.get(server.url + "/api/v1/runs", params={"limit": 1000, **({"cursor": cursor} if cursor else {})}).json()
        runs = page["runs"]
        for run in runs:
            slot = moment_us(run["scheduled_at"])
            if since_us <= slot < until_us:
                if run["started_at"] and run["state"] == "succeeded":
                    late.append((moment_us(run["started_at"]) - slot) / 1000)
                else:
                    skipped += 1
                skipped += run.get("missed", 0)
        cursor = page["next_cursor"]
        if not cursor or moment_us(runs[-1]["scheduled_at"]) < since_us - 5e6:
            return late, skipped


def moment_us(text):
    from datetime import datetime
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1e6


def main():
    top = tempfile.mkdtemp(prefix="belfry-bench-", dir=os.environ.get("BENCH_DIR"))
    os.makedirs(f"{top}/belfry"), os.makedirs(f"{top}/posts")
    folders_make(f"{top}/belfry", FOLDERS)
    os.symlink(f"{top}/belfry/jobs", f"{top}/posts/jobs")
    table = {}

    def note(what, name, value):
        table.setdefault(what, {})[name] = value
        print(f"{name:7} {what:46} {value:12.3f}", flush=True)

    def run(name, port, command, starts):
        server = Server(name, f"{top}/{name}", port, command)
        try:
            time.sleep(1)
            note("idle memory, MiB", name, server.rss_mib())
            rate, p50, p99 = creations(server, 1, "a")
            note("creations/s, 1 connection", name, rate)
            rate, p50, p99 = creations(server, 64, "b")
            note("creations/s, 64 connections", name, rate)
            note("  p99 of a creation at 64, ms", name, p99)
            jobs_fill(server, 10000)
            ms, size = list_ms(server)
            note("list of 10,000 jobs, ms", name, ms)
            note("  its size, KiB", name, size / 1024)
        finally:
            server.stop()
        for file in os.listdir(f"{top}/{name}"):
            if "db" in file or "sqlite" in file:
                os.remove(f"{top}/{name}/{file}")
        server = Server(name, f"{top}/{name}", port, command)
        try:
            ticks_add(server, 1000)
            time.sleep(8)
            since = (int(time.time()) + 1) * 1e6
            time.sleep(12)
            late, lost = starts(server, since, since + 10e6)
            note("1,000 no-op jobs a second: runs/s", name, len(late) / 10)
            note("  lost or skipped of 10,000", name, 10000 - len(late))
            note("  lateness p50, ms", name, percentile(late, 0.50))
            note("  lateness p99, ms", name, percentile(late, 0.99))
            note("  memory then, MiB", name, server.rss_mib())
        finally:
            server.stop()

    def starts_posts(server, since, until):
        with open(f"{top}/posts/starts") as f:
            starts = [float(line) * 1e6 for line in f]
        late = [(t % 1e6) / 1000 for t in starts if since <= t < until]
        return late, 10000 - len(late)

    try:
        run("belfry", 18731, [BELFRY, "serve", "--listen", "127.0.0.1:18731", "--db", "belfry.db", "--jobs-dir", "jobs",
                              "--timezone", "UTC"], runs_belfry)
        run("posts", 18732, ["/usr/bin/python3", f"{HERE}/peer_posts.py", "18732", f"{top}/posts"], starts_posts)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    print(f"\n{'':48}{'belfry':>12}{'posts':>12}{'ratio':>10}")
    for what, by in table.items():
        a, b = by["belfry"], by.get("posts", float("nan"))
        print(f"{what:48}{a:12.2f}{b:12.2f}{(a / b if b else float('inf')):10.3f}")


if __name__ == "__main__":
    main()
