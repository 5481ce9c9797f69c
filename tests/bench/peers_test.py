"""bench/peers and the modules it is made of: which cgroups there are, how the limit and octrain's device memory are chosen, the rows
and their ratio, and that nothing is left behind. No cgroup and no swap is made here. Usage: peers_test.py SOURCE_DIRECTORY"""
import contextlib, fractions, importlib.machinery, importlib.util, json, os, pathlib, shutil, signal, sys, tempfile, types, unittest
from unittest import mock

SOURCE = pathlib.Path(sys.argv.pop())
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / "bench"))
import measuring, memory_limit  # noqa: E402

loader = importlib.machinery.SourceFileLoader("peers", str(SOURCE / "bench/peers"))
peers = importlib.util.module_from_spec(importlib.util.spec_from_loader("peers", loader))
loader.exec_module(peers)

GIB, MIB = 1 << 30, 1 << 20
VERSION_1 = """tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
"""


class Temporary(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name).resolve()

    def replace(self, *where_and_what, **more):
        patch = mock.patch.object(*where_and_what, **more)
        self.addCleanup(patch.stop)
        return patch.start()


class Hierarchies(Temporary):
    def test_version_1_is_taken_where_it_has_the_controller(self):
        self.assertEqual(memory_limit.memory_hierarchy(VERSION_1, lambda root: False), (1, pathlib.Path("/sys/fs/cgroup/memory")))

    def test_version_2_is_taken_where_it_has_the_controller(self):
        mounts = "cgroup2 /sys/fs/a\\040b cgroup2 rw 0 0\n"
        self.assertEqual(memory_limit.memory_hierarchy(mounts, lambda root: True), (2, pathlib.Path("/sys/fs/a b")))
        with self.assertRaisesRegex(measuring.LeftOut, "limits memory"):
            memory_limit.memory_hierarchy(mounts, lambda root: False)

    def test_the_own_group_is_found_or_the_root_taken(self):
        groups = "5:devices:/\n4:memory:/a/b\n0::/c\n"
        (self.root / "a/b").mkdir(parents=True)
        self.assertEqual(memory_limit.own_group(1, self.root, groups), self.root / "a/b")
        self.assertEqual(memory_limit.own_group(2, self.root, groups), self.root)  # no such folder: /c

    def test_in_version_2_the_parent_hands_memory_on(self):
        deep = self.root / "slice/scope"
        deep.mkdir(parents=True)
        (self.root / "slice/cgroup.subtree_control").write_text("cpu memory\n")
        (deep / "cgroup.subtree_control").write_text("\n")
        self.assertEqual(memory_limit.parent_group(2, deep, self.root), self.root / "slice")
        self.assertEqual(memory_limit.parent_group(1, deep, self.root), deep)
        (self.root / "slice/cgroup.subtree_control").write_text("cpu\n")
        self.assertEqual(memory_limit.parent_group(2, deep, self.root), self.root)


class Groups(Temporary):
    """On a folder that stands in for a hierarchy."""

    def setUp(self):
        super().setUp()
        self.replace(os, "geteuid", return_value=0)
        self.replace(memory_limit, "own_group", return_value=self.root)
        self.removed = []
        self.replace(memory_limit, "remove_group", new=self.remove)

    def remove(self, path):
        self.removed.append({file.name: file.read_text() for file in path.iterdir()})
        shutil.rmtree(path)

    def group(self, version, *arguments):
        return memory_limit.Cgroup(*arguments, find=lambda: (version, self.root))

    def test_version_2_limits_and_hands_back(self):
        control = self.root / "cgroup.subtree_control"
        control.write_text("cpu")
        with self.group(2, GIB, True) as group:
            self.assertEqual(control.read_text(), "+memory")
            self.assertIsNone(group.peak_bytes())
            (group.path / "memory.events").write_text("oom 2\noom_kill 1\n")
            self.assertTrue(group.killed_for_memory())
        self.assertEqual(self.removed[0]["memory.max"], str(GIB))
        self.assertEqual(control.read_text(), "-memory")

    def test_swap_is_barred_or_there_is_no_group(self):
        with self.assertRaisesRegex(measuring.LeftOut, "memory.swap.max"):  # a kernel that does not count swap
            self.group(2, GIB, False).__enter__()
        self.assertEqual(len(self.removed), 1)
        for version, name, most in ((1, "memory.memsw.limit_in_bytes", GIB), (2, "memory.swap.max", 0)):
            group = self.group(version, GIB, False)
            group.version, group.path = version, self.root
            (self.root / name).write_text("")
            group.set_limits()
            self.assertEqual((self.root / name).read_text(), str(most))

    def test_what_fails_half_way_leaves_no_group(self):
        with mock.patch.object(memory_limit.Cgroup, "set_limits", side_effect=OSError(16, "busy")):
            with self.assertRaisesRegex(measuring.LeftOut, "busy"):
                self.group(1, GIB).__enter__()
        self.assertEqual(len(self.removed), 1)

    def test_an_interrupt_leaves_no_group(self):
        with self.assertRaises(KeyboardInterrupt), self.group(1, GIB):
            raise KeyboardInterrupt
        self.assertEqual(self.removed[0]["memory.limit_in_bytes"], str(GIB))

    def test_without_root_it_says_so(self):
        os.geteuid.return_value = 1000
        with self.assertRaisesRegex(measuring.LeftOut, "root"):
            self.group(1, GIB).__enter__()


class SwapFiles(Temporary):
    """With stand-ins for the tools, each of which can fail."""

    def setUp(self):
        super().setUp()
        self.replace(os, "geteuid", return_value=0)
        self.replace(memory_limit, "tool", new=lambda name: name)
        self.replace(memory_limit, "call", new=self.call)
        self.replace(memory_limit.SwapFile, "is_on", new=lambda _: self.on)
        self.on, self.called, self.failing = False, [], None

    def call(self, tool, *_):
        self.called.append(tool)
        if tool == self.failing:
            raise measuring.LeftOut(f"{tool} failed")
        self.on = tool == "swapon" or self.on and tool != "swapoff"

    def files(self):
        return list(self.root.iterdir())

    def test_it_is_there_and_gone(self):
        with memory_limit.SwapFile(self.root, MIB) as swap:
            self.assertEqual((swap.path.stat().st_size, swap.path.stat().st_mode & 0o777), (MIB, 0o600))
        self.assertEqual((self.called, self.files(), self.on), (["mkswap", "swapon", "swapoff"], [], False))

    def test_each_step_that_fails_leaves_nothing(self):
        for tool in ("mkswap", "swapon"):
            self.failing, self.called = tool, []
            with self.assertRaisesRegex(measuring.LeftOut, tool):
                memory_limit.SwapFile(self.root, MIB).__enter__()
            self.assertEqual((self.called[-1], self.files(), self.on), (tool, [], False))

    def test_a_full_disk_leaves_nothing(self):
        self.replace(os, "posix_fallocate", side_effect=OSError(28, "No space left on device"))
        with self.assertRaisesRegex(measuring.LeftOut, "No space"):
            memory_limit.SwapFile(self.root, MIB).__enter__()
        self.assertEqual((self.called, self.files()), ([], []))

    def test_interrupts_leave_nothing(self):
        for why in (KeyboardInterrupt, SystemExit):
            with self.assertRaises(why), memory_limit.SwapFile(self.root, MIB):
                raise why
            self.assertEqual((self.files(), self.on), ([], False))

    def test_an_interrupt_waits_for_swapoff(self):
        def interrupted(tool, *rest):
            if tool == "swapoff":
                signal.raise_signal(signal.SIGINT)
            self.call(tool, *rest)
        memory_limit.call = interrupted
        with self.assertRaises(KeyboardInterrupt), memory_limit.SwapFile(self.root, MIB):
            pass
        self.assertEqual((self.files(), self.on), ([], False))

    def test_a_file_still_in_use_is_kept_and_named(self):
        said = self.replace(memory_limit, "print", create=True)
        self.failing = "swapoff"
        with memory_limit.SwapFile(self.root, MIB):
            pass
        self.assertEqual(len(self.files()), 1)
        self.assertIn(str(self.files()[0]), said.call_args[0][0])

    def test_what_was_there_before_is_not_touched(self):
        swap = memory_limit.SwapFile(self.root, MIB)
        swap.path.write_text("another's")
        with self.assertRaises(measuring.LeftOut):
            swap.__enter__()
        self.assertEqual(swap.path.read_text(), "another's")


class Programs(unittest.TestCase):
    options = types.SimpleNamespace(threads=3, deadline=float("inf"))

    def test_output_threads_and_memory(self):
        done = measuring.run([sys.executable, "-c", "import os; a = bytearray(64 << 20); print(os.environ['OMP_NUM_THREADS'])"], self.options)
        self.assertEqual(done.stdout, "3\n")
        self.assertGreater(done.peak_rss_bytes, 64 * MIB)
        # of that process alone, whatever ran before
        self.assertLess(measuring.run([sys.executable, "-c", ""], self.options).peak_rss_bytes, 64 * MIB)

    def test_why_it_failed(self):
        for code, text, status in (("import sys; sys.exit('no: x')", "no: x (exit status 1)", 1),
                                   ("import os; os.kill(os.getpid(), 9)", "no message (signal 9, SIGKILL)", -9)):
            with self.assertRaises(measuring.Failed) as caught:
                measuring.run([sys.executable, "-c", code], self.options)
            self.assertEqual((str(caught.exception), caught.exception.status), (text, status))

    def test_a_program_that_is_not_there(self):
        with self.assertRaisesRegex(measuring.Failed, "No such file"):
            measuring.run(["/nonexistent"], self.options)

    def test_no_time_left(self):
        with self.assertRaisesRegex(measuring.LeftOut, "no time left"):
            measuring.run(["true"], types.SimpleNamespace(threads=1, deadline=0))

    def test_the_iterations_that_count(self):
        iterations = [{"seconds": second} for second in (9.0, 3.0, 1.0, 2.0)]
        self.assertEqual(measuring.median_seconds(measuring.warm({"iterations": iterations})), 2.0)
        self.assertEqual(measuring.warm({"iterations": iterations, "planned_again_after": 3}), iterations[3:])
        self.assertEqual(measuring.warm({"iterations": iterations, "planned_again_after": 4}), iterations)


class Choices(unittest.TestCase):
    def test_device_memory_is_what_the_limit_leaves_in_whole_blocks(self):
        self.assertEqual(peers.device_bytes_for(GIB, 100 * MIB + 1, 64 * MIB), 858 * MIB)
        with self.assertRaisesRegex(measuring.LeftOut, "less than octrain needs"):
            peers.device_bytes_for(100 * MIB, 64 * MIB, 36 * MIB)

    def test_counters(self):
        self.assertEqual(memory_limit.counter("pswpin 3\npswpout 4\n", "pswpin"), 3)
        self.assertIsNone(memory_limit.counter("zpswpin 3\n", "pswpin"))

    def test_caffe_time(self):
        self.assertEqual(peers.caffe_seconds("I1 caffe.cpp:409] Average Forward-Backward: 1250.5 ms.\n"), 1.2505)
        with self.assertRaises(measuring.LeftOut):
            peers.caffe_seconds("F1 out of memory")


class Runs(Temporary):
    """A whole measurement with stand-ins for what trains: PyTorch needs 4 GiB and 2 s, octrain 1 s and 100 MiB beside its device memory."""

    def setUp(self):
        super().setUp()
        self.options = types.SimpleNamespace(batch=8, iterations=3, octrain_iterations=7, threads=2, share=fractions.Fraction(1, 2),
                                             octrain="octrain", swap_dir=self.root, tier_dir="/tier", seconds=float("inf"), deadline=float("inf"))
        self.replace(peers, "measured", new=self.measured)
        self.replace(peers, "SwapFile", new=lambda *arguments: self.swaps.append(arguments) or contextlib.nullcontext())
        self.replace(peers, "Cgroup", new=contextlib.nullcontext)
        self.replace(peers, "print", create=True)
        self.replace(peers.shutil, "which", return_value=None)
        self.refusals, self.swaps, self.limits, self.budgets, self.torch_fails = [], [], [], [], None

    def measured(self, command, options, limit_bytes=None, may_swap=False):
        figures = {"peak_bytes": 4 * GIB, "charged_peak_bytes": None, "limit_bytes": limit_bytes, "swapped_in_bytes": 6, "swapped_out_bytes": 3}
        if command[0] != "octrain":
            if self.torch_fails:
                raise self.torch_fails
            seconds = 2.0 if limit_bytes is None else 12.0
            return json.dumps({"torch": "1", "seconds": [seconds * 2, seconds, seconds]}), figures
        device = command[command.index("--device-memory") + 1] if "--device-memory" in command else GIB
        if limit_bytes:
            self.limits.append((limit_bytes, may_swap))
            self.budgets.append(device if "--device-memory" in command else None)
            if self.refusals:
                raise self.refusals.pop(0)
        iteration = dict.fromkeys(("planned_in_bytes", "planned_out_bytes", "faults", "stall_seconds"), 0)
        return (json.dumps({"iterations": [dict(iteration, seconds=1.0)] * 7, "device_memory_bytes": device}),
                dict(figures, peak_bytes=device + 100 * MIB))

    def rows(self):
        return {row["who"]: row for row in peers.measure("vgg16", self.options)}

    def failure(self, status, for_memory=False):
        failed = measuring.Failed(status, "octrain: why")
        failed.for_memory = for_memory
        return failed

    def test_rows_and_ratio(self):
        rows = self.rows()
        self.assertEqual([row.get("of_plain") for row in rows.values()], [1, 1, 2, 2, 1 / 6, 1 / 6, None])
        self.assertEqual(rows[peers.CAFFE]["left_out"], "no caffe on PATH")
        self.assertEqual(self.limits, [(2 * GIB, False)])
        self.assertEqual(self.budgets, [2 * GIB - 164 * MIB])
        self.assertEqual(self.swaps, [(self.root, 4 * GIB)] * 2)
        self.assertEqual(rows[peers.SWAPPING]["swapped_in_bytes_per_iteration"], 2)
        self.assertEqual(peers.headline(list(rows.values())), 12)
        self.assertIn("limit 2.00 GiB; swap file 4.00 GiB", rows[peers.SWAPPING]["setting"])
        for row in rows.values():
            peers.line(row)

    def test_more_to_spare_when_the_kernel_ends_it(self):
        self.refusals = [self.failure(-9, for_memory=True)]
        self.assertIn("128 MiB to spare", self.rows()[peers.WITHIN]["setting"])
        self.assertEqual(self.budgets, [2 * GIB - 164 * MIB, 2 * GIB - 228 * MIB])

    def test_octrains_own_choice_when_it_refuses(self):
        self.refusals = [self.failure(5)]
        self.assertIn("not with 1.84 GiB: refused; device memory 1.00 GiB: octrain's own choice", self.rows()[peers.WITHIN]["setting"])
        self.assertEqual(self.budgets, [2 * GIB - 164 * MIB, None])

    def test_own_choice_where_the_limit_leaves_too_little(self):
        self.options.share = fractions.Fraction(1, 100)
        self.assertIn("octrain's own choice", self.rows()[peers.WITHIN]["setting"])
        self.assertEqual(self.budgets, [None])

    def test_what_does_not_fit_is_no_failure(self):
        self.refusals = [self.failure(5), self.failure(5)]
        rows = self.rows()
        self.assertEqual((rows[peers.WITHIN]["left_out"], rows[peers.WITHIN]["failed"]), ("octrain: why (exit status 5)", False))

    def test_another_failure_is_one(self):
        self.refusals = [self.failure(6)]
        rows = self.rows()
        self.assertEqual((rows[peers.WITHIN]["left_out"], rows[peers.WITHIN]["failed"]), ("octrain: why (exit status 6)", True))
        self.assertIsNone(peers.headline(list(rows.values())))
        self.assertEqual(rows[peers.SWAPPING]["of_plain"], 1 / 6)

    def test_without_pytorch_octrain_is_measured(self):
        self.torch_fails = self.failure(1)
        rows = self.rows()
        self.assertEqual(rows[peers.IN_CORE]["images_per_second"], 8)
        self.assertIn("plain PyTorch did not run", rows[peers.SWAPPING]["left_out"])
        self.assertFalse(any(row.get("failed") for row in rows.values()))


if __name__ == "__main__":
    unittest.main()
