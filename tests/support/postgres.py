"""A private PostgreSQL for tests: its own cluster in a temporary folder, on loopback, gone at the end.

initdb refuses to run as root, so that root runs it as `postgres`, or `nobody`. The server is a child that dies with
the tests, however they end.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

INSTALL = (
    "the store's tests need PostgreSQL's programs (initdb, postgres); install them without starting a server: "
    "mkdir -p /etc/postgresql-common && "
    "echo 'create_main_cluster = false' >> /etc/postgresql-common/createcluster.conf && "
    "apt-get install --no-install-recommends postgresql"
)
START_LIMIT_S = 30.0
PASSWORD = "p@ss/w:rd%&"  # one that has to be written %40 and so on in a URL
PASSWORD_IN_URL = "p%40ss%2Fw%3Ard%25%26"
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "max_wal_senders=0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running server. port: on 127.0.0.1, where `router` logs in by password."""

    port: int

    def url(self, database: str) -> str:
        return f"postgresql://router:{PASSWORD_IN_URL}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"t{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A new cluster, stopped and removed when the block is left. Raises RuntimeError when it does not start."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="router-pg-", dir="/tmp"))
    try:
        user = _owner()
        password_file = folder / "password"
        password_file.write_text(PASSWORD)
        if user is not None:
            for path in (folder, password_file):
                os.chown(path, user.pw_uid, user.pw_gid)
        _run(
            user,
            folder,
            *(programs / "initdb", "--pgdata", folder / "data", "--username", "router", "--auth", "scram-sha-256"),
            *("--pwfile", password_file, "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        )
        with _server(programs, user, folder) as port:
            yield Cluster(port=port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(programs: Path, user: pwd.struct_passwd | None, folder: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [programs / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder, "-h", "127.0.0.1"]
    command += [part for setting in QUICK for part in ("-c", setting)]
    server = subprocess.Popen(
        ["setpriv", "--pdeathsig", "INT", *_as(user), "--", *map(str, command)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    started, said = threading.Event(), list[str]()

    def listen() -> None:
        assert server.stderr is not None
        for line in server.stderr:  # read to the end, lest the server blocks on a full pipe
            said.append(line)
            if "ready to accept connections" in line:
                started.set()
        started.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        if not started.wait(START_LIMIT_S) or server.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start: {''.join(said)}")
        yield port
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        try:
            server.wait(START_LIMIT_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        listener.join()
        if server.stderr is not None:
            server.stderr.close()


def _programs() -> Path:
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: -float(p.parent.name)):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise RuntimeError(INSTALL)


def _owner() -> pwd.struct_passwd | None:
    """Whose the cluster is: None for the one who runs the tests, who must not be root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("initdb refuses root, and there is neither a user postgres nor nobody")


def _as(user: pwd.struct_passwd | None) -> tuple[str, ...]:
    if user is None:
        return ()
    return ("--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups")


def _run(user: pwd.struct_passwd | None, folder: Path, *command: str | Path) -> None:
    done = subprocess.run(
        ["setpriv", *_as(user), "--", *map(str, command)] if user else [str(part) for part in command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=START_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr or done.stdout}")
