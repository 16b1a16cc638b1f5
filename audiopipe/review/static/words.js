// Words whose text changes: those that stay keep their times, others share what is left.
// The same rules as audiopipe/text/rewording.py.

const MOST_STEPS = 4_000_000;

/** Places of a longest common subsequence, in order. */
function* common(old, fresh) {
  const shorter = Math.min(old.length, fresh.length);
  let start = 0;
  while (start < shorter && old[start] === fresh[start]) {
    yield [start, start];
    start++;
  }
  let tail = 0;
  while (tail < shorter - start && old.at(-1 - tail) === fresh.at(-1 - tail)) tail++;
  yield* longest(old, fresh, start, tail);
  for (let n = tail; n > 0; n--) yield [old.length - n, fresh.length - n];
}

function* longest(old, fresh, start, tail) {
  const rows = old.length - start - tail;
  const columns = fresh.length - start - tail;
  if (rows * columns > MOST_STEPS) return;
  const most = Array.from({ length: rows + 1 }, () => new Int32Array(columns + 1));
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const same = old[start + i] === fresh[start + j];
      most[i][j] = same ? most[i + 1][j + 1] + 1 : Math.max(most[i + 1][j], most[i][j + 1]);
    }
  }
  let i = 0;
  let j = 0;
  while (i < rows && j < columns) {
    if (old[start + i] === fresh[start + j]) yield [start + i++, start + j++];
    else if (most[i + 1][j] >= most[i][j + 1]) i++;
    else j++;
  }
}

/** What has to be written where, by whole words: [{start, end, written}]. */
function differences(before, after) {
  const old = splitWords(before);
  const fresh = splitWords(after);
  const places = [0];
  for (const piece of old) places.push(places.at(-1) + piece.length);
  const changes = [];
  let [i, j] = [0, 0];
  const pairs = [...common(old.map(strip), fresh.map(strip)), [old.length, fresh.length]];
  for (const [a, b] of pairs) {
    if (i < a || j < b) {
      changes.push({ start: places[i], end: places[a], written: fresh.slice(j, b).join("") });
    }
    if (a < old.length && old[a] !== fresh[b]) {
      changes.push({ start: places[a], end: places[a + 1], written: fresh[b] });
    }
    [i, j] = [a + 1, b + 1];
  }
  return changes;
}

/**
 * The words of a segment with another text.
 * A word is {text, start, end, rawStart, rawEnd, probability}: the raw ones as Python shows them.
 */
function reword(segment, text) {
  const changes = segment.words.length ? differences(segment.text, text) : [];
  if (!changes.length) return segment.words;
  const made = [];
  const isAdded = (change, place) => change.start === place && change.end === place;
  const added = (place) => changes.filter((c) => isAdded(c, place)).map((c) => c.written).join("");
  let run = [];
  let [start, end, looked] = [0, 0, -1];
  let before = segment.start;
  for (const word of segment.words) {
    if (!run.length && start > looked) {
      const text = added(start);
      if (text) made.push(...sharedOut(text, Math.min(before, word.start), word.start, null));
    }
    looked = start;
    run.push(word);
    end += word.text.length;
    if (changes.some((c) => c.start < end && end < c.end)) continue;
    const inside = changes.filter((c) => start <= c.start && c.start < end && !isAdded(c, start));
    made.push(...(inside.length ? retimed(rewritten(segment.text, inside, start, end), run) : run));
    [before, run, start] = [word.end, [], end];
  }
  const text_ = end > looked ? added(end) : "";
  if (text_) made.push(...sharedOut(text_, Math.min(before, segment.end), segment.end, null));
  return made;
}

function rewritten(text, changes, start, end) {
  let out = "";
  for (const change of changes) {
    out += text.slice(start, change.start) + change.written;
    start = change.end;
  }
  return out + text.slice(start, end);
}

function retimed(text, run) {
  const pieces = splitWords(text);
  if (pieces.length === run.length) return run.map((word, n) => ({ ...word, text: pieces[n] }));
  if (!text) return [];
  const known = run.filter((word) => word.probability !== "");
  const least = known.reduce((a, b) => (Number(b.probability) < Number(a.probability) ? b : a), known[0]);
  const end = Math.max(run[0].start, run.at(-1).end);
  return sharedOut(text, run[0].start, end, least ? least.probability : "");
}

function sharedOut(text, start, end, probability) {
  const found = splitWords(text);
  const pieces = found.length ? found : [text];
  return shares(pieces.map(size), start, end).map(([from, to], n) => ({
    text: pieces[n], start: from, end: to, rawStart: pyFloat(from), rawEnd: pyFloat(to),
    probability: probability ?? "",
  }));
}
