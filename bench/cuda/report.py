#!/usr/bin/env python3
"""One JSON and one Markdown file of what scripts/gpu-check left. Exits with 1 when a test failed, none ran, losses differed,
a budget was passed, or a measurement left nothing."""
import argparse, datetime, json, pathlib, subprocess, sys, xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STEPS = ("build", "tests", "probe", "incore", "budgets", "policies")
GIB = 1 << 30


def output_of(*command):
    try:
        done = subprocess.run([str(part) for part in command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""
    except OSError:
        return ""


def facts(options):
    card = [part.strip() for part in output_of("nvidia-smi", "--id=0", "--format=csv,noheader",
                                               "--query-gpu=name,memory.total,compute_cap,driver_version").split(",")]
    card += ["unknown"] * (4 - len(card))
    release = [line for line in output_of(options.nvcc, "--version").splitlines() if "release" in line]
    commit = output_of("git", "rev-parse", "HEAD") or "unknown"
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "commit": commit + (" and changes" if output_of("git", "status", "--porcelain") else ""),
            "card": card[0] or "unknown", "memory": card[1], "compute_capability": card[2], "driver": card[3],
            "toolkit": release[0].split("release ")[-1] if release else "unknown",
            "torch": output_of(sys.executable, "-c", "import torch; print(torch.__version__)") or "none",
            "managed_limit_bytes": options.managed_limit}


def step_of(results, name):
    """How a step ended; None for one that nobody asked for."""
    path = results / f"{name}.status"
    if not path.exists():
        return None
    status, seconds, limit = path.read_text().split()
    state = {"0": "done", "124": "stopped: out of time", "137": "stopped: out of time", "left-out": "left out: no time"}
    step = {"name": name, "state": state.get(status, f"ended with {status}"), "seconds": int(seconds), "limit_seconds": int(limit)}
    if status not in ("0", "left-out"):
        log = results / f"{name}.log"
        step["end_of_log"] = log.read_text(errors="replace").strip().splitlines()[-5:] if log.exists() else []
    return step


def tests_of(results):
    """Counts and names out of ctest's JUnit file."""
    path = results / "tests.xml"
    if not path.exists():
        return None
    cases = xml.etree.ElementTree.parse(path).getroot().iter("testcase")
    by_status = {}
    for case in cases:
        by_status.setdefault(case.get("status"), []).append(case.get("name"))
    passed, skipped = by_status.pop("run", []), by_status.pop("notrun", []) + by_status.pop("disabled", [])
    return {"passed": len(passed), "skipped": sorted(skipped), "failed": sorted(sum(by_status.values(), []))}


def rows_of(results, name):
    path = results / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def wrong(report):
    """Why the check as a whole fails, a line each."""
    lines = []
    asked = {step["name"]: step for step in report["steps"]}
    if "build" in asked and asked["build"]["state"] != "done":
        lines.append("the build did not end well")
    if "tests" in asked:
        tests = report["tests"]
        if tests is None or asked["tests"]["state"].startswith("stopped"):
            lines.append("the tests did not come to their end")
        else:
            lines += [f"failed: {name}" for name in tests["failed"]]
        if tests is not None and tests["passed"] == 0:
            lines.append("no test ran on the GPU")
    lines += [f"{name}: {asked[name]['state']}, and left nothing" for name in ("probe", "incore", "budgets", "policies")
              if name in asked and asked[name]["state"].startswith("ended") and not report[name]]
    if report["incore"] and not any("octrain_images_per_second" in row for row in report["incore"]):
        lines.append("incore: no figure of octrain's")
    for row in (report["budgets"] or []) + (report["policies"] or []):
        where = f"{row['mode']}, budget {row['budget']}, {row.get('policy')}"
        if row.get("same_losses") is False:
            lines.append(f"losses differ from those in core: {where}")
        if row.get("within_budget") is False and row["mode"] != "um-naive":  # there the driver alone decides
            lines.append(f"more was resident than the budget: {where}")
    return lines


def table(head, rows):
    text = f"| {' | '.join(head)} |\n|{' --- |' * len(head)}\n"
    return text + "".join(f"| {' | '.join(str(cell) for cell in row)} |\n" for row in rows) + "\n"


def number(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def tests_text(tests):
    if tests is None:
        return "No results.\n\n"
    text = f"{tests['passed']} passed, {len(tests['failed'])} failed, {len(tests['skipped'])} skipped.\n\n"
    for what in ("failed", "skipped"):
        text += "".join(f"- {what}: {name}\n" for name in tests[what])
    return text + "\n"


def incore_text(rows):
    if not rows:
        return "No results.\n\n"
    why = lambda row: "; ".join(f"{who}: {row[who + '_left_out']}" for who in ("octrain", "torch") if who + "_left_out" in row)
    return ("Images/s, 224x224, momentum SGD, images copied from pinned memory; PyTorch with cudnn.benchmark, contiguous tensors; fp32: "
            "allow_tf32 off, tf32: on, bf16: autocast.\n\n"
            + table(("model", "precision", "batch", "octrain", "PyTorch", "ratio", ""),
                    [(row["model"], row["precision"], row["batch"], number(row.get("octrain_images_per_second"), 1),
                      number(row.get("torch_images_per_second"), 1), number(row.get("ratio")), why(row)) for row in rows]))


def budgets_text(rows):
    if not rows:
        return "No results.\n\n"
    gib = lambda row, key: number(row[key] / GIB) if row.get(key) is not None else "-"
    cells = []
    for row in rows:
        if "left_out" in row:
            cells.append((row["mode"], row["budget"], row["left_out"]) + ("-",) * 8)
            continue
        cells.append((row["mode"], row["budget"], row["policy"], number(row["seconds"], 4), number(row["ratio"], 3),
                      gib(row, "planned_in_bytes"), gib(row, "planned_out_bytes"), gib(row, "fault_in_bytes"),
                      number(row["stall_seconds"], 3), gib(row, "peak_resident_bytes"), "same" if row["same_losses"] else "DIFFERENT"))
    return (f"{rows[0]['model']}, batch {rows[0]['batch']}, budgets as parts of the footprint ({gib(rows[0], 'footprint_bytes')} GiB); "
            "seconds of an iteration, and their ratio to those in core; faults by CUPTI (-: not measured).\n\n"
            + table(("mode", "budget", "policy", "seconds", "ratio", "in GiB", "out GiB", "faulted GiB", "stalled s", "peak GiB", "losses"),
                    cells))


def probe_text(probe):
    if not probe:
        return "No results.\n\n"
    text = f"**Stopped early**: {probe['failure']}\n\n" if probe["failure"] else ""
    sections = {}
    for row in probe["rows"]:
        sections.setdefault(row["section"], []).append(row)
    for name, rows in sections.items():
        text += f"### {name}\n\n" + table(("case", "range MiB", "total us", "call us", "GB/s", "us per operation", "ratio"), [
            (row["case"], row["range_bytes"] >> 20, number(row["total_median_us"], 1), number(row["call_median_us"], 1),
             number(row.get("gb_per_s")), number(row["us_per_operation"]) if row["operations"] > 1 else "-",
             f"{row['speed_ratio']:.2f} of {row['against']}" if "against" in row else "-") for row in rows])
    return text + "".join(f"- {note}\n" for note in probe["notes"]) + "\n"


def markdown(report):
    text = "# What was measured on this card\n\n"
    text += "".join(f"- {name.replace('_', ' ')}: {value}\n" for name, value in report["facts"].items()) + "\n"
    if report["wrong"]:
        text += "**Not all is well**\n\n" + "".join(f"- {line}\n" for line in report["wrong"]) + "\n"
    text += table(("step", "", "seconds", "limit"), [(step["name"], step["state"], step["seconds"], step["limit_seconds"])
                                                    for step in report["steps"]])
    for step in report["steps"]:
        if "end_of_log" in step:
            text += f"The end of {step['name']}.log:\n\n```\n" + "\n".join(step["end_of_log"]) + "\n```\n\n"
    asked = [step["name"] for step in report["steps"]]
    for name, title, write in (("tests", "Tests", tests_text), ("incore", "In core beside PyTorch", incore_text),
                               ("budgets", "By budget", budgets_text),
                               ("policies", "By policy", budgets_text), ("probe", "Memory", probe_text)):
        if name in asked:
            text += f"## {title}\n\n" + write(report[name])
    return text.rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--nvcc", default="nvcc")
    parser.add_argument("--managed-limit", type=int, required=True)
    options = parser.parse_args()
    results = options.results
    report = {"facts": facts(options), "steps": [step for step in (step_of(results, name) for name in STEPS) if step],
              "tests": tests_of(results), "incore": rows_of(results, "incore"), "budgets": rows_of(results, "budgets"),
              "policies": rows_of(results, "policies"),
              "probe": rows_of(results, "probe")}
    report["wrong"] = wrong(report)
    (results / "gpu-check.json").write_text(json.dumps(report, indent=1) + "\n")
    (results / "gpu-check.md").write_text(markdown(report))
    sys.exit(1 if report["wrong"] else 0)


if __name__ == "__main__":
    main()
