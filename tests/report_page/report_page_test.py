#!/usr/bin/env python3
"""Opens report pages in a real browser without a window: hovers, clicks, zooms, uses the keys; nothing may be told on its
console. Leaves pictures behind."""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from selenium import webdriver
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from large_report import large_data, with_data  # noqa: E402

FIRST_DRAWING_MS = 5000  # generous: a tenth of it is usual


def make_pages(octrain, directory):
    """A comparison, and with the same template a large report and one of a training that recorded nothing."""
    small = directory / "compare.html"
    subprocess.run([octrain, "compare", "--model", "lenet", "--batch", "16", "--modes", "incore,explicit", "--device-memory",
                    "60%,80%", "--policy", "lru,lookahead", "--iterations", "8", "--report", small], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    template = small.read_text()
    large = directory / "large.html"
    large.write_text(with_data(template, large_data()))
    nothing = large_data(10, 10)
    nothing["cells"] = [{"name": "um", "timeline": None, "note": "no iteration ended"}]
    empty = directory / "empty.html"
    empty.write_text(with_data(template, nothing))
    return {"small": small, "large": large, "empty": empty}


class ReportPage(unittest.TestCase):
    options = None
    pages = {}

    @classmethod
    def setUpClass(cls):
        cls.browser = cls.start_browser()

    @classmethod
    def start_browser(cls):
        options = webdriver.ChromeOptions()
        options.binary_location = cls.options.chromium
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,1100",
                         "--force-device-scale-factor=1"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.ChromeService if hasattr(webdriver, "ChromeService") else None
        if service is None:
            from selenium.webdriver.chrome.service import Service as service
        return webdriver.Chrome(options=options, service=service(cls.options.chromedriver))

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()

    def open(self, name):
        self.browser.get(self.pages[name].as_uri())

    def tearDown(self):
        log = self.browser.get_log("browser")
        self.assertEqual(log, [], "the console is silent")

    def js(self, script):
        return self.browser.execute_script(f"return {script}")

    def at(self, canvas, x, y):
        """An action chain that has moved to (x, y) of the canvas, counted from its upper left corner."""
        element = self.browser.find_element(By.ID, canvas)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        return ActionChains(self.browser).move_to_element_with_offset(element, x - element.size["width"] // 2,
                                                                     y - element.size["height"] // 2)

    def tip(self):
        element = self.browser.find_element(By.ID, "tip")
        return element.text if element.is_displayed() else ""

    def picture(self, name):
        time.sleep(0.1)  # a frame
        self.browser.save_screenshot(str(pathlib.Path(self.options.pictures) / f"{name}.png"))

    def focus(self, canvas):
        self.browser.execute_script("document.getElementById(arguments[0]).focus()", canvas)
        return self.browser.switch_to.active_element

    def test_shows_the_comparison(self):
        self.open("small")
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, "#table tr")), 6)
        self.assertEqual(len(self.browser.find_elements(By.CSS_SELECTOR, "#curve [tabindex]")), 4)
        self.assertIn("--device-memory 60%,80%", self.browser.find_element(By.ID, "command").text)
        self.assertEqual(self.js("lanes.cells.length"), 5)
        self.picture("compare-top")
        self.browser.execute_script("document.getElementById('tensors').scrollIntoView({block: 'end'})")
        self.picture("compare-tensors")

    def test_hover_tells_tensor_bytes_and_reason(self):
        self.open("small")
        Select(self.browser.find_element(By.ID, "cell")).select_by_index(1)
        self.browser.find_element(By.CSS_SELECTOR, "input[value=op]").click()
        row = self.js("(() => { for (let r = 0; r < tensors.order.length; ++r) { const t = tensors.order[r];"
                      "if (tensors.line.first[t + 1] - tensors.line.first[t] > 2) return r; } })()")
        y = self.js(f"kRulerHeight + ({row} + 0.5) * tensors.rowHeight")
        x = self.js(f"tensors.surface.x(axis.ofStep(tensors.line, tensors.line.step[tensors.line.first[tensors.order[{row}]] + 1] + 0.5))")
        self.at("tensors", x, y).perform()
        tip = self.tip()
        self.assertIn(self.js(f"tensors.line.names.tensors[tensors.order[{row}]]"), tip)
        self.assertIn(self.js(f"formatBytes(tensors.line.names.bytes[tensors.order[{row}]])"), tip)
        self.assertRegex(tip, r"(on the device|on the host|contents dead).*: .*(op \d+ \(|began)")
        self.picture("hover")
        self.at("tensors", x, y).click().perform()
        self.assertEqual(self.js("tensors.chosen"), row)

    def test_hover_over_a_lane_tells_the_transfer(self):
        self.open("small")
        found = self.js("(() => { const r = lanes.rows.findIndex((row) => row.kind === 'lane' &&"
                        "lanes.cells[row.index].timeline.lanes[row.number].start.length > 0), row = lanes.rows[r];"
                        "const line = lanes.cells[row.index].timeline, lane = line.lanes[row.number];"
                        "return [lanes.surface.x(axis.ofTime(line, (lane.start[0] + lane.end[0]) / 2)), row.top + 9, row.name]; })()")
        self.at("lanes", found[0], found[1]).perform()
        self.assertIn(found[2], self.tip())
        self.assertRegex(self.tip(), r"iB in .*during op \d+")

    def test_click_chooses_the_training(self):
        self.open("small")
        top = self.js("lanes.rows.filter((row) => row.titleTop !== undefined)[2].titleTop")
        self.at("lanes", 300, top + 9).click().perform()
        self.assertEqual(self.js("data.cells.indexOf(chosen)"), 2)
        self.assertIn("lookahead", self.browser.find_element(By.ID, "tensors-title").text)
        self.assertIn("chosen", self.browser.find_elements(By.CSS_SELECTOR, "#table tr")[3].get_attribute("class"))

    def test_wheel_buttons_and_dragging_move_the_axis(self):
        self.open("small")
        whole = self.js("axis.seen")
        self.at("tensors", 800, 200).perform()
        origin = ScrollOrigin.from_element(self.browser.find_element(By.ID, "tensors"))
        ActionChains(self.browser).scroll_from_origin(origin, 0, -600).perform()
        self.assertLess(self.js("axis.seen"), 0.5 * whole)
        first = self.js("axis.first")
        self.at("tensors", 800, 200).click_and_hold().move_by_offset(-200, 0).release().perform()
        self.assertGreater(self.js("axis.first"), first)
        self.picture("zoomed")
        self.browser.find_element(By.ID, "reset").click()
        self.assertEqual(self.js("axis.seen"), whole)
        self.browser.find_element(By.ID, "zoom-in").click()
        self.assertLess(self.js("axis.seen"), whole)

    def test_the_axis_can_count_ops(self):
        self.open("small")
        self.browser.find_element(By.CSS_SELECTOR, "input[value=op]").click()
        self.assertEqual(self.js("axis.length"), self.js("Math.max(...lanes.cells.map((cell) => cell.timeline.steps))"))
        self.picture("ops")

    def test_keys_reach_everything(self):
        self.open("small")
        canvas = self.focus("tensors")
        canvas.send_keys(Keys.ARROW_DOWN)
        self.assertEqual(self.js("tensors.chosen"), 1)
        canvas.send_keys(Keys.SHIFT + Keys.ARROW_RIGHT)
        told = self.browser.find_element(By.ID, "said").get_attribute("textContent")
        self.assertIn(self.js("tensors.line.names.tensors[tensors.order[1]]"), told)
        self.assertEqual(self.tip().split(), told.split())
        self.picture("keys")
        whole = self.js("axis.seen")
        canvas.send_keys("+")
        self.assertLess(self.js("axis.seen"), whole)
        first = self.js("axis.first")
        canvas.send_keys(Keys.ARROW_RIGHT)
        self.assertGreater(self.js("axis.first"), first)
        canvas.send_keys("0")
        self.assertEqual(self.js("axis.seen"), whole)
        lanes = self.focus("lanes")
        lanes.send_keys(Keys.ARROW_DOWN)
        self.assertEqual(self.js("lanes.cursor.row"), 1)
        lanes.send_keys(Keys.ARROW_UP + Keys.SHIFT + Keys.ARROW_RIGHT)
        self.assertIn("op 1 (", self.tip())

    def test_order_and_find(self):
        self.open("small")
        Select(self.browser.find_element(By.ID, "order")).select_by_value("size")
        self.assertTrue(self.js("tensors.order.every((t, i, all) => i === 0 || data.schedules[0].bytes[all[i - 1]] >= data.schedules[0].bytes[t])"))
        self.browser.find_element(By.ID, "find").send_keys("conv1")
        self.assertTrue(self.js("tensors.order.length > 0 && tensors.order.every((t) => tensors.line.names.tensors[t].includes('conv1'))"))
        self.browser.find_element(By.ID, "find").send_keys("no such tensor")
        self.assertEqual(self.js("tensors.order.length"), 0)
        self.at("tensors", 600, 200).click().perform()

    def test_dark_and_narrow(self):
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        self.open("small")
        self.assertEqual(self.js("theme().back"), "#15181c")
        self.browser.execute_script("document.getElementById('timelines').scrollIntoView()")
        self.picture("dark")
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def test_a_training_without_a_recording_has_its_table(self):
        self.open("empty")
        self.assertFalse(self.browser.find_element(By.ID, "timelines").is_displayed())
        self.assertTrue(self.browser.find_element(By.ID, "table").is_displayed())

    def test_ten_thousand_tensors_open_fast(self):
        self.open("large")
        drawn = self.js("performance.getEntriesByName('drawn')[0].startTime")
        again = self.js("(() => { const begin = performance.now(); for (let i = 0; i < 20; ++i) drawAll();"
                        "return (performance.now() - begin) / 20; })()")
        print(f"10,000 tensors x 5,000 ops: first drawing after {drawn:.0f} ms, another in {again:.1f} ms")
        self.assertLess(drawn, FIRST_DRAWING_MS)
        self.assertLess(again, FIRST_DRAWING_MS / 10)
        self.browser.execute_script("document.getElementById('tensors').scrollIntoView({block: 'end'})")
        self.picture("large")
        slider = self.browser.find_element(By.ID, "height")
        slider.send_keys(Keys.END)
        self.at("tensors", 700, 300).perform()
        origin = ScrollOrigin.from_element(self.browser.find_element(By.ID, "tensors"))
        for _ in range(6):
            ActionChains(self.browser).scroll_from_origin(origin, 0, -800).perform()
        self.at("tensors", 700, 301).perform()
        self.assertIn(".activation", self.tip())
        self.picture("large-zoomed")


def main():
    parser = argparse.ArgumentParser()
    for name in ("octrain", "chromium", "chromedriver", "pictures"):
        parser.add_argument(f"--{name}", required=True)
    ReportPage.options, others = parser.parse_known_args()
    pathlib.Path(ReportPage.options.pictures).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        ReportPage.pages = make_pages(ReportPage.options.octrain, pathlib.Path(directory))
        for name, page in ReportPage.pages.items():
            print(f"{name}: {page.stat().st_size} bytes")
        unittest.main(argv=[sys.argv[0], *others], verbosity=2)


main()
