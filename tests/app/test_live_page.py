"""The live page in a real browser: it asks nobody else, is quick to follow, and can be read."""

from __future__ import annotations

import json
import re
import urllib.request
from itertools import combinations, pairwise

import pytest

CSI = "experiment=coherent-csi-2021"
SIZES = [(1360, 900), (420, 860)]
SET = """(() => { const box = [...shadow.querySelectorAll("input[type=range]")]
    .find((r) => r.getAttribute("aria-label") === given[0]);
    box.value = Number(box.value) + given[1];
    box.dispatchEvent(new Event("input")); return box.value; })()"""


def test_nothing_is_asked_of_another_host_and_nothing_goes_wrong(opened, address):
    page = opened()
    record = page.settled()
    assert record["counts"]["observed"] == 1578
    assert all(url.startswith(f"{address}/") for url in page.requests)
    assert {url.removeprefix(address).partition("?")[0] for url in page.requests} == {
        "/",
        "/page.mjs",
        "/icon.svg",
        "/view",
    }
    assert page.said == []
    assert sum(page.sizes) < 100_000
    assert "coherent-csi-2021" in page.tab.title()


def test_a_link_reproduces_the_view_byte_for_byte(opened, address):
    first = opened(f"{CSI}&mass=20kg")
    first.settled()
    first.run(SET, "eps_ee_u", 40)
    first.run(SET, "qf.csi.0", -100)
    first.settled()
    link = first.tab.url
    assert "eps_ee_u=" in link
    second = opened(link.partition("#")[2])
    second.settled()
    assert second.tab.url == link
    shown = [json.dumps(p.run("page.view")) for p in (first, second)]
    assert shown[0] == shown[1]
    query = link.partition("#")[2]
    answers = {urllib.request.urlopen(f"{address}/view?{query}").read() for _ in range(2)}
    assert len(answers) == 1
    assert json.loads(answers.pop())["counts"] == first.run("page.view")["counts"]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (f"{CSI}&mass=3m", "mass: 'm' is a unit of length"),
        ("experiment=none", "experiment: unknown experiment 'none'"),
        (f"{CSI}&colour=red", "colour: unknown slider 'colour'"),
    ],
)
def test_a_bad_link_says_what_is_wrong_and_shows_what_is_declared(opened, state, said):
    page = opened(state)
    record = page.settled()
    assert said in page.run('shadow.querySelector("#bad").textContent')
    assert page.run('shadow.querySelector("#bad").checkVisibility()')
    assert record["settings"] == {}


def test_one_move_is_one_update_after_a_fit_too(opened):
    page = opened(f"{CSI}&fit=count")
    page.settled()
    before = page.run("page.view")["counts"]["expected"]
    page.run(SET, "mass", 30)
    record = page.settled()
    assert record["counts"]["expected"] > before
    assert record["fit"]["poi"]["value"] == pytest.approx(
        record["counts"]["components"][0]["expected"]
    )
    texts = page.run('shadow.querySelector(".page").innerText')
    assert "fit to expected counts (Asimov)" in texts
    assert "no data of this experiment" in texts
    assert page.run('shadow.querySelectorAll(".panels circle").length') == 0
    assert "1578" in page.run('shadow.querySelector(".counts").innerText')
    assert record["settings"]["mass"] > 14.6


def test_moves_meanwhile_collapse_into_the_last(opened):
    page = opened()
    page.settled()
    asked = len(page.requests)
    page.run(f"(() => {{ for (let i = 0; i < 40; i++) {{ {SET}; }} }})()", "eps_ee_u", 2)
    record = page.settled()
    assert len(page.requests) - asked < 8
    tick = page.run(SET, "eps_ee_u", 0)
    assert record["settings"]["eps_ee_u"] == pytest.approx(-1 + 2 * int(tick) / 1000, abs=1e-3)


def test_two_pages_at_once_get_their_own_answers(opened):
    first, second = opened(), opened(f"{CSI}&mass=29.2kg")
    for page in (first, second):
        page.settled()
    for k in range(50):
        first.run(SET, "eps_ee_u", 3 if k % 2 else -2)
        second.run(SET, "eps_mumu_u", -3 if k % 2 else 2)
    one, other = first.settled(), second.settled()
    assert set(one["settings"]) == {"eps_ee_u"}
    assert set(other["settings"]) == {"mass", "eps_mumu_u"}
    assert first.tab.url.partition("#")[2] == one["state"]
    assert second.tab.url.partition("#")[2] == other["state"]
    assert first.said == second.said == []


def test_numbers_are_written_stepped_and_reset(opened):
    page = opened()
    page.settled()
    box = page.tab.get_by_role("textbox", name="mass", exact=True)
    box.fill("20")
    box.press("Enter")
    assert page.settled()["settings"] == {"mass": 20}
    box.press("ArrowUp")
    assert page.settled()["settings"]["mass"] > 20
    slider = page.tab.get_by_role("slider", name="mass", exact=True)
    slider.dblclick()
    assert page.settled()["settings"] == {}
    slider.focus()
    slider.press("ArrowRight")
    assert page.settled()["settings"]["mass"] > 14.6
    box.fill("many")
    box.press("Enter")
    page.settled()
    assert "mass: 'many' is not a number" in page.run('shadow.querySelector("#bad").textContent')
    assert box.get_attribute("aria-invalid") == "true"
    box.fill("15")
    box.press("Enter")
    assert page.settled()["settings"] == {"mass": 15}
    assert not page.run('shadow.querySelector("#bad").checkVisibility()')


def test_without_data_the_page_says_so(opened):
    page = opened("experiment=conus-plus-2025")
    page.settled()
    assert "no data" in page.run('shadow.querySelector(".numbers").textContent')
    page.tab.get_by_role("button", name="c3-off").click()
    assert page.run('shadow.querySelector("[data-on=c3]").getAttribute("aria-pressed")') == "true"


def test_cells_are_counted_per_cell(opened):
    page = opened("experiment=xenonnt-2024")
    page.settled()
    texts = page.run('[...shadow.querySelectorAll(".panels text")].map((t) => t.textContent)')
    assert {"template cell", "counts per cell"} <= set(texts)
    assert "counts per unit" not in texts


TEXT = 'shadow.querySelector(".page").innerText'
VALUES = """[...shadow.querySelectorAll(".number")].map((n) => {
    const box = n.getBoundingClientRect(), range = document.createRange();
    range.selectNodeContents(n.querySelector(".value"));
    return [box.right, range.getBoundingClientRect().right]; })"""
FILLS = """[...shadow.querySelectorAll(".counts .swatch rect")].map((r) =>
    getComputedStyle(r).fill.match(/[\\d.]+/g).map(Number))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1360, 390])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("coherent-ge-2026", ["1.000\ntimes the Standard Model", "−2 ln L\n0\n1 bin"]),
        ("pandax4t-2024", ["5.250·10⁶\ncm⁻² s⁻¹", "in 10⁶ cm⁻² s⁻¹"]),
    ],
)
def test_large_numbers_stay_in_their_columns(opened, name, said, width, scheme):
    size = {"width": width, "height": 900}
    page = opened(f"experiment={name}", viewport=size, color_scheme=scheme)
    page.settled()
    text = page.run(TEXT)
    assert all(part in text for part in said), text
    assert all(right <= column + 0.5 for column, right in page.run(VALUES))
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ten_components_have_ten_colours(opened, scheme):
    page = opened("experiment=xenonnt-2026", color_scheme=scheme)
    page.settled()
    fills = page.run(FILLS)
    assert len(fills) == 10
    apart = {
        (a, b): sum((x - y) ** 2 for x, y in zip(fills[a], fills[b], strict=True)) ** 0.5
        for a, b in combinations(range(10), 2)
    }
    assert min(apart.values()) > 40, min(apart, key=apart.get)
    # the figure of another channel has the colours of the table
    page.tab.get_by_role("button", name="sr2").click()
    drawn = page.run(
        '[...shadow.querySelectorAll(".panels path[fill]")].map((p) => getComputedStyle(p).fill)'
    )
    table = page.run(
        '[...shadow.querySelectorAll(".counts tbody tr")].filter((r) => /SR2|CEvNS/.test(r.'
        'textContent)).map((r) => getComputedStyle(r.querySelector("rect")).fill)'
    )
    assert set(drawn) == set(table)
    assert len(table) == 4


def test_sliders_are_in_words_with_their_prior(opened):
    page = opened(f"{CSI}&g_zprime=1.26e-6&fit=cross-section")
    page.settled()
    boxes = page.tab.get_by_role("textbox", name="first eigen-variation of the CsI", exact=False)
    unit = boxes.evaluate('(box) => box.parentElement.querySelector(".unit").textContent')
    assert unit == "σ"
    text = page.run(TEXT)
    assert "qf.csi.0 · standard deviations of its constraint; prior 0 ± 1" in text
    assert "t0 · prior 0.474 ± 0.025 µs" in text
    assert "observed 1578\n" in text
    assert "99 bins" in text
    assert page.tab.get_by_role("textbox", name="gZ′").input_value() == "1.26e-6"
    assert (
        page.tab.get_by_label("New physics").evaluate(
            "(s) => s.options[s.selectedIndex].textContent"
        )
        == "NSI + light vector"
    )
    page.tab.get_by_role("button", name="reset g_zprime").click()
    page.settled()
    rows = page.run('shadow.querySelector(".result").innerText')
    assert "steady-state background" in rows
    assert "ssb" not in rows


def test_channels_have_their_counts(opened):
    page = opened("experiment=conus-plus-2025")
    page.settled()
    text = page.run(TEXT)
    assert "All expected, sum of 6 channels" in text
    assert "without a constraint background of C2" in text
    rows = page.run(
        '[...shadow.querySelectorAll(".channels tbody tr")].map((r) => r.innerText.split("\\t"))'
    )
    assert [r[0] for r in rows] == ["c2-on", "c2-off", "c3-on", "c3-off", "c5-on", "c5-off"]
    assert [r[1] == "0" for r in rows] == [False, True] * 3


def test_another_experiment_and_other_physics_are_chosen(opened):
    page = opened()
    page.settled()
    page.tab.get_by_label("Experiment", exact=True).first.select_option("nucleus-10g")
    assert page.settled()["experiment"]["name"] == "nucleus-10g"
    page.tab.get_by_label("New physics").select_option("nsi+light-scalar")
    record = page.settled()
    assert "g_scalar" in {f["name"] for f in record["fields"]}
    assert "models=nsi+light-scalar" in page.tab.url


@pytest.mark.slow
def test_the_view_is_saved_as_a_report(opened, tmp_path):
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    page = opened(f"{CSI}&mass=20kg&fit=cross-section")
    page.settled()
    with page.tab.expect_download(timeout=60_000) as saved:
        page.tab.get_by_role("button", name="Save report").click()
    assert saved.value.suggested_filename == "coherent-csi-2021.html"
    saved.value.save_as(tmp_path / "report.html")
    assert "cevns report coherent-csi-2021" in (tmp_path / "report.html").read_text("utf-8")
    assert page.said == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fits_the_screen_and_its_texts_can_be_read(opened, scheme, width, height):
    size = {"width": width, "height": height}
    state = f"{CSI}&mass=20kg&threshold=8PE&fit=eps_ee_u"
    page = opened(state, viewport=size, color_scheme=scheme)
    page.settled()
    page.run('shadow.querySelectorAll("details").forEach((d) => (d.open = true))')
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width
    # the answer and the figure stand above the sliders
    places = page.run(
        '[".numbers", ".panels svg", ".sliders"].map((s) => '
        "shadow.querySelector(s).getBoundingClientRect().top)"
    )
    if width < 900:
        assert all(a < b for a, b in pairwise(places))
    assert places[0] < height / 4
    poor = page.run(CONTRAST)
    assert poor == [], poor


def test_the_keyboard_reaches_everything(opened):
    page = opened()
    page.settled()
    page.run('shadow.querySelectorAll("details").forEach((d) => (d.open = true))')
    wanted = page.run(
        '[...shadow.querySelectorAll("button, select, input, summary, pre")]'
        ".filter((e) => e.checkVisibility({visibilityProperty: true}) && !e.disabled).length"
    )
    seen = set()
    for _ in range(wanted + 20):
        page.tab.keyboard.press("Tab")
        place = page.run(
            '[...shadow.querySelectorAll("button, select, input, summary, pre")]'
            ".indexOf(shadow.activeElement)"
        )
        if place >= 0:
            seen.add(place)
    assert len(seen) == wanted


def test_every_control_has_a_name(opened):
    page = opened()
    page.settled()
    page.run('shadow.querySelectorAll("details").forEach((d) => (d.open = true))')
    roles = ["slider", "textbox", "combobox", "button"]
    for role in roles:
        found = page.tab.get_by_role(role)
        named = page.tab.get_by_role(role, name=re.compile(r"\S"))
        assert found.count() == named.count() > 0, role


CONTRAST = """(() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number);
    return c.startsWith("color(srgb") ? [...m.slice(0, 3).map((v) => 255 * v), m[3] ?? 1]
      : [m[0], m[1], m[2], m[3] ?? 1]; };
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map((v) => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement ?? e.getRootNode().host) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; }
    return [255, 255, 255, 1]; };
  const poor = [];
  const walk = document.createTreeWalker(shadow, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility({visibilityProperty: true})) continue;
    if (e.closest("style, .sr, title, option")) continue;
    const style = getComputedStyle(e);
    const ink = parse(e.closest("svg") ? style.fill : style.color), ground = behind(e);
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push([walk.currentNode.data.trim().slice(0, 30), ratio]);
  }
  for (const box of shadow.querySelectorAll("input[type=text], select")) {
    const style = getComputedStyle(box);
    const [a, b] = [light(parse(style.color)), light(behind(box))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push([box.id, a, b]);
  }
  return poor; })()"""
