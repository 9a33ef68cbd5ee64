// Draws what arrives from /prices. No library and no download: the page works without a network.
"use strict";

const WINDOW = 60_000; // the chart shows the last minute
const GAP = 2_000;     // a pause of the feed, which the line leaves open

const element = id => document.getElementById(id);
const canvas = element("chart");
const pen = canvas.getContext("2d");
const series = new Map(); // symbol → { points: [{ time, price }], button }
const arrivals = [];      // when the ticks of the last seconds arrived
let selected, latency, dirty = false;

const prices = new EventSource("/prices");
prices.onopen = () => series.forEach(one => one.points.length = 0); // the first update has the last minute again
prices.onerror = () => show({ state: "Offline", detail: "This page has lost its server. It tries again." });
prices.onmessage = message => {
  const { status, quotes, missed } = JSON.parse(message.data);
  quotes.forEach(add);
  count(quotes.length);
  show(status);
  element("missed").textContent = missed;
  dirty = true;
};

function add({ symbol, price, time, latencyMs }) {
  const one = series.get(symbol) ?? create(symbol);
  one.points.push({ time: Date.parse(time), price });
  latency = latency === undefined ? latencyMs : latency + (latencyMs - latency) / 20; // a moving average
}

function create(symbol) {
  const button = document.createElement("button");
  button.type = "button";
  button.innerHTML = "<small><span></span><span></span></small><strong></strong>";
  button.querySelector("span").textContent = symbol;
  button.onclick = () => select(symbol);
  const one = { points: [], button };
  series.set(symbol, one);
  element("symbols").append(...[...series].sort(([a], [b]) => a < b ? -1 : 1).map(([, { button }]) => button));
  select([...series.keys()].sort()[0]);
  return one;
}

function select(symbol) {
  selected = symbol;
  series.forEach((one, name) => one.button.setAttribute("aria-pressed", name === symbol));
  dirty = true;
}

function show({ state, detail, roundTripMs }) {
  const name = state.toLowerCase();
  element("connection").dataset.state = name;
  element("state").textContent = name;
  element("detail").textContent = element("detail").title = detail;
  element("round-trip").textContent = name === "open" && roundTripMs != null ? roundTripMs.toFixed(2) : "–";
  element("latency").textContent = name === "open" && latency !== undefined ? latency.toFixed(2) : "–";
}

function count(quotes) {
  const now = performance.now();
  if (quotes < 100) // not the history, which arrives at once
    arrivals.push(...Array(quotes).fill(now));
}

// Once a frame at most, however many updates arrive.
function frame() {
  if (dirty) {
    dirty = false;
    draw();
  }

  requestAnimationFrame(frame);
}

function draw() {
  const end = Math.max(...[...series.values()].map(one => one.points.at(-1)?.time ?? 0));
  series.forEach((one, symbol) => {
    one.points = one.points.filter(point => point.time > end - WINDOW);
    label(one, symbol);
  });
  while (arrivals[0] < performance.now() - 5_000) arrivals.shift();
  element("rate").textContent = (arrivals.length / 5).toFixed(0);
  const points = series.get(selected)?.points ?? [];
  canvas.dataset.points = points.length;
  chart(points, end);
}

function label({ points, button }, symbol) {
  if (points.length === 0) return;
  const price = points.at(-1).price, change = (price / points[0].price - 1) * 100;
  const percent = `${change < 0 ? "−" : "+"}${Math.abs(change).toFixed(2)} %`, tone = change < 0 ? "down" : "up";
  button.querySelector("strong").textContent = format(price);
  button.querySelectorAll("span")[1].textContent = percent;
  button.querySelectorAll("span")[1].className = tone;
  if (symbol !== selected) return;
  element("symbol").textContent = symbol;
  element("price").textContent = format(price);
  element("change").textContent = `${percent} in the last minute`;
  element("change").className = tone;
}

// Six digits or so, whatever the size of the price.
function format(price) {
  const decimals = price < 10 ? 5 : price < 1_000 ? 3 : price < 10_000 ? 2 : 1;
  return price.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

function chart(points, end) {
  const style = getComputedStyle(document.documentElement), color = name => style.getPropertyValue(name);
  const ratio = window.devicePixelRatio, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  pen.scale(ratio, ratio);
  if (points.length < 2) return;

  const [right, bottom, top] = [width - 84, height - 26, 12];
  const values = points.map(point => point.price);
  const low = Math.min(...values), high = Math.max(...values), range = high - low || high / 1_000;
  const x = time => (1 - (end - time) / WINDOW) * (right - 8);
  const y = price => bottom - 14 - (price - low) / range * (bottom - 28 - top);

  // Prices on the right, seconds below.
  pen.font = `12px ${style.fontFamily || "sans-serif"}`;
  pen.fillStyle = color("--soft");
  pen.strokeStyle = color("--line");
  pen.lineWidth = 1;
  pen.textBaseline = "middle";
  for (let i = 0; i <= 4; i++) {
    const price = low + range * i / 4;
    line([[0, y(price)], [right, y(price)]]);
    pen.fillText(format(price), right + 12, y(price));
  }
  pen.textAlign = "center";
  for (let seconds = 10; seconds < 60; seconds += 10)
    pen.fillText(`−${seconds} s`, x(end - seconds * 1_000), height - 9);

  // The line, in parts where the feed paused.
  const parts = [[]];
  points.forEach((point, i) => {
    const before = points[i - 1]?.time ?? point.time;
    if (point.time - before > GAP) {
      parts.push([]);
      pen.fillText("no feed", x((point.time + before) / 2), y(low + range * 5 / 8));
    }

    parts.at(-1).push([x(point.time), y(point.price)]);
  });
  pen.textAlign = "start";
  const accent = color("--accent"), shade = pen.createLinearGradient(0, top, 0, bottom);
  shade.addColorStop(0, `${accent}40`); // a quarter opaque
  shade.addColorStop(1, `${accent}00`);
  for (const part of parts) {
    pen.fillStyle = shade;
    pen.beginPath();
    pen.moveTo(part[0][0], bottom);
    part.forEach(([px, py]) => pen.lineTo(px, py));
    pen.lineTo(part.at(-1)[0], bottom);
    pen.fill();
    pen.strokeStyle = accent;
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    line(part);
  }

  // The last price, as a dot and a tag on the axis.
  const [px, py] = parts.at(-1).at(-1);
  pen.fillStyle = accent;
  pen.beginPath();
  pen.arc(px, py, 4, 0, Math.PI * 2);
  pen.fill();
  pen.beginPath();
  pen.roundRect(right + 6, py - 11, width - right - 6, 22, 5);
  pen.fill();
  pen.fillStyle = color("--panel");
  pen.fillText(format(points.at(-1).price), right + 12, py);
}

function line(points) {
  pen.beginPath();
  points.forEach(([px, py]) => pen.lineTo(px, py));
  pen.stroke();
}

document.querySelectorAll("[data-action]").forEach(button =>
  button.onclick = () => fetch(`/exchange/${button.dataset.action}`, { method: "POST" }));
matchMedia("(prefers-color-scheme: dark)").onchange = () => dirty = true;
window.onresize = () => dirty = true;
requestAnimationFrame(frame);
