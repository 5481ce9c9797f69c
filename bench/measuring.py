"""What the measuring scripts share: running a program within the time that is left, its memory, the iterations that count."""
import os, pathlib, signal, statistics, subprocess, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
GIB = 1 << 30


class LeftOut(Exception):
    """Why there is no figure."""


class Failed(LeftOut):
    """There is none because the program failed."""

    def __init__(self, status, said):
        self.status, self.for_memory = status, False  # for_memory: the kernel ended it over a limit
        how = f"signal {-status}, {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        super().__init__(f"{(said.strip().splitlines() or ['no message'])[-1]} ({how})")


class Done:
    def __init__(self, stdout, peak_rss_bytes):
        self.stdout, self.peak_rss_bytes = stdout, peak_rss_bytes


def seconds_left(options):
    left = options.deadline - time.monotonic()
    if left < 5:
        raise LeftOut("no time left")
    return left


def wait(process, deadline):
    """The most memory the process was in at once, when it has ended: of it alone, not of all children so far."""
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_maxrss * 1024
        if time.monotonic() > deadline:
            raise LeftOut("stopped: no time left")
        time.sleep(0.05)


def run(command, options, before=None):
    """What a program prints; `before` is called in its process first."""
    seconds_left(options)
    environment = dict(os.environ, OMP_NUM_THREADS=str(options.threads))
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+", errors="replace") as said:
        try:
            process = subprocess.Popen([str(part) for part in command], env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=said, preexec_fn=before)
        except (OSError, subprocess.SubprocessError) as error:
            raise Failed(127, str(error)) from None
        try:
            peak_rss_bytes = wait(process, options.deadline)
        finally:
            if process.returncode is None:
                process.kill()
                process.wait()
        out.seek(0)
        said.seek(0)
        if process.returncode != 0:
            raise Failed(process.returncode, said.read())
        return Done(out.read(), peak_rss_bytes)


def warm(result):
    """The iterations of a training of octrain's but the first, in which every page is touched for the first time, and those
    before the last plan was made."""
    return result["iterations"][max(1, result.get("planned_again_after", 0)):] or result["iterations"]


def median_seconds(iterations):
    return statistics.median(it["seconds"] for it in iterations)
