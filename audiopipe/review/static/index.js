// All transcripts of the page: by the doubt that is left in them, and how a batch is doing.

const minutes = (seconds) => {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return whole < 3600 ? `${Math.floor(whole / 60)} m ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`;
};

function showIndex(batch, open) {
  const files = batch.files
    .map((file, n) => ({ ...file, n, ...(memory.get(`${file.id}:progress`) ?? {}) }))
    .sort((a, b) => b.open_s - a.open_s || b.flags - a.flags || a.n - b.n);
  const sum = (name) => files.reduce((total, file) => total + file[name], 0);
  const fact = (what, value) => element("div", element("b", value), what);
  const facts = element(
    "div", fact("files", String(files.length)), fact("recorded", minutes(sum("duration"))),
    fact("doubts", String(sum("flags"))), fact("settled", String(sum("settled"))),
    fact("of doubt left to hear", minutes(sum("open_s"))),
  );
  facts.className = "facts";
  const head = ["File", "Recorded", "Doubts", "Settled", "Left to hear", "Progress"];
  const table = element("table", element("thead", element("tr", ...head.map(headCell))));
  const body = element("tbody", ...files.map((file) => fileRow(file, open)));
  table.append(body);
  const charts = element("div", ...batch.charts.map(chart));
  charts.className = "charts";
  const title = element("h2", "Files, the most doubt first");
  $("index").replaceChildren(facts, title, table, charts);
}

function headCell(text, n) {
  const cell = element("th", text);
  cell.scope = "col";
  if (n && n < 5) cell.className = n === 1 || n === 3 ? "number wide" : "number";
  return cell;
}

function fileRow(file, open) {
  const button = element("button", file.name);
  button.className = "plain";
  button.onclick = () => open(file.n);
  const progress = element("progress");
  Object.assign(progress, { max: file.flags || 1, value: file.flags ? file.settled : 1 });
  progress.setAttribute("aria-label", `${file.settled} of ${file.flags} settled`);
  const cells = [minutes(file.duration), String(file.flags), String(file.settled), minutes(file.open_s)];
  return element(
    "tr", element("td", button),
    ...cells.map((text, n) => {
      const cell = element("td", text);
      cell.className = n === 0 || n === 2 ? "number wide" : "number";
      return cell;
    }),
    element("td", progress),
  );
}

/** Bars, drawn as SVG: {title, bars: [[label, value]]}. */
function chart({ title, bars }) {
  const svg = (name, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const most = Math.max(1, ...bars.map(([, value]) => value));
  const height = bars.length * 18 + 4;
  const picture = svg("svg", { viewBox: `0 0 300 ${height}`, role: "img" });
  const told = bars.map(([label, value]) => `${label}: ${value}`).join("; ");
  picture.append(svg("title", {}, `${title}: ${told}`));
  bars.forEach(([label, value], n) => {
    picture.append(
      svg("text", { x: 118, y: n * 18 + 13, "text-anchor": "end" }, label),
      svg("rect", { class: "bar", x: 124, y: n * 18 + 3, width: (value / most) * 135, height: 12, rx: 2 }),
      svg("text", { x: 128 + (value / most) * 135, y: n * 18 + 13 }, String(value)),
    );
  });
  return element("figure", element("figcaption", title), picture);
}
