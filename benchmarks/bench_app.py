"""The live page in Chromium: from a move of a slider to the repainted page, and to a fit."""

import argparse
import os
import statistics
import threading
import time
from pathlib import Path

from _timing import best
from cevns.app.engine import Engine

CHROMIUM = Path("/usr/bin/chromium")
EXPERIMENT = "experiment=coherent-csi-2021"
DRAWN = """([name, step]) => new Promise((done) => {
  const host = document.querySelector("#cevns-app"), shadow = host.shadowRoot;
  const slider = [...shadow.querySelectorAll("input[type=range]")]
    .find((one) => one.getAttribute("aria-label") === name);
  const began = performance.now();
  host.addEventListener("cevns-drawn", () => requestAnimationFrame(() => setTimeout(() =>
    done(performance.now() - began))), { once: true });
  slider.value = Number(slider.value) + step;
  slider.dispatchEvent(new Event("input"));
})"""
FITTED = """(fit) => new Promise((done) => {
  const host = document.querySelector("#cevns-app");
  const choice = host.shadowRoot.querySelector("#fit");
  const began = performance.now();
  host.addEventListener("cevns-drawn", () => done(performance.now() - began), { once: true });
  choice.value = fit;
  choice.dispatchEvent(new Event("change"));
})"""


def engine_alone(moves: int) -> None:
    """What one move costs without a browser."""
    engine = Engine()
    states = {
        "mass, distance": "mass={:.3f}kg",
        "pull, coupling": "eps_ee_u={:.4f}",
        "nuisance parameter": "qf.csi.0={:.4f}",
        "mediator mass": "g_zprime=4e-5&m_zprime={:.3f}MeV",
        "efficiency curve": "energy.coefficients.2={:.4f}",
    }
    for name, text in states.items():
        at = iter(range(1, 10_000))

        def move(text: str = text, at: object = at) -> None:
            query = f"{EXPERIMENT}&{text.format(1.0 + 0.01 * next(at))}"
            engine.evaluate(engine.state(query), answers=False)

        try:
            print(f"engine, {name}: {1e3 * best(move, moves):.1f} ms")
        except Exception as error:
            print(f"engine, {name}: {error}")
    for fit in ("count", "eps_ee_u"):
        state = engine.state(f"{EXPERIMENT}&fit={fit}")
        print(
            f"engine, fit of {fit}: {1e3 * best(lambda s=state: engine.evaluate(s), moves):.0f} ms"
        )


def in_browser(rounds: int) -> None:
    """25 moves over all sliders that keep the shapes, structural ones, and fits."""
    try:
        import uvicorn
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        print(f"in the browser: not measured, {error}")
        return
    if not CHROMIUM.is_file():
        print(f"in the browser: not measured, there is no {CHROMIUM}")
        return
    from cevns.app.server import HOST, application, free_port

    bound = free_port(HOST, 9400)
    config = uvicorn.Config(
        application(Engine()), log_level="critical", access_log=False, lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    threading.Thread(target=lambda: server.run(sockets=[bound]), daemon=True).start()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM))
        page = chromium.new_page(viewport={"width": 1360, "height": 900})
        began = time.perf_counter()
        page.goto(f"http://{HOST}:{bound.getsockname()[1]}/#{EXPERIMENT}")
        while not page.evaluate("document.querySelector('#cevns-app').page?.rests"):
            page.wait_for_timeout(5)
        print(f"first view: {time.perf_counter() - began:.2f} s")
        fields = page.evaluate("document.querySelector('#cevns-app').page.view.fields")
        plain = [f["name"] for f in fields if f["kind"] == "parameter"]
        plain = ["mass", "distance", "protons", "yield_per_flavour", "threshold", *plain]
        for name in [*plain[:5], "eps_ee_u", "m_zprime"]:  # what is tried out or built once
            page.evaluate(DRAWN, [name, 1])
        times = {"all that keeps the shapes": [], "mediator mass": [], "fit": []}
        for k in range(rounds):
            for number in range(25):
                name = plain[(k * 25 + number) % len(plain)]
                step = 1 if name == "threshold" else 7
                times["all that keeps the shapes"].append(page.evaluate(DRAWN, [name, step]))
            times["mediator mass"].append(page.evaluate(DRAWN, ["m_zprime", 5]))
            page.wait_for_timeout(400)
        page.evaluate(
            "document.querySelector('#cevns-app').shadowRoot.querySelector('#reset').click()"
        )
        page.wait_for_timeout(1500)
        for fit in ("count", "eps_ee_u", "count", "sin2-theta-w", "count") * min(rounds, 3):
            times["fit"].append(page.evaluate(FITTED, fit))
        chromium.close()
    server.should_exit = True
    load = os.getloadavg()[0]
    for name, found in times.items():
        high = sorted(found)[int(0.9 * (len(found) - 1))]
        print(
            f"in the browser, {name}: median {statistics.median(found):.0f} ms, "
            f"9 of 10 below {high:.0f} ms (load {load:.1f} on {os.cpu_count()} cores)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once, for a smoke test")
    quick = parser.parse_args().quick
    engine_alone(1 if quick else 15)
    in_browser(1 if quick else 4)


if __name__ == "__main__":
    main()
