// Subtitles, as audiopipe/render has them: drafts, cuts, lines, times, SubRip and WebVTT.

const CUT_AFTER = { "-1": 2.0, 0: 2.0, 1: 0.5, 2: 0.0 };
const LINE_AFTER = { "-1": 0.15, 0: 0.15, 1: 0.0, 2: 0.0 };
const LATEST_MS = 500;

/** The run as subtitles, by dynamic programming. */
function cut(run, width, lineCount, longest) {
  const cost = [0, ...run.map(() => Infinity)];
  const origin = [0, ...run.map(() => 0)];
  const silent = run.map((unit, n) => n > 0 && unit.start - run[n - 1].end >= 0.4);
  const kept = run.map((_, n) =>
    n ? 0.5 * (run[n - 1].ending === ENDING.SENTENCE) + 1.5 * silent[n] : 0,
  );
  const parted = run.map((unit, n) => {
    if (n === run.length - 1) return 0;
    return CUT_AFTER[silent[n + 1] && unit.ending === ENDING.NONE ? ENDING.CLAUSE : unit.ending];
  });
  for (let begin = 0; begin < run.length; begin++) {
    let inside = 0;
    for (const [end, filled] of fitting(run, begin, width, lineCount, longest)) {
      inside += end - begin > 1 ? kept[end - 1] : 0;
      const slack = 1 - filled / (width * lineCount);
      const total = cost[begin] + 1 + inside + parted[end - 1] + slack * slack;
      if (total < cost[end]) [cost[end], origin[end]] = [total, begin];
    }
  }
  const found = [];
  for (let end = run.length; end; end = origin[end]) found.push(run.slice(origin[end], end));
  return found.reverse();
}

function* fitting(run, begin, width, lineCount, longest) {
  let filled = 0;
  const latest = run[begin].start + longest;
  let end = begin;
  for (const row of rowsOf(run, begin, width)) {
    const unit = run[end++];
    filled += unit.columns + unit.spaced;
    if (end > begin + 1 && (row > lineCount || unit.end > latest)) return;
    yield [end, filled];
  }
}

function* rowsOf(run, begin, most) {
  let [row, width] = [0, most];
  for (let n = begin; n < run.length; n++) {
    width += run[n].columns + run[n].spaced;
    if (!row || width > most) [row, width] = [row + 1, run[n].columns];
    yield row;
  }
}

const widthOf = (row) => row.reduce((sum, unit) => sum + unit.columns + unit.spaced, 0) - row[0].spaced;
const textOf = (row) => strip(row.map((unit) => (unit.spaced ? ` ${unit.text}` : unit.text)).join(""));

/** The subtitle in as few lines as it can be, of like width. */
function linesOf(subtitle, most) {
  const count = [...rowsOf(subtitle, 0, most)].at(-1);
  const ideal = widthOf(subtitle) / count;
  const known = new Map();
  const isLess = (a, b) => {
    if (a[0] !== b[0]) return a[0] < b[0];
    const n = a[1].findIndex((end, i) => end !== b[1][i]);
    return n < 0 ? a[1].length < b[1].length : b[1][n] !== undefined && a[1][n] < b[1][n];
  };
  const best = (begin, left) => {
    if (begin === subtitle.length || !left) {
      return [begin < subtitle.length || left ? Infinity : 0, []];
    }
    const key = begin * 1000 + left;
    if (known.has(key)) return known.get(key);
    let found = null;
    for (let end = begin + 1; end <= subtitle.length; end++) {
      const width = widthOf(subtitle.slice(begin, end));
      if (width > most && found) break;
      const [rest, further] = best(end, left - 1);
      const off = (width - ideal) / most;
      const after = end < subtitle.length ? LINE_AFTER[subtitle[end - 1].ending] : 0;
      const option = [off * off + after + rest, [end, ...further]];
      if (!found || isLess(option, found)) found = option;
    }
    known.set(key, found);
    return found;
  };
  const ends = [0, ...best(0, count)[1]];
  return ends.slice(1).map((end, n) => textOf(subtitle.slice(ends[n], end)));
}

/** Subtitles {start, end, voices: [{speaker, lines}]}, in whole milliseconds. */
function cues(t, labelled) {
  const s = t.subtitles;
  const reading = (group) =>
    Math.min(group.reduce((sum, d) => sum + d.columns, 0) / s.reading_speed_cps, s.max_cue_duration_s);
  const groups = [];
  for (const draft of drafts(t, labelled).sort((a, b) => a.start - b.start)) {
    if (groups.length && joins(groups.at(-1), draft, s, reading)) groups.at(-1).push(draft);
    else groups.push([draft]);
  }
  const wishes = groups.map((group) => ({
    start: milliseconds(group[0].start),
    end: milliseconds(Math.max(...group.map((draft) => draft.end))),
    reading: milliseconds(reading(group)),
  }));
  return place(wishes, {
    min: Math.max(1, Math.floor(s.min_cue_duration_s * 1000)),
    max: Math.max(1, Math.floor(s.max_cue_duration_s * 1000)),
    gap: Math.ceil(s.min_gap_s * 1000),
    file: Math.floor(t.duration * 1000),
  }).map(([start, end], n) => ({ start, end, voices: groups[n] }));
}

function joins(group, draft, s, reading) {
  const start = group[0].start;
  const end = Math.max(...group.map((each) => each.end));
  const lines = [...group, draft].reduce((sum, each) => sum + each.lines.length, 0);
  return (
    draft.atOnce && group.every((each) => each.atOnce && each.speaker !== draft.speaker) &&
    lines <= s.max_line_count && draft.start < Math.min(end, start + reading(group)) &&
    Math.max(end, draft.end) - start <= s.max_cue_duration_s
  );
}

/** Start and end of each subtitle, as near to its wish as the bounds allow. */
function place(wishes, bounds) {
  let [free, earliest] = [0, 0];
  const starts = wishes.map((wish) => {
    const start = Math.max(wish.start, Math.min(free, wish.start + LATEST_MS), earliest);
    [free, earliest] = [start + bounds.min + bounds.gap, start + 1];
    return start;
  });
  const spans = starts.map((start, n) => {
    const shortest = start + bounds.min;
    const wished = Math.max(wishes[n].end, start + wishes[n].reading, shortest);
    const end = Math.min(wished, start + bounds.max);
    const next = starts[n + 1];
    return [start, next === undefined ? end : Math.min(end, Math.max(next - bounds.gap, Math.min(shortest, next)))];
  });
  const inside = [];
  let limit = Math.max(bounds.file, spans.length);
  for (let n = spans.length - 1; n >= 0; n--) {
    const [start, end] = spans[n];
    const pulledEnd = Math.min(end, limit);
    const kept = Math.min(bounds.min, end - start);
    const pulled = Math.min(start, Math.max(pulledEnd - kept, n));
    inside.push([pulled, pulledEnd]);
    limit = Math.max(pulled - Math.min(bounds.gap, n ? start - spans[n - 1][1] : 0), n);
  }
  return inside.reverse();
}

/** What is said, cut for the screen: {start, end, lines, columns, speaker, atOnce}. */
function drafts(t, labelled) {
  return turns(t).flatMap((turn) => [...ofTurn(t, turn, labelled)]);
}

function turns(t) {
  const parts = passages(t);
  const crossed = crossedOf(parts);
  const found = [];
  let [before, last] = [null, null];
  parts.forEach((each, n) => {
    const speaker = each.isGap ? null : speakerOf(each.part) || null;
    const atOnce = crossed.has(n);
    const key = JSON.stringify([speaker, atOnce, each.isGap ? n : -1]);
    if (key === last) {
      found.at(-1).parts.push(each);
      return;
    }
    const voice = JSON.stringify([speaker, !each.isGap]);
    found.push({ parts: [each], speaker, atOnce, begins: voice !== before });
    [before, last] = [voice, key];
  });
  return found;
}

function crossedOf(parts) {
  const crossed = new Set();
  const latest = new Map();
  parts.forEach(({ part, isGap }, n) => {
    if (isGap) return;
    const speaker = speakerOf(part);
    for (const [other, last] of latest) {
      const of = parts[last].part;
      const overlap = Math.min(of.end, part.end) - Math.max(of.start, part.start);
      if (other !== speaker && overlap > 0.3) crossed.add(last).add(n);
    }
    if (!latest.has(speaker) || part.end > parts[latest.get(speaker)].part.end) latest.set(speaker, n);
  });
  return crossed;
}

function* ofTurn(t, turn, labelled) {
  const s = t.subtitles;
  let [width, count] = [s.max_line_width, s.max_line_count];
  let said = unitsOf(t, turn);
  let label = [];
  if (turn.speaker && labelled && (turn.begins || turn.atOnce)) {
    const { start, end } = turn.parts[0].part;
    label = units([{ text: `${turn.speaker}:`, start, end }], {});
  }
  if (turn.atOnce) {
    count = Math.max(1, Math.floor(count / 2));
    const room = label.reduce((sum, unit) => sum + unit.columns + 1, 0);
    if (room <= Math.floor(width / 2)) width -= room;
    else label = [];
  } else if (label.length) {
    [said, label] = [withLabel(label, said), []];
  }
  for (const run of runs(said)) {
    for (const piece of cut(bound(run, width), width, count, s.max_cue_duration_s)) {
      const shown = withLabel(label, piece);
      yield {
        start: shown[0].start, end: shown.at(-1).end, lines: linesOf(shown, s.max_line_width),
        columns: shown.reduce((sum, unit) => sum + unit.columns, 0) + shown.length - 1,
        speaker: turn.speaker, atOnce: turn.atOnce,
      };
    }
  }
}

function withLabel(label, said) {
  if (!label.length) return said;
  const { start } = said[0];
  return [...label.map((unit) => ({ ...unit, start, end: start })), { ...said[0], spaced: true }, ...said.slice(1)];
}

/** The parts as one text, with rising times. */
function unitsOf(t, turn) {
  const parts = turn.parts.map((each) => ({ ...each, text: withoutControls(each.isGap ? each.part.gap : each.part.text) }));
  const said = parts.flatMap((each) => timed(t, each, each.text));
  let latest = 0;
  return units(said, placesOf(parts)).map((unit) => {
    latest = Math.max(unit.start, latest);
    return { ...unit, start: latest, end: Math.max(latest, unit.end) };
  });
}

/** Of all parts as one text: its breaks, joints and open stops. What came with the page is so as it was
 * heard; for what somebody has written the rules of `units.js` hold. */
function placesOf(parts) {
  const text = withoutControls(parts.map((each) => each.text).join(""));
  const [joints, open, breaks] = [[], new Set(), []];
  let at = 0;
  for (const { part, text: own } of parts) {
    const lead = own.length - stripStart(own).length;
    if (at && meets(text.slice(0, at), part, own)) breaks.push(at + lead);
    for (const place of part.breaks ? kept(part.breaks, own) : spacedBreaks(own)) breaks.push(at + place);
    for (const place of part.stops ?? []) open.add(at + place);
    for (const stop of part.zones ? own.matchAll(/\./g) : []) {
      const place = stop.index + 1;
      const isMended = part.zones.some(([from, to]) => from <= place && place <= to);
      if (isMended && isOpenStop(text, at + place)) open.add(at + place);
    }
    joints.push(at);
    at += own.length;
  }
  return { joints, breaks, isOpen: (_, place) => open.has(place) };
}

function timed(t, { part, isGap }, text) {
  if (!isGap && part.words.length) return part.words;
  const found = splitWords(text);
  const widths = found.map(columns);
  let longest = t.subtitles.max_cue_duration_s;
  if (!isGap) longest = Math.max(longest, widths.reduce((a, b) => a + b, 0) / 5);
  const end = part.start + Math.min(part.end - part.start, longest);
  return shares(widths, part.start, end).map(([from, to], n) => ({ text: found[n], start: from, end: to }));
}

function runs(said) {
  const found = [];
  for (const unit of said) {
    if (found.length && unit.start - found.at(-1).at(-1).end < 1) found.at(-1).push(unit);
    else found.push([unit]);
  }
  return found;
}

function bound(run, width) {
  const made = [];
  for (const unit of run) {
    const before = made.at(-1);
    if (before?.ending === ENDING.OPEN && before.columns + 1 + unit.columns <= width) {
      const text = unit.spaced ? `${before.text} ${unit.text}` : before.text + unit.text;
      made[made.length - 1] = { ...before, text, end: unit.end, columns: columns(text), ending: unit.ending };
    } else {
      made.push(unit);
    }
  }
  return made;
}

const asSrt = (t) =>
  cues(t, true)
    .map((cue, n) => {
      const lines = cue.voices.flatMap((voice) => voice.lines).join("\n").replaceAll("-->", "→");
      return `${n + 1}\n${clock(cue.start, ",")} --> ${clock(cue.end, ",")}\n${lines}\n`;
    })
    .join("\n");

function asVtt(t) {
  const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const blocks = cues(t, false).map((cue) => {
    const closing = cue.voices.length > 1 ? "</v>" : "";
    const lines = cue.voices.map((voice) => {
      const text = plain(voice.lines.join("\n"));
      return voice.speaker ? `<v ${plain(voice.speaker)}>${text}${closing}` : text;
    });
    return `${clock(cue.start)} --> ${clock(cue.end)}\n${lines.join("\n")}\n`;
  });
  return ["WEBVTT\n", ...blocks].join("\n");
}

const FORMATS = {
  txt: [asTxt, "text/plain"], md: [asMd, "text/markdown"], srt: [asSrt, "application/x-subrip"],
  vtt: [asVtt, "text/vtt"], tsv: [asTsv, "text/tab-separated-values"], csv: [asCsv, "text/csv"],
  json: [asJson, "application/json"],
};
