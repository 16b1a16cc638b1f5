// The doubt at hand, beside the passage: why, what to do, and what else was heard there.

function doubtPanel(review) {
  const { t, doubt } = review;
  const flag = t.flags[doubt];
  const body = $("doubt-body");
  if (!flag) {
    const left = review.openCount;
    $("doubt-title").textContent = t.flags.length ? `${left} of ${t.flags.length} doubts left` : "No doubts";
    const keys = keyName(keys_.next ?? "F8");
    const words = left ? `${keys} goes to the next one, and plays it from two seconds before.` : "Nothing is left to settle.";
    body.replaceChildren(element("p", words), ...versions(review, review.current));
    return;
  }
  const isSettled = review.settledNow.has(doubtKey(flag));
  $("doubt-title").textContent = `Doubt ${doubt + 1} of ${t.flags.length}`;
  const facts = element("dl");
  const add = (name, ...what) => what.some(Boolean) && facts.append(element("dt", name), element("dd", ...what));
  const kind = element("span", `${isSettled ? "✓" : "⚑"} ${flag.kind}`);
  kind.className = isSettled ? "kind is-settled" : "kind";
  add("Kind", kind, isSettled ? " settled" : "");
  add("Where", `${shortClock(flag.start)} to ${shortClock(flag.end)}`);
  add("Why", flag.detail);
  add("What to do", flag.advice === flag.detail ? "" : flag.advice);
  add("Measured", `${Number(flag.value.toPrecision(3))}, limit ${Number(flag.limit.toPrecision(3))}`);
  const places = review.placeOf[doubt];
  body.replaceChildren(facts, ...(places.length ? versions(review, places[0], flag) : []));
}

/** What else was heard in a passage, and what stood there before it was mended. */
function versions(review, n, flag) {
  const segment = review.t.segments[n];
  if (!segment) return [];
  const { start, end } = flag ?? segment;
  const found = [];
  if (review.journal.state(n).text !== segment.text) {
    found.push(version(review, n, "As it was heard", strip(segment.text), strip(segment.text)));
  }
  for (const repair of review.t.repairs.filter((each) => each.start < end && each.end > start)) {
    const stands = repair.replaced ? "second" : "first";
    for (const which of ["first", "second"]) {
      const how = which === "first" ? "Heard first" : `Heard again (${repair.how})`;
      const name = which === stands ? `${how}: it stood` : how;
      const other = repair[stands === "first" ? "first" : "second"];
      found.push(version(review, n, name, repair[which], swapped(review, n, other, repair[which])));
    }
    found.push(element("p", repair.reason));
  }
  for (const other of review.again?.get(n) ?? []) {
    found.push(version(review, n, `Asked again (${other.how})`, other.text, other.text));
  }
  return found;
}

/** The passage with one version of it in place of the other. */
function swapped(review, n, from, to) {
  const shown = review.shown(n);
  return strip(from) && shown.includes(strip(from)) ? shown.replace(strip(from), () => strip(to)) : strip(to);
}

function version(review, n, name, text, whole) {
  const box = element("div", element("b", name), element("p", text));
  box.className = "version";
  box.dir = "auto";
  if (whole !== review.shown(n)) {
    const button = element("button", "Take this");
    button.setAttribute("aria-label", `Take this: ${text}`);
    button.onclick = () => review.use(n, whole);
    box.append(button);
  }
  return box;
}

function element(name, ...content) {
  const node = document.createElement(name);
  node.append(...content.filter((each) => each !== undefined && each !== false));
  return node;
}

let noticeTimer;
function notice(text) {
  const node = $("notice");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (node.hidden = true), 5000);
}
