"""A memory limit for one program (a cgroup, of version 1 or 2) and a swap file for the time of a measurement.

Both are context managers that leave nothing behind, also when a step fails half way. They need root, and say so as LeftOut.
"""
import contextlib, os, pathlib, re, shutil, signal, subprocess, threading, time

from measuring import LeftOut

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
FILES = {1: {"limit": "memory.limit_in_bytes", "peak": "memory.max_usage_in_bytes"},
         2: {"limit": "memory.max", "peak": "memory.peak"}}


def path_in(field):
    """A path as the kernel writes it into a table: blanks as octal numbers."""
    return pathlib.Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field))


def memory_hierarchy(mounts, has_memory):
    """Version and root of the cgroups that limit memory; `mounts` is the text of /proc/mounts, `has_memory` tells whether a
    hierarchy of version 2 has that controller."""
    unified = None
    for line in mounts.splitlines():
        _, where, kind, flags = line.split()[:4]
        where = path_in(where)
        if kind == "cgroup" and "memory" in flags.split(","):
            return 1, where
        if kind == "cgroup2" and has_memory(where):
            unified = unified or (2, where)
    if unified:
        return unified
    raise LeftOut("no cgroup hierarchy here limits memory")


def words_in(path):
    return path.read_text().split() if path.exists() else []


def own_group(version, root, groups):
    """The group that this process is in, by the text of /proc/self/cgroup; in a container that path may not be seen."""
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(",") if version == 1 else not controllers:
            own = root / path.lstrip("/")
            return own if own.is_dir() else root
    return root


def parent_group(version, own, root):
    """Where a group can be made: below the own one, so that its limits go on holding. In version 2 a group that has processes
    cannot hand memory on to groups below it: there, the next one above that does."""
    group = own
    while version == 2 and group != root and "memory" not in words_in(group / "cgroup.subtree_control"):
        group = group.parent
    return group


@contextlib.contextmanager
def uninterrupted():
    """Ctrl-C and an end by a signal wait until what has to be put back is put back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = []
    waiting = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, lambda *which: came.append(which[0])) for number in waiting}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


class Cgroup:
    """A group for one program. `may_swap`: with a limit, what is over it may go to swap; where a kernel that does not count swap
    cannot bar it, there is no group."""

    def __init__(self, limit_bytes=None, may_swap=True, find=None):
        self.limit_bytes, self.may_swap, self.path = limit_bytes, may_swap, None
        self.find = find or (lambda: memory_hierarchy(pathlib.Path("/proc/mounts").read_text(),
                                                      lambda root: "memory" in words_in(root / "cgroup.controllers")))

    def __enter__(self):
        if os.geteuid() != 0:
            raise LeftOut("a memory limit needs root, for a cgroup")
        self.version, root = self.find()
        parent = parent_group(self.version, own_group(self.version, root, pathlib.Path("/proc/self/cgroup").read_text()), root)
        try:
            with uninterrupted():
                self.handed_on = self.hand_memory_on(parent)
                self.path = parent / f"octrain-peers-{os.getpid()}"
                self.path.mkdir()
            self.set_limits()
        except OSError as error:
            self.__exit__()
            raise LeftOut(f"no cgroup with a memory limit: {error}") from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def hand_memory_on(self, parent):
        control = parent / "cgroup.subtree_control"
        if self.version == 1 or "memory" in words_in(control):
            return None
        control.write_text("+memory")
        return control

    def set_limits(self):
        if self.limit_bytes is None:
            return
        (self.path / FILES[self.version]["limit"]).write_text(str(self.limit_bytes))
        if not self.may_swap:
            # Version 1 counts memory and swap together.
            name, most = ("memory.memsw.limit_in_bytes", self.limit_bytes) if self.version == 1 else ("memory.swap.max", 0)
            with open(self.path / name, "r+") as file:  # made by nobody: absent where swap is not counted
                file.write(str(most))

    def enter(self):
        """Called in the program's process."""
        (self.path / "cgroup.procs").write_text("0")

    def peak_bytes(self):
        """What was charged at most, page cache and the kernel's own included; None where the kernel does not tell."""
        path = self.path / FILES[self.version]["peak"]
        return int(path.read_text()) if path.exists() else None

    def killed_for_memory(self):
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        return counter((self.path / name).read_text(), "oom_kill") not in (None, 0)

    def __exit__(self, *_):
        with uninterrupted():
            if self.path and self.path.exists():
                remove_group(self.path)
            if getattr(self, "handed_on", None):
                with contextlib.suppress(OSError):
                    self.handed_on.write_text("-memory")


def remove_group(path):
    """What still runs in it was started here, and is ended; the kernel takes a moment to let go."""
    for _ in range(100):
        for process in words_in(path / "cgroup.procs"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)
        try:
            os.rmdir(path)
            return
        except OSError as error:
            left = error
            time.sleep(0.1)
    print(f"left behind: {path}: {left}", flush=True)


def counter(text, name):
    """A line "NAME VALUE" of the kernel's statistics; None where there is none."""
    found = re.search(rf"^{name} (\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else None


def swapped_bytes(cgroup=None):
    """Bytes read from and written to swap so far: by the group where the kernel counts that, else by the whole machine."""
    texts = [(cgroup.path / "memory.stat").read_text()] if cgroup else []
    for text in [*texts, pathlib.Path("/proc/vmstat").read_text()]:
        pages = [counter(text, name) for name in ("pswpin", "pswpout")]
        if None not in pages:
            return tuple(count * PAGE_BYTES for count in pages)
    return None


def tool(name):
    """These lie in /sbin, which not every PATH has."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not path:
        raise LeftOut(f"no {name} here")
    return path


def call(*command):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, start_new_session=True)  # out of Ctrl-C's reach
    if done.returncode != 0:
        raise LeftOut((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1])


class SwapFile:
    """Swap of the whole machine, of first choice while it is there."""

    def __init__(self, directory, size_bytes):
        self.path, self.size_bytes = directory.resolve() / f"octrain-peers-{os.getpid()}.swap", size_bytes
        self.made = False

    def __enter__(self):
        if os.geteuid() != 0:
            raise LeftOut("a swap file needs root")
        try:
            tools = [tool(name) for name in ("mkswap", "swapon", "swapoff")]
            with open(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                self.made = True
                os.posix_fallocate(file.fileno(), 0, self.size_bytes)
            call(tools[0], self.path)
            with uninterrupted():
                call(tools[1], "--priority", 32767, self.path)
        except OSError as error:
            self.__exit__()
            raise LeftOut(f"no swap file: {error}") from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def is_on(self):
        return any(path_in(line.split()[0]) == self.path for line in pathlib.Path("/proc/swaps").read_text().splitlines()[1:])

    def __exit__(self, *_):
        with uninterrupted():
            if self.is_on():
                try:
                    call(tool("swapoff"), self.path)
                except LeftOut as why:
                    print(f"left behind: swap file {self.path}: {why}", flush=True)
                    return
            if self.made:
                self.path.unlink(missing_ok=True)
