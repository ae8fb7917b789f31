"""Takes the pictures of the README from a running demo.

python scripts/pictures.py http://127.0.0.1:8000, with `make demo`: all but the one of the incident.
python scripts/pictures.py http://127.0.0.1:8000 incident, with `make demo INCIDENT=1`, eight
minutes after the page is there: the one of the incident, with its alerts.

pngquant, if it is there, makes them a third as large.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

DOCS = Path(__file__).resolve().parent.parent / "docs"
WIDE = {"viewport": {"width": 1280, "height": 900}}
# Name -> the query, and the reader's screen.
PICTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "light": ("", WIDE),
    "dark": ("", {**WIDE, "color_scheme": "dark"}),
    "phone": ("", {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}),
    "kiosk": ("?kiosk", {"viewport": {"width": 1920, "height": 1080}}),
}
INCIDENT: dict[str, tuple[str, dict[str, Any]]] = {"incident": ("?range=1h", WIDE)}
# Panels further down are loaded when a reader comes near them.
SETTLE_MS = 2_500


def take(address: str, pictures: dict[str, tuple[str, dict[str, Any]]]) -> None:
    """Take pictures and write them to docs/."""
    with sync_playwright() as playwright:
        # Chromium's sandbox does not work under root.
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, (query, screen) in pictures.items():
            page = browser.new_context(
                locale="en-GB", timezone_id="Europe/Oslo", reduced_motion="reduce", **screen
            ).new_page()
            page.goto(f"{address}/dashboard/vessels{query}")
            page.wait_for_selector("#chart canvas")
            if "kiosk" not in query:
                for part in ("#map", "#lists", ".foot", ".top"):
                    page.locator(part).scroll_into_view_if_needed()
                    page.wait_for_timeout(SETTLE_MS)
            page.wait_for_timeout(SETTLE_MS)
            file = DOCS / f"dashboard-{name}.png"
            page.screenshot(path=file, full_page="kiosk" not in query)
            if quantiser := shutil.which("pngquant"):
                subprocess.run([quantiser, "--force", "--ext", ".png", str(file)], check=True)
            print(file.relative_to(DOCS.parent), file.stat().st_size)
            page.context.close()
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"), INCIDENT if "incident" in sys.argv[2:] else PICTURES)
