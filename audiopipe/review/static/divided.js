// Passages that somebody cut in two, or put together: the rules of audiopipe/render/divided.py.

/** What somebody wrote, a text for each line of it. */
function textsOf(after, before) {
  const lines = after.split("\n").map(strip).filter(Boolean);
  if (!after.includes("\n") || !lines.length) return [after];
  const lead = before.slice(0, before.length - stripStart(before).length);
  const space = (n) => (isUnspaced(charBefore(lines[n - 1], lines[n - 1].length)) || isUnspaced(lines[n]) ? "" : " ");
  return lines.map((line, n) => (lead || (n ? space(n) : "")) + line);
}

/** A segment in parts, whose texts joined are its own. */
function divided(segment, texts) {
  if (texts.length < 2) return [segment];
  const sums = (lengths) => lengths.reduce((all, length) => [...all, all.at(-1) + length], [0]);
  const edges = sums(texts.map((text) => text.length));
  const ends = sums(segment.words.map((word) => word.text.length));
  const isWhole = segment.words.length && edges.every((edge) => ends.includes(edge));
  const spans = shares(texts.map(size), segment.start, segment.end);
  return texts.map((text, k) => {
    const [start, end] = [edges[k], edges[k + 1]];
    const made = isWhole ? segment.words.slice(ends.indexOf(start), ends.indexOf(end)) : [];
    let [from, to] = made.length ? [made[0].start, Math.max(made[0].start, made.at(-1).end)] : spans[k];
    if (!k) from = segment.start;
    if (!k) to = Math.max(from, to);
    if (k === texts.length - 1) to = Math.max(from, segment.end);
    const inside = (places) => places.filter((place) => start < place && place < end).map((place) => place - start);
    return segment.with({
      text, made, tokens: "", start: from, end: to,
      rawStart: asWritten(from, [segment, made[0]], "start"), rawEnd: asWritten(to, [segment, made.at(-1)], "end"),
      breaks: segment.breaks && [0, ...inside(segment.breaks)],
      stops: segment.stops.filter((place) => start < place && place <= end).map((place) => place - start),
      zones: segment.zones.filter(([, to_]) => to_ >= start).map(([a, b]) => [a - start, b - start]),
    });
  });
}

/** A time as Python shows it: as it came, where it is one of those that came. */
function asWritten(time, sources, name) {
  const source = sources.find((each) => each?.[name] === time);
  return source ? source[name === "start" ? "rawStart" : "rawEnd"] : pyFloat(time);
}

/** Two segments as one. */
function together(first, second) {
  const isTold = first.breaks || second.breaks;
  const begins = !first.breaks || first.breaks.includes(0) ? [0] : [];
  const made = first.words.length && second.words.length ? [...first.words, ...second.words] : [];
  const parts = [first, second].map((part) => ({ part, text: withoutControls(part.text) }));
  const to = Math.max(first.end, second.end);
  const moved = (list, by) => (list ?? []).map((place) => (Array.isArray(place) ? place.map((each) => each + by) : place + by));
  const both = (name) => [...moved(first[name], 0), ...moved(second[name], first.text.length)];
  return first.with({
    text: first.text + second.text, made, tokens: "", end: to, rawEnd: to === first.end ? first.rawEnd : second.rawEnd,
    breaks: isTold ? [...begins, ...placesOf(parts).breaks] : null, stops: both("stops"), zones: both("zones"),
  });
}
