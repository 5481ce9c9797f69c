"""scripts/gpu-check in a copy of the tree, with stand-ins for nvidia-smi, nvcc, cmake, ctest and octrain: what its report says, and
its exit status. Usage: gpu_check_test.py SOURCE_DIRECTORY"""
import json, os, pathlib, shutil, subprocess, sys, tempfile, unittest

SOURCE = pathlib.Path(sys.argv.pop())

OCTRAIN = """#!/usr/bin/env python3
import json, sys
arguments = sys.argv[1:]
option = lambda name: arguments[arguments.index(name) + 1]
if "--threads" in arguments and "cuda" in arguments:
    sys.exit(2)
if "--list-policies" in arguments:
    print("auto: the best of all\\nlru: a policy\\nnaive: another\\nrecompute sqrt: a method")
elif arguments[0] == "plan":
    print(json.dumps({"footprint_bytes": int(option("--batch")) << 28}))
elif "--help" in arguments:
    print("--batch --precision" if PRECISION else "--batch")
elif "--device-memory" in arguments and option("--mode") == "explicit" and EXPLICIT_FAILS:
    sys.exit("octrain: out of pinned memory")
else:
    seconds = {"incore": 0.5, "um": 0.5, "explicit": 0.5, "um-naive": 2.0}[option("--mode")]
    loss = 1.0 if option("--mode") != "um" else LOSS_OF_UM
    row = dict.fromkeys(("planned_in_bytes", "planned_out_bytes", "faults", "fault_in_bytes", "driver_evicted_bytes",
                         "stall_seconds"), 0)
    row["peak_resident_bytes"] = PEAK
    if option("--mode") == "um" and not MEASURED:
        row.update(dict.fromkeys(("faults", "fault_in_bytes", "driver_evicted_bytes")))
    print(json.dumps({"policy": "lookahead", "recompute": "none", "share": "none", "arena_bytes": 0, "footprint_bytes": 1 << 30,
                      "device_memory_bytes": 1 << 30,
                      "iterations": [dict(row, loss=loss, seconds=seconds)] * int(option("--iterations"))}))
"""
CTEST = """#!/usr/bin/env python3
import sys
cases = [("gpu.Sums", "run"), ("gpu.Moves", "FAILS"), ("gpu.NotHere", "notrun")]
with open(sys.argv[sys.argv.index("--output-junit") + 1], "w") as junit:
    junit.write("<testsuite>" + "".join(f'<testcase name="{name}" status="{status}"/>' for name, status in cases) + "</testsuite>")
"""
TORCH = """import json, sys
print(json.dumps({"seconds": [1.0] * int(sys.argv[sys.argv.index("--iterations") + 1])}))
"""
PROBE = """#!/usr/bin/env bash
echo '{"failure": null, "notes": ["a note"], "rows": [{"section": "Moves", "case": "prefetch", "range_bytes": 2097152,
  "operations": 1, "total_median_us": 80.0, "call_median_us": 5.0, "us_per_operation": 80.0, "gb_per_s": 26.2,
  "against": "pinned copy", "speed_ratio": 0.97}]}' >"$1"
"""


class GpuCheck(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        for part in ("scripts", "bench"):
            shutil.copytree(SOURCE / part, self.root / part)
        (self.root / "bench/torch_training.py").write_text(TORCH)
        (self.root / "stand-ins").mkdir()
        self.stand_in("nvidia-smi", "#!/bin/sh\ncase $* in *name*) echo 'Card, 9 MiB, 9.0, 580.1' ;; *) echo 9.0 ;; esac\n")
        self.stand_in("python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        self.stand_in("probe", PROBE)
        self.stand_in("nvcc", '#!/bin/sh\n[ "$1" != --version ] || { echo "release 13.0, V13.0.48"; exit; }\n'
                      f"cp {self.root}/stand-ins/probe {self.root}/build/gpu-check/memory_probe\n")
        self.build_with({})

    def stand_in(self, name, text):
        path = self.root / "stand-ins" / name
        path.write_text(text)
        path.chmod(0o755)

    def build_with(self, ways, failing_test=False):
        ways = {"PRECISION": True, "EXPLICIT_FAILS": False, "LOSS_OF_UM": 1.0, "MEASURED": True, "PEAK": 0, **ways}
        text = OCTRAIN
        for name, value in ways.items():
            text = text.replace(name, repr(value))
        self.stand_in("octrain", text)
        self.stand_in("ctest", CTEST.replace("FAILS", "fail" if failing_test else "run"))
        self.stand_in("cmake", f"#!/bin/sh\nmkdir -p {self.root}/build/gpu-check/tree\n"
                      f"cp {self.root}/stand-ins/octrain {self.root}/build/gpu-check/tree/octrain\n")

    def check(self, *steps):
        """The exit status, and the report."""
        environment = dict(os.environ, PATH=f"{self.root}/stand-ins:{os.environ['PATH']}", CUDA_HOME=f"{self.root}/none",
                           OUT=str(self.root / "out"), OCTRAIN_MANAGED_LIMIT=str(1 << 50))
        done = subprocess.run([self.root / "scripts/gpu-check", *steps], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        self.said = done.stderr
        path = self.root / "out/gpu-check.json"
        self.markdown = (self.root / "out/gpu-check.md").read_text() if path.exists() else ""
        return done.returncode, json.loads(path.read_text()) if path.exists() else None

    def test_all_is_well(self):
        status, report = self.check()
        self.assertEqual((status, report["wrong"]), (0, []), self.said)
        self.assertEqual([(step["name"], step["state"]) for step in report["steps"]],
                         [(name, "done") for name in ("build", "tests", "probe", "incore", "budgets", "policies")])
        self.assertEqual((report["facts"]["card"], report["facts"]["driver"], report["facts"]["toolkit"]),
                         ("Card", "580.1", "13.0, V13.0.48"))
        self.assertEqual(report["facts"]["managed_limit_bytes"], 8 << 30)
        self.assertEqual(report["tests"], {"passed": 2, "failed": [], "skipped": ["gpu.NotHere"]})
        self.assertEqual([(row["octrain_images_per_second"], row["torch_images_per_second"], row["ratio"]) for row in report["incore"]],
                         [(128.0, 64.0, 2.0)] * 6)  # batch 64 in 0.5 s and 1 s
        # 256 MiB an image; 85 % of 8 GiB hold 27, and 32, 28, 25 are tried
        self.assertEqual({row["batch"] for row in report["budgets"]}, {25})
        self.assertEqual([(row["mode"], row["budget"]) for row in report["budgets"]], [("incore", "-")] + [
            (mode, budget) for budget in ("1", "3/4", "1/2", "1/4") for mode in ("um", "explicit", "um-naive")])
        self.assertEqual([row["ratio"] for row in report["budgets"]], [1.0] + [1.0, 1.0, 4.0] * 4)
        self.assertEqual([(row["mode"], row["budget"]) for row in report["policies"]], [("incore", "-"), ("um", "1/2"), ("um", "1/2")])
        for line in ("| um-naive | 1/2 | lookahead | 2.0000 | 4.000 |", "| prefetch | 2 | 80.0 | 5.0 | 26.20 | - | 0.97 of pinned copy |",
                     "- skipped: gpu.NotHere", "| vgg16 | bf16 | 64 | 128.0 | 64.0 | 2.00 |"):
            self.assertIn(line, self.markdown)

    def test_a_failed_test_fails_the_check(self):
        self.build_with({}, failing_test=True)
        status, report = self.check("build", "tests")
        self.assertEqual((status, report["wrong"]), (1, ["failed: gpu.Moves"]))
        self.assertIn("- failed: gpu.Moves", self.markdown)

    def test_other_losses_fail_the_check(self):
        self.build_with({"LOSS_OF_UM": 2.0})
        status, report = self.check("build", "budgets")
        self.assertEqual(status, 1)
        self.assertEqual(report["wrong"], [f"losses differ from those in core: um, budget {budget}, lookahead" for budget in ("1", "3/4", "1/2", "1/4")])

    def test_what_nobody_measured_is_no_figure(self):
        self.build_with({"MEASURED": False})
        status, report = self.check("build", "budgets")
        self.assertEqual((status, report["wrong"]), (0, []), self.said)
        self.assertEqual([row["faults"] for row in report["budgets"]], [0] + [None, 0, 0] * 4)

    def test_a_passed_budget_fails_the_check(self):
        self.build_with({"PEAK": (1 << 30) + 1})
        status, report = self.check("build", "policies")
        self.assertEqual((status, len(report["wrong"])), (1, 3))
        self.assertIn("more was resident than the budget: um, budget 1/2, lookahead", report["wrong"])

    def test_what_fails_is_a_row_and_the_rest_goes_on(self):
        self.build_with({"EXPLICIT_FAILS": True, "PRECISION": False})
        self.stand_in("probe", "#!/bin/sh\necho no room\nexit 4\n")
        status, report = self.check()
        self.assertEqual((status, report["wrong"]), (1, ["probe: ended with 4, and left nothing"]), self.said)
        self.assertEqual({step["name"]: step["state"] for step in report["steps"]}["probe"], "ended with 4")
        self.assertIn("no room", self.markdown)
        self.assertIn("| explicit | 1/2 | octrain: out of pinned memory (exit status 1) |", self.markdown)
        self.assertIn("| um | 1/2 | lookahead |", self.markdown)
        self.assertIn("octrain: this octrain has no --precision", self.markdown)

    def test_without_a_gpu(self):
        if pathlib.Path("/dev/nvidiactl").exists():
            self.skipTest("there is a GPU here")
        self.stand_in("nvidia-smi", "#!/bin/sh\nexit 9\n")
        status, report = self.check()
        self.assertEqual((status, report), (4, None))
        self.assertEqual(self.said, "==> no NVIDIA GPU here: nvidia-smi names none, and there is no /dev/nvidiactl\n")


if __name__ == "__main__":
    unittest.main()
