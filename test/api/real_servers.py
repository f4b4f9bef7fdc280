"""real_servers.py - servers of Debian, run from packages that are unpacked, not installed.

tools/setup unpacks them into build/servers: nothing on the machine is replaced, asked or started. Each server runs in
name spaces of its own, where that folder lies over /usr and /etc, as the paths in its binaries want it; with the last
of its processes they are gone. That takes root and overlay mounts.
"""
import os
import signal
import subprocess
from pathlib import Path

import tls_lab as lab

UNPACKED = Path(__file__).parents[2] / "build/servers/root"
USERS = {"postfix": 61001, "postdrop": 61002, "dovecot": 61003, "dovenull": 61004, "news": 61005, "vmail": 61006}

# Arguments: the server's folder, that of the packages, the command. Inside, the server's folder is /mnt: the way to it may
# be closed to those who are not root.
ENTER = r"""
set -e
mount -t overlay overlay -o "lowerdir=$2/usr:/usr" /usr
mount -t overlay overlay -o "lowerdir=$1/etc:$2/etc:/etc" /etc
mount --bind "$1" /mnt
shift 2
exec "$@"
"""


def entered(home, *command):
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", ENTER, "-", str(home), str(UNPACKED), *command]


def why_not():
    """Why they cannot be had here, or None."""
    if not (UNPACKED.parent / "names").exists():
        return "tools/setup has not unpacked them"
    home = UNPACKED.parent / "probe"
    (home / "etc").mkdir(parents=True, exist_ok=True)
    done = subprocess.run(entered(home, "true"), capture_output=True, text=True)
    return None if done.returncode == 0 else "no name spaces with overlays: " + done.stderr.strip()


class Real:
    """One server: its folder, its ports, and the process that it lives and dies with."""

    def __init__(self, home, key, chain, ports):
        self.home = Path(home)
        self.ports = [lab.refused_port() for _ in range(ports)]
        self.home.chmod(0o755)
        self.write("server.pem", Path(chain).read_text())
        self.write("server.key", Path(key).read_text()).chmod(0o600)
        etc = self.home / "etc"
        etc.mkdir()
        for file in ("passwd", "group"):
            more = "".join(f"{name}:x:{number}:" + (f"{number}::{self.home}:/bin/false\n" if file == "passwd" else "\n")
                           for name, number in USERS.items() if name != "news")
            (etc / file).write_text(Path("/etc", file).read_text() + more)
        self.process = None

    def write(self, name, text):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def folder(self, name, owner=None):
        path = self.home / name
        path.mkdir(parents=True, exist_ok=True)
        if owner is not None:
            os.chown(path, owner, owner)
        return path

    def prepare(self, *command):
        done = subprocess.run(entered(self.home, *command), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, *command, **env):
        log = open(self.home / "output", "wb")
        self.process = subprocess.Popen(entered(self.home, *map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        start_new_session=True, env={**os.environ, **env})
        log.close()
        for port in self.ports:
            up = lab.wait_until(lambda: self.process.poll() is not None or answers(port), 120)
            assert up and self.process.poll() is None, self.output()
        return self

    def output(self):
        return "".join(f"{p}:\n{p.read_text(errors='replace')[-2000:]}\n" for p in self.home.glob("*") if p.is_file() and p.name in ("output", "log"))

    def stop(self):
        """Ends the first process of the name space, and with it all of them."""
        if self.process:
            pid = self.process.pid
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split() if self.process.poll() is None else ():
                os.kill(int(child), signal.SIGKILL)
            self.process.wait(60)


def answers(port):
    with lab.socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


# ---- each server, as little of it as STARTTLS needs ----

def postfix(real):
    port, = real.ports
    real.folder("spool")
    real.folder("data", USERS["postfix"])
    real.write("etc/postfix/main.cf", f"""compatibility_level = 3.6
myhostname = mx.example
queue_directory = /mnt/spool
data_directory = /mnt/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
smtpd_tls_security_level = may
smtpd_tls_chain_files = /mnt/server.key, /mnt/server.pem
smtp_tls_security_level = none
""")
    real.write("etc/postfix/master.cf", f"""127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
""")
    real.write("etc/postfix/dynamicmaps.cf", "")
    for name in "active bounce corrupt defer deferred flush hold incoming private saved trace".split():
        (real.folder(f"spool/{name}", USERS["postfix"])).chmod(0o700)
    real.folder("spool/pid")
    for name, mode in (("maildrop", 0o730), ("public", 0o710)):
        os.chown(real.folder(f"spool/{name}"), USERS["postfix"], USERS["postdrop"])
        (real.home / "spool" / name).chmod(mode)
    return real.start("/usr/lib/postfix/sbin/master", "-c", "/etc/postfix", "-d")


def dovecot(real):
    ports = real.ports
    free = "service {} {{\n  chroot =\n}}\n"
    listeners = "".join(f"service {service} {{\n  chroot =\n  inet_listener {name} {{\n    port = {port}\n  }}\n{other}}}\n" for service, name, port, other in (
        ("imap-login", "imap", ports[0], "  inet_listener imaps {\n    port = 0\n  }\n"),
        ("pop3-login", "pop3", ports[1], "  inet_listener pop3s {\n    port = 0\n  }\n"),
        ("lmtp", "lmtp", ports[2], ""), ("managesieve-login", "sieve", ports[3], "")))
    real.write("etc/dovecot/dovecot.conf", f"""base_dir = /mnt/run
state_dir = /mnt/state
log_path = /mnt/log
protocols = imap pop3 lmtp sieve
listen = 127.0.0.1
ssl = yes
ssl_cert = </mnt/server.pem
ssl_key = </mnt/server.key
mail_location = maildir:/mnt/mail
passdb {{
  driver = static
  args = password=x
}}
userdb {{
  driver = static
  args = uid={USERS["vmail"]} gid={USERS["vmail"]} home=/mnt
}}
""" + listeners + free.format("anvil") + free.format("stats"))
    return real.start("/usr/sbin/dovecot", "-F")


def proftpd(real):
    conf = real.write("ftp.conf", f"""ServerName lab
ServerType standalone
Port {real.ports[0]}
DefaultAddress 127.0.0.1
UseIPv6 off
User nobody
Group nogroup
ModulePath /usr/lib/proftpd
LoadModule mod_tls.c
ScoreboardFile /mnt/score
PidFile /mnt/pid
TransferLog none
WtmpLog off
SystemLog /mnt/log
AuthOrder mod_auth_file.c
DelayEngine off
<IfModule mod_ctrls.c>
ControlsEngine off
</IfModule>
TLSEngine on
TLSECCertificateFile /mnt/server.pem
TLSECCertificateKeyFile /mnt/server.key
TLSCertificateChainFile /mnt/server.pem
""")
    return real.start("/usr/sbin/proftpd", "-n", "-c", conf)


def slapd(real):
    real.folder("db")
    conf = real.write("slapd.conf", f"""include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile /mnt/pid
TLSCertificateFile /mnt/server.pem
TLSCertificateKeyFile /mnt/server.key
TLSCACertificateFile /mnt/server.pem
database mdb
suffix "dc=example"
directory /mnt/db
""")
    return real.start("/usr/sbin/slapd", "-d", "0", "-f", conf, "-h", f"ldap://127.0.0.1:{real.ports[0]}")


def mariadb(real):
    real.folder("data")
    return real.start("/usr/sbin/mariadbd", "--no-defaults", "--user=root", "--datadir=/mnt/data", f"--port={real.ports[0]}",
                      "--bind-address=127.0.0.1", "--socket=/mnt/socket", "--pid-file=/mnt/pid", "--ssl-cert=/mnt/server.pem",
                      "--ssl-key=/mnt/server.key", "--skip-grant-tables", "--skip-networking=0", "--skip-log-bin", "--innodb=OFF",
                      "--default-storage-engine=MyISAM")


def postgres(real):
    nobody = 65534
    os.chown(real.home, nobody, nobody)
    os.chown(real.home / "server.key", nobody, nobody)
    drop = ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
    programs = "/usr/lib/postgresql/15/bin"
    real.prepare(*drop, f"{programs}/initdb", "-D", "/mnt/data", "-U", "lab", "-A", "trust", "--no-sync", "--locale=C")
    return real.start(*drop, f"{programs}/postgres", "-D", "/mnt/data", "-p", real.ports[0], "-k", "/mnt", "-h", "127.0.0.1", "-F",
                      "-c", "ssl=on", "-c", "ssl_cert_file=/mnt/server.pem", "-c", "ssl_key_file=/mnt/server.key")


def prosody(real):
    conf = real.write("prosody.cfg.lua", f"""run_as_root = true
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {real.ports[0]} }}
s2s_ports = {{ {real.ports[1]} }}
modules_enabled = {{ "tls", "saslauth", "dialback" }}
data_path = "/mnt"
pidfile = "/mnt/pid"
ssl = {{ certificate = "/mnt/server.pem", key = "/mnt/server.key" }}
log = {{ info = "/mnt/log" }}
VirtualHost "localhost"
""")
    return real.start("/usr/bin/lua5.4", "/usr/bin/prosody", "--config", conf, "-F")


def inspircd(real):
    conf = real.write("irc.conf", f"""<server name="irc.example" description="lab" network="lab" id="97K">
<admin name="lab" nick="lab" email="lab@irc.example">
<bind address="127.0.0.1" port="{real.ports[0]}" type="clients">
<path configdir="/mnt" datadir="/mnt" logdir="/mnt" moduledir="/usr/lib/inspircd/modules" runtimedir="/mnt">
<module name="ssl_gnutls">
<sslprofile name="starttls" provider="gnutls" certfile="/mnt/server.pem" keyfile="/mnt/server.key">
<module name="starttls">
<connect allow="*" name="main">
<pid file="/mnt/pid">
<log method="file" type="*" level="default" target="/mnt/log">
""")
    return real.start("/usr/sbin/inspircd", "--runasroot", "--nofork", "--config", conf)


def nnrpd(real):
    port, = real.ports
    for name in ("db", "run", "spool", "spool/overview", "log"):
        os.chown(real.folder(name), 9, 9)  # news, of every Debian
    os.chown(real.home, 9, 9)
    os.chown(real.home / "server.key", 9, 9)
    for name in ("db/active", "db/newsgroups", "db/history", "spool/overview/group.index"):
        real.write(name, "")
    real.write("etc/news/inn.conf", f"""mta: "/bin/true %s"
organization: lab
pathhost: news.example
pathnews: /usr/lib/news
domain: news.example
hismethod: hisv6
nnrpdloadlimit: 0
ovmethod: tradindexed
pathdb: /mnt/db
pathrun: /mnt/run
pathspool: /mnt/spool
pathlog: /mnt/log
pathetc: /etc/news
tlscertfile: /mnt/server.pem
tlskeyfile: /mnt/server.key
tlscafile: /mnt/server.pem
""")
    real.write("etc/news/readers.conf", 'auth all {\n  default: "<any>"\n}\naccess all {\n  users: "*"\n  newsgroups: "*"\n}\n')
    real.write("etc/news/storage.conf", "")
    return real.start("/usr/lib/news/bin/nnrpd", "-D", "-f", "-b", "127.0.0.1", "-p", port)


# Each with the protocols behind its ports, in order.
SERVERS = {
    postfix: ["smtp"],
    dovecot: ["imap", "pop3", "lmtp", "sieve"],
    proftpd: ["ftp"],
    slapd: ["ldap"],
    mariadb: ["mysql"],
    postgres: ["postgres"],
    prosody: ["xmpp", "xmpp-server"],
    inspircd: ["irc"],
    nnrpd: ["nntp"],
}
