// The live page of cevns: draws the view of a state and moves its sliders.
// It computes no physics; every number comes through `transport`, which is fetch on a page of its
// own and the comm of the kernel in a notebook. No third-party code.

const CSS = `
:host, .root { --bg:#fbfbfa; --card:#ffffff; --ink:#1c2026; --muted:#565e6b; --line:#dcdee3;
  --track:#c3c7cf; --accent:#2f5fb3; --on-accent:#ffffff; --bad:#b3202d; --bad-bg:#fdf0f0;
  --grid:#ecedf0; --halo:#ffffff; --signal:#5c8fe0; --steady:#d3d3d8; --b0:#f89c20; --b1:#964a8b;
  --b2:#e9d58f; --b3:#e42536; --b4:#a9c7ea; --b5:#3f7d4e; --b6:#7a4b2a; --b7:#6fd0bf; --b8:#5b6270; --fit:#9a1f3c;
  color-scheme: light dark; display:block; color:var(--ink); background:var(--bg);
  font:15px/1.45 "Inter","Helvetica Neue",system-ui,-apple-system,"Segoe UI",sans-serif;
  font-variant-numeric:tabular-nums; -webkit-text-size-adjust:100%; }
@media (prefers-color-scheme: dark) { :host, .root { --bg:#14171b; --card:#1b1f25; --ink:#e9ebee;
  --muted:#a6aebb; --line:#323842; --track:#4a515d; --accent:#8db1f4; --on-accent:#10141a;
  --bad:#ff9a9f; --bad-bg:#33191c; --grid:#272c34; --halo:#14171b; --signal:#4a7bd0;
  --steady:#434a55; --b0:#c77d12; --b1:#a0559a; --b2:#8a7f3a; --b3:#b0242f; --b4:#5f86ad; --b5:#3f8f57; --b6:#d9a98a;
  --b7:#55b7ac; --b8:#a3abba;
  --fit:#ff9db3; } }
* { box-sizing:border-box; }
.page { max-width:1440px; margin:0 auto; padding:14px 20px 40px; }
header { display:flex; flex-wrap:wrap; gap:8px 14px; align-items:center; margin-bottom:12px; }
h1 { font-size:19px; line-height:1.25; margin:0; font-weight:650; letter-spacing:-.01em; }
h2 { font-size:13px; margin:0 0 8px; font-weight:650; }
.sub { color:var(--muted); font-size:13px; }
.title { flex:1 1 320px; min-width:0; }
.tools, .pair, .pair select { min-width:0; } .pair { display:flex; gap:6px; align-items:center; }
.tools label { white-space:nowrap; font-size:13px; color:var(--muted); }
.tools { display:flex; flex-wrap:wrap; gap:8px; align-items:center; }
button, select, input[type=text] { font:inherit; color:inherit; background:var(--card);
  border:1px solid var(--line); border-radius:7px; }
button { padding:5px 11px; cursor:pointer; font-size:13.5px; }
button:hover { border-color:var(--accent); }
button[aria-pressed=true] { background:var(--accent); color:var(--on-accent);
  border-color:var(--accent); }
select { padding:5px 8px; max-width:100%; font-size:14px; }
:focus-visible { outline:2px solid var(--accent); outline-offset:2px; }
.grid { display:grid; grid-template-columns:minmax(0,1fr) minmax(0,392px); gap:14px 18px;
  grid-template-areas:"top side" "figure side" "rest side"; grid-template-rows:auto auto 1fr;
  align-items:start; }
.top { grid-area:top; } .figure { grid-area:figure; } .rest { grid-area:rest; }
.sliders { grid-area:side; position:sticky; top:14px; max-height:calc(100vh - 28px);
  overflow-y:auto; scrollbar-width:thin; border-radius:11px; }
.card { background:var(--card); border:1px solid var(--line); border-radius:11px; padding:13px 15px;
  min-width:0; }
.stack { display:grid; gap:14px; grid-template-columns:minmax(0,1fr); }
.numbers { display:grid; grid-template-columns:repeat(auto-fit,minmax(140px,1fr)); gap:4px 18px; }
.number .what { color:var(--muted); font-size:12.5px; }
.number .value { color:var(--ink); font-size:25px; line-height:1.2; font-weight:600; letter-spacing:-.02em;
  white-space:nowrap; }
.number .of { display:block; font-size:12.5px; font-weight:500; letter-spacing:0; white-space:normal;
  line-height:1.3; }
.number .beside { color:var(--muted); font-size:12.5px; min-height:1.45em; }
.old, .old .value { color:var(--muted); }
.panels { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));
  gap:10px 16px; }
.bar { display:flex; flex-wrap:wrap; gap:6px; margin-bottom:6px; align-items:center; }
.bar .sub { margin-right:2px; }
.bar button { padding:3px 9px; font-size:13px; }
svg { display:block; width:100%; height:auto; overflow:visible; }
svg text { fill:var(--ink); font-size:12px; }
svg .axis { stroke:var(--muted); } svg .gridline { stroke:var(--grid); }
svg .edge { fill:none; stroke:var(--ink); stroke-width:1.1; }
svg .declared { fill:none; stroke:var(--ink); stroke-width:1.2; stroke-dasharray:2 3; }
svg .fitted { fill:none; stroke:var(--halo); stroke-width:4; }
svg .fitted.top { stroke:var(--fit); stroke-width:2; }
svg .halo { stroke:var(--halo); stroke-width:4.5; fill:var(--halo); }
svg .point { stroke:var(--ink); stroke-width:1.5; fill:var(--ink); }
svg .out { fill:var(--card); opacity:.78; } svg .cut { stroke:var(--accent); stroke-width:1.5; }
table { border-collapse:collapse; width:100%; font-size:13.5px; }
th { text-align:right; font-weight:500; color:var(--muted); font-size:12.5px; padding:2px 0 4px 12px; }
td { text-align:right; padding:3px 0 3px 12px; border-top:1px solid var(--grid); white-space:nowrap; }
th:first-child, td:first-child { text-align:left; padding-left:0; white-space:normal; }
table.channels { margin-top:10px; } code { font:12px ui-monospace,"SF Mono",Menlo,Consolas,monospace; }
tr.sum td { border-top:1px solid var(--line); font-weight:600; }
.swatch { display:inline-block; width:11px; height:11px; border-radius:2.5px; margin-right:8px;
  vertical-align:-1px; border:1px solid color-mix(in srgb, var(--ink) 35%, transparent); }
.tables { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr)); gap:14px;
  align-items:start; }
.group > summary, .more > summary { cursor:pointer; font-weight:650; font-size:13.5px;
  padding:2px 0; }
.more { margin-top:8px; } .more > summary { font-weight:500; color:var(--muted); font-size:13px; }
.moves { font-weight:500; color:var(--accent); font-size:12.5px; margin-left:8px; }
.field { padding:7px 0 3px; }
.field .row { display:flex; align-items:baseline; gap:2px 6px; flex-wrap:wrap; justify-content:end; }
.field.long label { flex:1 1 100%; }
.field label { flex:1; min-width:0; font-size:13.5px; overflow-wrap:anywhere; }
.field.moved label { color:var(--accent); font-weight:600; }
.field input[type=text] { width:104px; padding:2px 6px; text-align:right; font-size:13.5px; }
.field input[aria-invalid=true] { border-color:var(--bad); outline-color:var(--bad); }
.field .unit { color:var(--muted); font-size:12.5px; min-width:30px; max-width:74px; }
.field .note { color:var(--muted); font-size:12px; line-height:1.3; margin-top:-2px; }
.field sub, .field sup { line-height:0; }
.field .reset { padding:0 6px; border-color:transparent; background:none; color:var(--muted); }
.field .reset:disabled { visibility:hidden; }
input[type=range] { -webkit-appearance:none; appearance:none; width:100%; height:22px; margin:0;
  background:none; cursor:pointer; }
input[type=range]::-webkit-slider-runnable-track { height:4px; border-radius:2px;
  background:var(--track); }
input[type=range]::-moz-range-track { height:4px; border-radius:2px; background:var(--track); }
input[type=range]::-webkit-slider-thumb { -webkit-appearance:none; width:17px; height:17px;
  margin-top:-6.5px; border-radius:50%; background:var(--accent); border:2px solid var(--card); }
input[type=range]::-moz-range-thumb { width:14px; height:14px; border-radius:50%;
  background:var(--accent); border:2px solid var(--card); }
.bad { color:var(--bad); background:var(--bad-bg); border:1px solid var(--bad); border-radius:9px;
  padding:9px 13px; overflow-wrap:anywhere; }
.notes { color:var(--muted); font-size:13px; margin:0; padding-left:18px; overflow-wrap:anywhere; }
pre { margin:8px 0 0; padding:10px 12px; background:var(--bg); border:1px solid var(--line);
  border-radius:8px; overflow-x:auto; font:12.5px/1.5 ui-monospace,"SF Mono",Menlo,Consolas,monospace; }
.notes:empty { display:none; }
.head { display:flex; justify-content:space-between; align-items:center; gap:10px; }
.hidden { display:none; }
.sr { position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%); }
@media (max-width: 940px) {
  .page { padding:10px 12px 30px; }
  .grid { grid-template-columns:minmax(0,1fr); gap:12px; grid-template-rows:none;
    grid-template-areas:"top" "figure" "side" "rest"; }
  .sliders { position:static; max-height:none; overflow:visible; }
  header { gap:6px 10px; margin-bottom:8px; } .tools { flex:1 1 100%; max-width:100%; }
  .tools select { flex:1 1 42%; min-width:0; } .card { padding:10px 12px; }
  .numbers { grid-template-columns:repeat(2,minmax(0,1fr)); }
  .number .value { font-size:21px; }
  .top { position:sticky; top:0; z-index:2; box-shadow:0 4px 12px rgb(0 0 0 / .10); }
  .field input[type=text] { font-size:16px; width:112px; }
  input[type=range] { height:32px; } h1 { font-size:17px; }
}
`;

const QUIET_MS = 120;
const wide = globalThis.matchMedia?.("(min-width: 941px)") ?? { matches: true };
const GROUPS = [
  ["experiment", "Experiment", true],
  ["couplings", "Couplings", true],
  ["nuisances", "Nuisance parameters", true],
  ["detector", "Detector", false],
];
const RARE = /^eps_(emu|etau|mutau)|_im$/;

// -- words ------------------------------------------------------------------------------------

const esc = (s) => String(s).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function symbol(name) {
  const flavour = (s) => s.replaceAll("mu", "μ").replaceAll("tau", "τ");
  const eps = /^eps_([a-z]+)_([ud])(_im)?$/.exec(name);
  if (eps) return `${eps[3] ? "Im " : ""}ε<sub>${flavour(eps[1])}</sub><sup>${eps[2]}</sup>`;
  const known = { sin2_theta_w: "sin²θ<sub>W</sub>", g_zprime: "g<sub>Z′</sub>",
    m_zprime: "M<sub>Z′</sub>", g_scalar: "g<sub>φ</sub>", m_scalar: "M<sub>φ</sub>",
    t0: "t<sub>0</sub>" };
  return known[name] ?? esc(name.replaceAll("_", " "));
}

const same = (text) => text.replace(/[^A-Za-z0-9]+/g, " ");
const words = (text) => esc(text).replace(/\bnu_(mu|tau|e)\b/g, (_, f) =>
  `ν<sub>${f.replace("mu", "μ").replace("tau", "τ")}</sub>`).replace("G_F", "G<sub>F</sub>");

function shown(x, digits = 4) {
  if (x === null || x === undefined) return "–";
  if (x === 0) return "0";
  const a = Math.abs(x);
  if (a !== 0 && (a >= 1e6 || a < 1e-3)) {
    const [m, e] = x.toExponential(digits - 1).split("e");
    const up = [...String(Number(e))].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("");
    return `${Number(m)}·10${up}`.replace("-", "−");
  }
  const places = a >= 1000 ? 0 : Math.max(0, digits - 1 - Math.floor(Math.log10(a || 1)));
  return x.toFixed(Math.min(places, 6)).replace("-", "−");
}

const count = (x) => (Number.isInteger(x) ? String(x).replace("-", "−") : shown(x));
const zeroed = (x) => (x !== null && Math.abs(x) < 1e-9 ? 0 : x);  // what is left of rounding

function written(x) {
  const a = Math.abs(x), short = Number(x.toPrecision(7));
  return a !== 0 && (a < 1e-3 || a >= 1e6) ? short.toExponential().replace("e+", "e") : String(short);
}

const raised = (n) => [...String(n)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("");

// `1e6 /cm2/s` is ·10⁶ and cm⁻² s⁻¹
function unitParts(unit) {
  const [, , power, rest] = /^(1e(-?\d+))?\s*(.*)$/.exec(unit);
  const inverse = (part) => {
    const [, name, n] = /^(.*?)(\d*)$/.exec(part);
    return name + raised(-Number(n || 1));
  };
  const text = rest.startsWith("/") ? rest.slice(1).split("/").map(inverse).join(" ") : rest;
  return { factor: power ? `·10${raised(power)}` : "",
    text: text.replace(/^us(?![a-z])/, "µs").replace(/\bcm2\b/, "cm²") };
}

function withError(value, error) {
  if (!error) return shown(value);
  const scale = Math.max(Math.abs(value), error);
  const power = scale >= 1e6 || scale < 1e-3 ? Math.floor(Math.log10(scale)) : 0;
  const f = 10 ** power;
  const places = Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(error / f))));
  const body = `${(value / f).toFixed(places)} ± ${(error / f).toFixed(places)}`.replace("-", "−");
  if (!power) return body;
  const up = [...String(power)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("");
  return `(${body})·10${up}`;
}

// -- sliders ----------------------------------------------------------------------------------

const TICKS = 1000;

function toTick(field, value) {
  if (field.stops.length) {
    const d = field.stops.map((s) => Math.abs(s - value));
    return d.indexOf(Math.min(...d));
  }
  const first = field.zero ? 20 : 0;
  if (field.zero && value <= 0) return 0;
  const part = field.log
    ? Math.log(value / field.low) / Math.log(field.high / field.low)
    : (value - field.low) / (field.high - field.low);
  return Math.round(first + Math.min(1, Math.max(0, part)) * (TICKS - first));
}

function fromTick(field, tick) {
  if (field.stops.length) return field.stops[tick];
  const first = field.zero ? 20 : 0;
  if (field.zero && tick < first / 2) return 0;
  const part = Math.max(0, tick - first) / (TICKS - first);
  const raw = field.log
    ? field.low * (field.high / field.low) ** part
    : field.low + part * (field.high - field.low);
  if (tick === toTick(field, field.value)) return field.value;
  return Number(raw.toPrecision(field.log ? 3 : 4));
}

// -- the figure -------------------------------------------------------------------------------

const RIGHT = 12, TOP = 12, BOTTOM = 44, NARROWEST = 330;
const tickText = (t) => shown(t, 3).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
const unitText = (u) => { const { factor, text } = unitParts(u); return esc(`${factor} ${text}`.trim()); };
// what a slider is called: couplings by their symbol, all else in words
const inWords = (f) => f.kind === "file" || f.group === "nuisances";
const label = (f) => (inWords(f) ? words(f.title) : symbol(f.name));
const MODEL = { nsi: "NSI" };
const modelText = (m) => m.split("+").map((p) => MODEL[p] ?? p.replaceAll("-", " ")).join(" + ") || "none";

function ticks(low, high, count) {
  const raw = (high - low) / count, size = 10 ** Math.floor(Math.log10(raw));
  const step = size * [1, 2, 2.5, 5, 10].find((m) => m * size >= raw * 0.999);
  const found = [];
  for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + 1e-9 * step; t += step) {
    found.push(Math.abs(t) < 1e-12 * step ? 0 : t);
  }
  return found;
}

const ORDER = { steady: 0, background: 1, further: 2, signal: 3 };

function colours(components) {
  let other = 0;
  return Object.fromEntries(components.map((c) => [c.name, c.kind === "signal" ? "var(--signal)"
    : c.kind === "steady" ? "var(--steady)" : `var(--b${other++ % 9})`]));
}

function panel(axis, channel, fill, ghost, subtract, threshold, range, WIDE) {
  const HIGH = Math.round(Math.min(350, Math.max(225, 0.6 * WIDE)));
  const edges = axis.edges, n = edges.length - 1;
  const width = edges.slice(1).map((e, i) => (axis.name === "cell" ? 1 : e - edges[i]));
  const names = [...channel.components].sort((a, b) => ORDER[a.kind] - ORDER[b.kind]);
  const isSignal = (c) => c.kind === "signal" || c.kind === "further";
  const stacked = subtract ? names.filter(isSignal) : names;
  const background = Array(n).fill(0), level = Array(n).fill(0), layers = [];
  for (const c of names) {
    if (!isSignal(c)) axis.expected[c.name].forEach((v, i) => (background[i] += v));
  }
  const base = subtract ? background : Array(n).fill(0);
  for (const c of stacked) {
    const low = level.map((v, i) => v / width[i]);
    axis.expected[c.name].forEach((v, i) => (level[i] += v));
    layers.push({ name: c.name, title: c.title, low, high: level.map((v, i) => v / width[i]) });
  }
  const line = (values) => values && values.map((v, i) => (v - base[i]) / width[i]);
  const declared = line(ghost && ghost.length === n
    ? ghost.map((v, i) => (subtract ? v.signal + background[i] : v.total)) : null);
  const fitted = line(axis.fit);
  const total = level.map((v, i) => v / width[i]);
  const data = axis.data && {
    y: line(axis.data.values), low: line(axis.data.low), high: line(axis.data.high) };
  let top = Math.max(1e-12, ...total, ...(data ? data.high : []));
  let bottom = Math.min(0, ...total, ...(data ? data.low : []));
  // a range that follows every move hides the move: it stays until it is left
  const known = range.now;
  if (known && top <= known.top && top > 0.4 * known.top && bottom >= known.bottom
      && (known.bottom === 0 || bottom < 0.3 * known.bottom)) {
    ({ top, bottom } = known);
  } else {
    top *= 1.18;
    bottom *= 1.18;
    range.now = { top, bottom };
  }
  const marks = ticks(bottom, top, 4);
  const LEFT = 28 + 7 * Math.max(...marks.map((t) => tickText(t).length));
  const x0 = edges[0], x1 = edges[n];
  const X = (x) => LEFT + ((x - x0) / (x1 - x0)) * (WIDE - LEFT - RIGHT);
  const Y = (y) => TOP + (1 - (y - bottom) / (top - bottom)) * (HIGH - TOP - BOTTOM);
  const p = (x, y) => `${x.toFixed(1)},${y.toFixed(1)}`;
  const steps = (ys) => ys.map((y, i) => `L${p(X(edges[i]), Y(y))}L${p(X(edges[i + 1]), Y(y))}`).join("");
  const outline = (ys) => `M${steps(ys).slice(1)}`;
  const out = [];
  const zero = Math.min(Math.max(Y(0), TOP), HIGH - BOTTOM);
  for (const t of marks) {
    out.push(`<line class="gridline" x1="${LEFT}" x2="${WIDE - RIGHT}" y1="${Y(t)}" y2="${Y(t)}"/>`,
      `<text x="${LEFT - 7}" y="${Y(t) + 4}" text-anchor="end">${tickText(t)}</text>`);
  }
  for (const l of layers) {
    const back = l.low.map((y, i) => `L${p(X(edges[i + 1]), Y(y))}L${p(X(edges[i]), Y(y))}`).reverse().join("");
    out.push(`<path d="${outline(l.high)}${back}Z" fill="${fill[l.name]}"><title>${esc(l.title)}</title></path>`);
  }
  out.push(`<path class="edge" d="M${p(X(x0), zero)}${steps(total)}L${p(X(x1), zero)}"/>`);
  if (declared) out.push(`<path class="declared" d="${outline(declared)}"><title>as declared</title></path>`);
  if (fitted) out.push(`<path class="fitted" d="${outline(fitted)}"/>`,
    `<path class="fitted top" d="${outline(fitted)}"><title>best fit</title></path>`);
  if (data) {
    const points = data.y.map((y, i) => {
      const x = X((edges[i] + edges[i + 1]) / 2);
      const a = Math.max(TOP, Math.min(Y(data.high[i]), HIGH - BOTTOM));
      const b = Math.max(TOP, Math.min(Y(data.low[i]), HIGH - BOTTOM));
      return [x, Y(y), a, b, n > 60 ? 1.6 : 2.6];
    });
    const draw = (k, more) => points.map(([x, y, a, b, r]) =>
      `<line class="${k}" x1="${x}" x2="${x}" y1="${a}" y2="${b}"/><circle class="${k}" cx="${x}" cy="${y}" r="${r + more}"/>`).join("");
    out.push(draw("halo", 0.6), draw("point", -0.4));
  }
  if (threshold !== null && axis.name === "energy" && threshold > x0) {
    out.push(`<rect class="out" x="${LEFT}" y="${TOP}" width="${X(threshold) - LEFT}" height="${HIGH - TOP - BOTTOM}"/>`,
      `<line class="cut" x1="${X(threshold)}" x2="${X(threshold)}" y1="${TOP}" y2="${HIGH - BOTTOM}"/>`);
  }
  out.push(`<line class="axis" x1="${LEFT}" x2="${WIDE - RIGHT}" y1="${zero}" y2="${zero}"/>`);
  for (const t of axis.name === "cell" && n < 8 ? edges.slice(1).map((_, i) => i + 1) : ticks(x0, x1, WIDE < 400 ? 5 : 7)) {
    out.push(`<line class="axis" x1="${X(t)}" x2="${X(t)}" y1="${HIGH - BOTTOM}" y2="${HIGH - BOTTOM + 5}"/>`,
      `<text x="${X(t)}" y="${HIGH - BOTTOM + 19}" text-anchor="middle">${tickText(t)}</text>`);
  }
  const unit = axis.unit ? ` / ${esc(axis.unit)}` : "";
  const what = channel.counts ? "counts" : "value";
  const per = axis.name === "cell" ? (n > 1 ? `${what} per cell` : what) : `${what} per ${esc(axis.unit || "unit")}`;
  out.push(`<text x="${WIDE - RIGHT}" y="${HIGH - 6}" text-anchor="end">${esc(axis.title)}${unit}</text>`,
    `<text transform="translate(13 ${TOP}) rotate(-90)" text-anchor="end">${per}</text>`);
  return `<svg viewBox="0 0 ${WIDE} ${HIGH}" role="img" aria-label="${per}${subtract ? ", background subtracted," : ""} along ${esc(axis.title)}">${out.join("")}</svg>`;
}

// -- the page ---------------------------------------------------------------------------------

export function mount(host, transport, options = {}) {
  const shadow = host.attachShadow ? host.attachShadow({ mode: "open" }) : host;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  shadow.adoptedStyleSheets = [sheet];
  shadow.innerHTML = `<div class="page" part="page">
    <header><div class="title"><h1></h1><div class="sub cite"></div></div>
      <div class="tools">
        <label class="sr" for="experiment">Experiment</label><select id="experiment"></select>
        <span class="pair"><label for="models">New physics</label><select id="models"></select></span>
        <button id="reset">Reset all</button><button id="link">Copy link</button>
        <button id="save" class="hidden">Save report</button></div></header>
    <div id="bad" class="bad hidden" role="alert"></div>
    <div class="grid">
      <section class="card top" aria-label="Answer" aria-live="polite"><div class="numbers"></div></section>
      <section class="card figure" aria-label="Figure"><div class="bar"></div><div class="panels"></div></section>
      <div class="stack rest"><div class="tables">
        <section class="card counts" aria-label="Counts"></section>
        <section class="card fit" aria-label="Fit"><div class="head"><h2><label for="fit">Fit</label></h2>
          <select id="fit"></select></div><div class="result sub"></div></section></div>
      <ul class="notes"></ul>
      <section class="card"><div class="head"><h2>Command line</h2><button data-copy="command">Copy</button></div><pre class="command" tabindex="0"></pre></section>
      <section class="card"><div class="head"><h2>Python</h2><button data-copy="python">Copy</button></div><pre class="python" tabindex="0"></pre></section>
    </div><div class="stack sliders"></div></div></div>`;
  const $ = (s) => shadow.querySelector(s);
  const ui = { experiment: "", models: null, fit: "", settings: {}, unread: null };
  let view = null, fields = {}, controls = {}, channel = 0, subtract = false;
  let ranges = {}, declared = {}, built = "";

  // at most one evaluation is on its way; moves meanwhile collapse into the last one
  let wanted = null, busy = false, sequence = 0, timer = 0, waits = false;

  function stateText() {
    if (ui.unread !== null) return ui.unread;
    const parts = [];
    if (ui.experiment) parts.push(`experiment=${encodeURIComponent(ui.experiment)}`);
    if (ui.models !== null) parts.push(`models=${encodeURIComponent(ui.models)}`);
    for (const [name, value] of Object.entries(ui.settings)) {
      const unit = typeof value === "number" ? fields[name]?.unit ?? "" : "";
      parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(`${value}${/^\d/.test(unit) ? " " : ""}${unit}`)}`);
    }
    if (ui.fit) parts.push(`fit=${encodeURIComponent(ui.fit)}`);
    return parts.join("&");
  }

  function ask(quick) {
    clearTimeout(timer);
    waits = false;
    wanted = { text: stateText(), quick, number: ++sequence };
    pump();
  }

  function moved() {
    ask(true);
    waits = true;
    timer = setTimeout(() => ask(false), QUIET_MS);
  }

  async function pump() {
    if (busy || !wanted) return;
    const job = wanted;
    wanted = null;
    busy = true;
    let answer;
    try {
      answer = await transport(job.text, job.quick, job.number);
    } catch (error) {
      answer = { error: "cevns does not answer; is it still running?", field: "page" };
    }
    busy = false;
    if (answer.number === undefined || answer.number === job.number) {
      if (answer.error) refuse(answer);
      else accept(answer.record, job);
    }
    pump();
  }

  function refuse({ field, error }) {
    const bad = $("#bad");
    bad.textContent = `${field}: ${error}`;
    bad.classList.remove("hidden");
    controls[field]?.number.setAttribute("aria-invalid", "true");
    if (!view && ui.unread !== null) {
      // a link that cannot be shown: say so, and show the experiment as it is declared
      const name = new URLSearchParams(ui.unread).get("experiment");
      ui.unread = field !== "experiment" && name ? `experiment=${encodeURIComponent(name)}` : "";
      keepMessage = true;
      ask(false);
    }
  }
  let keepMessage = false;

  function accept(record, job) {
    if (keepMessage) keepMessage = false;
    else $("#bad").classList.add("hidden");
    const old = view;
    view = record;
    const newer = wanted !== null;
    if (!newer && (ui.unread !== null || ui.experiment !== record.experiment.name)) {
      ui.unread = null;
      ui.experiment = record.experiment.name;
      ui.models = record.models.chosen;
      ui.fit = fitOf(record.state);
      ui.settings = { ...record.settings };
    }
    if (job.quick && old) {  // answers that take fits come when the sliders rest
      record.significance ??= old.significance && { ...old.significance, old: true };
      record.fit ??= old.fit && ui.fit ? { ...old.fit, old: true } : null;
    }
    const key = `${record.experiment.name} ${record.models.of}`;
    if (key !== built) build(key);
    if (!Object.keys(record.settings).length) declared[key] ??= record;
    draw();
    if (!job.quick && !newer) options.onState?.(record.state, record);
    if (!declared[key] && !newer) reference(key, record);
    host.dispatchEvent(new CustomEvent("cevns-drawn", { detail: { number: job.number, quick: job.quick } }));
  }

  async function reference(key, record) {
    busy = true;
    const text = `experiment=${encodeURIComponent(record.experiment.name)}&models=${encodeURIComponent(record.models.chosen)}`;
    try {
      const answer = await transport(text, true, ++sequence);
      if (answer.record) declared[key] = answer.record;
    } finally {
      busy = false;
    }
    draw();
    pump();
  }

  const fitOf = (state) => decodeURIComponent(/(?:^|&)fit=([^&]*)/.exec(state)?.[1] ?? "");

  function build(key) {
    built = key;
    ranges = {};
    channel = 0;
    const record = view;
    fields = Object.fromEntries(record.fields.map((f) => [f.name, f]));
    const fill = (select, values, titles, chosen) => {
      select.innerHTML = values.map((v, i) => `<option value="${esc(v)}">${esc(titles[i])}</option>`).join("");
      select.value = chosen;
    };
    fill($("#experiment"), record.experiments, record.experiments, record.experiment.name);
    fill($("#models"), record.models.known, record.models.known.map(modelText), record.models.chosen);
    fill($("#fit"), ["", ...record.questions], ["no fit", ...record.questions], ui.fit);
    const column = $(".sliders");
    column.innerHTML = "";
    controls = {};
    for (const [group, title, open] of GROUPS) {
      const own = record.fields.filter((f) => f.group === group);
      if (!own.length) continue;
      const box = document.createElement("details");
      box.className = "card group";
      box.open = open && (wide.matches || group === "experiment" || group === "couplings");
      box.innerHTML = `<summary>${title}<span class="moves"></span></summary>`;
      const common = own.filter((f) => !RARE.test(f.name));
      const rare = own.filter((f) => RARE.test(f.name));
      common.forEach((f) => box.append(control(f)));
      if (rare.length) {
        const more = document.createElement("details");
        more.className = "more";
        more.innerHTML = `<summary>${rare.length} flavour-changing couplings<span class="moves"></span></summary>`;
        rare.forEach((f) => more.append(control(f)));
        box.append(more);
      }
      column.append(box);
    }
  }

  function note(field) {
    const plain = same(field.title) === same(field.name);
    const about = plain ? "" : inWords(field) ? `<code>${esc(field.name)}</code>` : words(field.title);
    return [about, words(field.prior).replace(/ us$/, " µs")].filter(Boolean).join(" · ");
  }

  function control(field) {
    const box = document.createElement("div"), id = `f-${Object.keys(controls).length}`;
    box.className = field.title.length > 26 && inWords(field) ? "field long" : "field";
    box.title = `${field.name}: double click on the slider to reset`;
    const last = field.stops.length ? field.stops.length - 1 : TICKS;
    box.innerHTML = `<div class="row"><label for="${id}">${label(field)}</label>
      <button class="reset" aria-label="reset ${esc(field.name)}" title="reset">↺</button>
      <input type="text" inputmode="decimal" id="${id}" aria-describedby="${id}-n" autocomplete="off" spellcheck="false">
      <span class="unit">${field.pull ? "σ" : unitText(field.unit)}</span></div>
      <input type="range" min="0" max="${last}" step="1" aria-label="${esc(field.name)}">
      <div class="note" id="${id}-n">${note(field)}</div>`;
    const range = box.querySelector("input[type=range]"), number = box.querySelector("input[type=text]");
    const reset = box.querySelector(".reset");
    controls[field.name] = { box, range, number, reset, field };
    range.addEventListener("input", () => set(field.name, fromTick(field, Number(range.value))));
    range.addEventListener("dblclick", () => set(field.name, field.value));
    range.addEventListener("keydown", (e) => {
      const far = { PageUp: 50, PageDown: -50 }[e.key];
      if (!far || field.stops.length) return;
      e.preventDefault();
      set(field.name, fromTick(field, Math.min(TICKS, Math.max(0, Number(range.value) + far))));
    });
    number.addEventListener("change", () => {
      const text = number.value.trim().replace("−", "-").replace("·10^", "e");
      number.removeAttribute("aria-invalid");
      const value = Number(text);
      if (text !== "" && Number.isFinite(value)) set(field.name, value, true);
      else { ui.settings[field.name] = text || field.value; moved(); }
    });
    number.addEventListener("keydown", (e) => {
      const way = { ArrowUp: 1, ArrowDown: -1 }[e.key];
      const value = Number(number.value);
      if (!way || !Number.isFinite(value)) return;
      e.preventDefault();
      if (field.stops.length || field.log) {
        const tick = toTick(field, value) + way * (field.stops.length ? 1 : 5);
        set(field.name, fromTick(field, Math.min(last, Math.max(0, tick))));
      } else set(field.name, Number((value + way * field.step).toPrecision(7)));
    });
    reset.addEventListener("click", () => { set(field.name, field.value); range.focus(); });
    return box;
  }

  function set(name, value, typed = false) {
    const { field, number } = controls[name];
    number.removeAttribute("aria-invalid");
    if (!typed) {
      if (field.lower !== null) value = Math.max(field.lower, value);
      if (field.upper !== null) value = Math.min(field.upper, value);
    }
    if (value === field.value) delete ui.settings[name];
    else ui.settings[name] = value;
    mark(name);
    moved();
  }

  function mark(name) {
    const { box, range, number, reset, field } = controls[name];
    const own = name in ui.settings, value = own ? ui.settings[name] : field.value;
    box.classList.toggle("moved", own);
    reset.disabled = !own;
    if (typeof value === "number") {
      range.value = toTick(field, value);
      range.setAttribute("aria-valuetext", `${written(value)} ${field.unit}`);
      if (shadow.activeElement !== number || !number.matches(":focus") || Number(number.value) !== value) {
        number.value = written(value);
      }
    }
  }

  // -- what is shown --------------------------------------------------------------------------

  function draw() {
    const r = view, base = declared[`${r.experiment.name} ${r.models.of}`];
    $("h1").textContent = r.experiment.title;
    $(".cite").textContent = [r.experiment.name, ...r.experiment.cite].join(" · ");
    $("#experiment").value = r.experiment.name;
    $("#fit").value = ui.fit;
    for (const name of Object.keys(controls)) mark(name);
    for (const box of shadow.querySelectorAll(".group, .more")) {
      const count = box.querySelectorAll(".field.moved").length;
      box.querySelector(".moves").textContent = count ? `${count} moved` : "";
    }
    numbers(r, base);
    figure(r, base);
    counts(r, base);
    fitted(r);
    $(".notes").innerHTML = [...r.notes, r.significance?.includes].filter(Boolean).map((n) => `<li>${esc(n)}</li>`).join("");
    $(".command").textContent = r.command;
    $(".python").textContent = r.python;
  }

  function numbers(r, base) {
    const unit = r.counts.unit === "events" ? null : unitParts(r.counts.unit);
    const many = r.counts.channels.length;
    const bins = r.bins ? `${r.bins} bin${r.bins > 1 ? "s" : ""}` : "";
    const apart = r.compared && base?.twice_nll != null && !("threshold" in r.settings)
      && Object.keys(r.settings).length ? zeroed(r.twice_nll - base.twice_nll) : null;
    const signal = r.counts.components.filter((c) => c.kind === "signal");
    const without = r.experiment.has_data ? "no data of this experiment" : "no data";
    const sum = (list) => list.reduce((a, c) => a + c.expected, 0);
    const was = base && sum(base.counts.components.filter((c) => c.kind === "signal"));
    const cards = [
      [`Expected ${signal[0]?.title ?? "signal"}`, shown(sum(signal)),
        base && Object.keys(r.settings).length ? `declared ${shown(was)}` : "as declared"],
      [many > 1 ? `All expected, sum of ${many} channels` : "All expected", shown(r.counts.expected),
        r.compared ? `observed ${count(r.counts.observed)}` : without],
      ["−2 ln L", r.compared ? shown(zeroed(r.twice_nll), 5) : "–", !r.compared ? without
        : apart === null ? bins : `${apart >= 0 ? "+" : "−"}${shown(Math.abs(apart), 3)} from declared · ${bins}`],
      ["Expected significance", r.significance?.z == null ? "–" : `${shown(r.significance.z, 4)} σ`,
        r.significance?.z == null && r.significance ? "undefined here" : "nuisances profiled", r.significance?.old, r.significance?.said],
    ];
    $(".numbers").innerHTML = cards.map(([what, value, beside, old, said], k) =>
      `<div class="number${old ? " old" : ""}"${said ? ` title="${esc(said)}"` : ""}><div class="what">${esc(what)}</div>` +
      `<div class="value">${esc(value)}${k < 2 && unit ? `${unit.factor}<span class="of">${esc(unit.text)}</span>` : ""}</div><div class="beside">${esc(beside ?? "")}</div></div>`).join("");
  }

  function figure(r, base) {
    channel = Math.min(channel, r.channels.length - 1);
    const c = r.channels[channel], bar = $(".bar");
    const names = r.channels.map((o) => o.title || o.name);
    const key = `${names} ${channel} ${subtract}`;
    if (bar.dataset.key !== key) {
      const focus = shadow.activeElement?.dataset?.on;
      bar.dataset.key = key;
      bar.innerHTML = (names.length > 1 ? names.map((n, i) =>
        `<button data-on="c${i}" aria-pressed="${i === channel}">${esc(n)}</button>`).join("") : "") +
        `<button data-on="s" aria-pressed="${subtract}">Subtract background</button>`;
      if (focus) bar.querySelector(`[data-on="${focus}"]`)?.focus();
    }
    const fill = colours(r.counts.components);
    const other = base?.channels[channel];
    const at = "threshold" in ui.settings ? ui.settings.threshold : null;
    const whole = $(".panels").clientWidth || 800;
    const columns = Math.max(1, Math.min(c.axes.length, Math.floor((whole + 16) / (NARROWEST + 16))));
    const each = Math.round((whole - 16 * (columns - 1)) / columns);
    $(".panels").innerHTML = c.axes.map((axis, k) => {
      const before = Object.keys(r.settings).length && other?.axes[k];
      let ghost = null;
      if (before) {
        const signal = new Set(other.components.filter((o) => o.kind === "signal" || o.kind === "further").map((o) => o.name));
        ghost = before.edges.slice(1).map((_, i) => Object.entries(before.expected).reduce((a, [n, v]) =>
          ({ total: a.total + v[i], signal: a.signal + (signal.has(n) ? v[i] : 0) }), { total: 0, signal: 0 }));
      }
      const range = (ranges[`${channel} ${k} ${subtract}`] ??= {});
      return panel(axis, c, fill, ghost, subtract, at, range, each);
    }).join("");
  }

  function counts(r, base) {
    const fill = colours(r.counts.components);
    const was = Object.fromEntries((base?.counts.components ?? []).map((c) => [c.name, c.expected]));
    const rows = [...r.counts.components].sort((a, b) => ORDER[b.kind] - ORDER[a.kind]).map((c) =>
      `<tr><td><svg class="swatch" viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" fill="${fill[c.name]}"/></svg>${esc(c.title)}</td><td>${shown(c.expected)}</td><td>${shown(was[c.name])}</td></tr>`);
    const what = r.counts.unit === "events" ? "Expected counts" : `Expected, ${unitText(r.counts.unit).replace(/^·/, "in ")}`;
    rows.push(`<tr class="sum"><td>Sum</td><td>${shown(r.counts.expected)}</td><td>${shown(base?.counts.expected)}</td></tr>`);
    const seen = (x) => (x == null ? "no data" : count(x));
    rows.push(`<tr><td>Observed</td><td>${seen(r.counts.observed)}</td><td>${base ? seen(base.counts.observed) : "–"}</td></tr>`);
    const several = r.counts.channels.length > 1 ? `<table class="channels"><thead><tr><th>Channel</th><th>signal</th><th>all</th><th>observed</th></tr></thead><tbody>${r.counts.channels.map((c) => `<tr><td>${esc(c.name)}</td><td>${shown(c.signal)}</td><td>${shown(c.expected)}</td><td>${seen(c.observed)}</td></tr>`).join("")}</tbody></table>` : "";
    $(".counts").innerHTML = `<h2>${what}</h2><table><thead><tr><th>Component</th><th>here</th><th>declared</th></tr></thead><tbody>${rows.join("")}</tbody></table>${several}`;
  }

  function fitted(r) {
    const box = $(".result"), f = r.fit;
    box.classList.toggle("old", Boolean(f?.old));
    if (!ui.fit) {
      box.innerHTML = "Choose what is fitted; nuisance parameters are profiled. The line of the best fit is drawn in the figure.";
      return;
    }
    if (!f) { box.textContent = "fitting …"; return; }
    if (f.error) { box.innerHTML = `<div class="bad">${esc(f.error)}</div>`; return; }
    const value = f.limit ? `&lt; ${shown(f.limit.value)} ${unitText(f.limit.unit)} (${f.limit.level * 100} %)`
      : `${withError(f.poi.value, f.poi.error)} ${unitText(f.poi.unit)}`;
    const z = f.significance === null ? "" : ` · background-only hypothesis rejected at ${shown(f.significance, 4)} σ`;
    const name = (n) => (fields[n] ? label(fields[n]) : symbol(n));
    const rows = f.parameters.map((p) => `<tr><td>${name(p.name)}</td><td>${withError(p.value, p.error)} ${unitText(p.unit)}</td><td>${p.pull === null ? "" : shown(Math.abs(p.pull) < 1e-4 ? 0 : p.pull, 2)}</td></tr>`);
    box.innerHTML = `<div class="number"><div class="value">${value}</div><div class="beside">${name(f.poi.name)}, fit to ${f.of}${z}${f.of === "data" ? ` · χ² ${shown(f.chi2, 4)} for ${f.ndof} degrees of freedom` : ""}</div></div>` +
      `<table><thead><tr><th>Parameter</th><th>fit</th><th>pull</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
  }

  // -- what is pressed ------------------------------------------------------------------------

  $("#experiment").addEventListener("change", (e) => {
    ui.unread = `experiment=${encodeURIComponent(e.target.value)}`;
    ask(false);
  });
  $("#models").addEventListener("change", (e) => {
    ui.unread = `experiment=${encodeURIComponent(ui.experiment)}&models=${encodeURIComponent(e.target.value)}`;
    ask(false);
  });
  $("#fit").addEventListener("change", (e) => { ui.fit = e.target.value; draw(); ask(false); });
  $("#reset").addEventListener("click", () => { ui.settings = {}; moved(); });
  $(".bar").addEventListener("click", (e) => {
    const on = e.target.dataset.on;
    if (!on) return;
    if (on === "s") subtract = !subtract;
    else channel = Number(on.slice(1));
    draw();
  });
  const copy = async (button, text) => {
    const before = button.textContent;
    try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; }
    catch { button.textContent = "Not allowed"; }
    setTimeout(() => (button.textContent = before), 1200);
  };
  $("#link").addEventListener("click", (e) => copy(e.target, options.link ? options.link(view.state) : view.state));
  for (const button of shadow.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => copy(button, view[button.dataset.copy]));
  }
  if (options.save) {
    $("#save").classList.remove("hidden");
    $("#save").addEventListener("click", async (e) => {
      e.target.disabled = true;
      e.target.textContent = "Writing …";
      const wrong = await options.save(view).catch(() => ({ field: "page", error: "the report could not be written" }));
      if (wrong) refuse(wrong);
      e.target.textContent = "Save report";
      e.target.disabled = false;
    });
  }

  if (globalThis.ResizeObserver) {
    let width = 0;
    new ResizeObserver(([entry]) => {
      const now = Math.round(entry.contentRect.width);
      if (view && width && now !== width) figure(view, declared[built]);
      width = now;
    }).observe($(".panels"));
  }
  const open = (text) => { ui.unread = text; ask(false); };
  open(options.initial ?? "");
  return { open, get view() { return view; }, get rests() { return !busy && !wanted && !waits; } };
}

// -- on a page of its own ---------------------------------------------------------------------

function own(host) {
  const body = new CSSStyleSheet();
  body.replaceSync("body{margin:0;background:#fbfbfa}@media(prefers-color-scheme:dark){body{background:#14171b}}");
  document.adoptedStyleSheets = [body];
  const transport = async (text, quick, number) => {
    const found = await fetch(`view?${text}&&${quick ? "quick" : ""}`, { headers: { "X-Sequence": String(number) } });
    const record = await found.json();
    const answered = Number(found.headers.get("X-Sequence") ?? number);
    return found.ok ? { record, number: answered } : { ...record, number: answered };
  };
  let mine = "";
  const page = mount(host, transport, {
    initial: location.hash.slice(1),
    save: async (view) => {
      const found = await fetch(`view?${view.state}&&report`);
      if (!found.ok) return found.json();
      const file = document.createElement("a");
      file.href = URL.createObjectURL(await found.blob());
      file.download = `${view.experiment.name}.html`;
      file.click();
      setTimeout(() => URL.revokeObjectURL(file.href), 10000);
      return null;
    },
    link: (state) => `${location.origin}${location.pathname}#${state}`,
    onState: (state, record) => {
      mine = state;
      document.title = `${record.experiment.name} · cevns`;
      history.replaceState(null, "", `#${state}`);
    },
  });
  addEventListener("hashchange", () => {
    if (location.hash.slice(1) !== mine) page.open(location.hash.slice(1));
  });
  host.page = page;
}

const place = globalThis.document?.getElementById("cevns-app");
if (place) own(place);

// -- in a notebook ----------------------------------------------------------------------------

export default {
  render({ model, el }) {
    const waiting = new Map();
    model.on("msg:custom", (message) => {
      waiting.get(message.number)?.(message);
      waiting.delete(message.number);
    });
    const transport = (text, quick, number) => new Promise((done) => {
      waiting.set(number, done);
      model.send({ text, quick, number });
    });
    const host = document.createElement("div");
    el.append(host);
    mount(host, transport, { initial: model.get("state"), onState: (state) => {
      model.set("state", state);
      model.save_changes();
    } });
  },
};
