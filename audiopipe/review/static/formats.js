// What `audiopipe render` writes, to the byte: txt, tsv, csv, md and json. Subtitles: cues.js.

/** Segments and gaps by start, each with the flags it shares; {part, flags, isGap}. */
function passages(t) {
  const said = [];
  flagsBySegment(t).forEach((flags, n) => {
    const part = t.segments[n];
    if (oneLine(part.text)) said.push({ part, flags, isGap: false });
  });
  const gaps = t.failures.map((part) => ({ part, flags: [], isGap: true }));
  const merged = [];
  let [i, j] = [0, 0];
  while (i < said.length || j < gaps.length) {
    const isGap = i >= said.length || (j < gaps.length && gaps[j].part.start < said[i].part.start);
    merged.push(isGap ? gaps[j++] : said[i++]);
  }
  return merged;
}

/** For each segment the flags that share time with it. */
function flagsBySegment(t) {
  const found = t.segments.map(() => []);
  for (const flag of t.flags) {
    for (const n of touched(t.segments, flag)) found[n].push(flag);
  }
  return found;
}

/** Numbers of the segments that a flag shares time with. */
function touched(segments, flag) {
  const numbers = [];
  const first = bisect(segments.length, (n) => segments[n].end < flag.start);
  const last = bisect(segments.length, (n) => segments[n].start <= flag.end);
  for (let n = first; n < last; n++) {
    const { start, end } = segments[n];
    const shared = Math.min(end, flag.end) - Math.max(start, flag.start);
    const both = flag.end - flag.start && end - start;
    if (both ? shared > 0 : flag.start <= end && start <= flag.end) numbers.push(n);
  }
  return numbers;
}

/** The first number for which it no longer holds. */
function bisect(length, holds) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const speakerOf = (part) => oneLine(part.speaker ?? "");

function lineOf({ part, isGap }) {
  if (isGap) return part.gap;
  const speaker = speakerOf(part);
  return speaker ? `${speaker}: ${oneLine(part.text)}` : oneLine(part.text);
}

const asTxt = (t) => passages(t).map((each) => `${lineOf(each)}\n`).join("");

function asTsv(t) {
  const rows = passages(t).map(
    (each) => `${milliseconds(each.part.start)}\t${milliseconds(each.part.end)}\t${lineOf(each)}\n`,
  );
  return `start\tend\ttext\n${rows.join("")}`;
}

const CSV_HEAD =
  "start,end,speaker,language,text,avg_logprob,no_speech_prob,compression_ratio,flags\r\n";
const literal = (text) => (/^'*[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text);
const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const kinds = (flags) => [...new Set(flags.map((flag) => flag.kind))];

function asCsv(t) {
  const seconds = (s) => `${Math.floor(milliseconds(s) / 1000)}.${three(milliseconds(s) % 1000)}`;
  const known = (raw) => (raw === "null" ? "" : raw);
  const rows = passages(t).map(({ part, flags, isGap }) => {
    const times = [seconds(part.start), seconds(part.end)];
    if (isGap) return [...times, "", "", part.gap, "", "", "", ""];
    return [
      ...times, literal(speakerOf(part)), part.language ? literal(oneLine(part.language)) : "",
      literal(oneLine(part.text)), known(part.avg_logprob), known(part.no_speech_prob),
      known(part.compression_ratio), literal(kinds(flags).join(";")),
    ];
  });
  return CSV_HEAD + rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

const SENTENCE_END = /[.!?…。！？؟۔।]["'”’»)」』\]]*$/u;
const escaped = (text) => oneLine(text).replace(/([\\`*_[\]<>&~|#$])/g, "\\$1");

function paragraphs(parts) {
  const groups = [];
  let group = [];
  for (const each of parts) {
    if (group.length && beginsParagraph(group, each)) {
      groups.push(group);
      group = [];
    }
    group.push(each);
  }
  return group.length ? [...groups, group] : groups;
}

function beginsParagraph(group, { part, isGap }) {
  const last = group.at(-1);
  if (isGap || last.isGap || part.speaker !== last.part.speaker) return true;
  const lasted = last.part.end - group[0].part.start;
  return part.start - last.part.end >= 2 || (lasted >= 60 && SENTENCE_END.test(oneLine(last.part.text)));
}

function asMd(t) {
  const numbers = new Map(t.flags.map((flag, n) => [JSON.stringify(flag), n + 1]));
  const blocks = [`# ${escaped(t.title)}`, t.madeBy];
  for (const group of paragraphs(passages(t))) {
    const first = group[0];
    let head = `**${wholeClock(first.part.start)}**`;
    if (first.isGap) {
      blocks.push(`${head} *${escaped(first.part.gap)}*`);
      continue;
    }
    if (first.part.speaker) head += ` **${escaped(first.part.speaker)}:**`;
    let [said, before] = ["", null];
    for (const { part, flags, isGap } of group) {
      const text = isGap ? "" : part.text;
      said += (isGap ? "" : jointOf(t, before, part)) + text + flags.map((f) => ` [⚑${numbers.get(JSON.stringify(f))}]`).join("");
      before = part;
    }
    blocks.push(`${head} ${escaped(said)}`);
  }
  if (t.flags.length) blocks.push("## Flags", t.flags.map((f, n) => `${n + 1}. ${f.md}`).join("\n"));
  return `${blocks.join("\n\n")}\n`;
}

/** The space that two phrases lack between them; of what nobody has touched it is known. */
function jointOf(t, before, part) {
  if (!t.isMended) return part.joint;
  const lacks = before && lacksSpace(before.text + part.text, before.text.length);
  return lacks && part.breaks?.includes(0) ? " " : "";
}

function asJson(t) {
  const rows = flagsBySegment(t).map((flags, n) => segmentRow(t, n, flags));
  const words = t.segments.flatMap((segment, n) => wordRows(segment, n));
  const listed = (items) => (items.length ? `[\n    ${items.join(",\n    ")}\n  ]` : "[]");
  const text = strip(t.segments.map((segment) => segment.text).join(""));
  return (
    `{\n${t.head},\n  "text": ${JSON.stringify(text)},\n  "segments": ${listed(rows)},\n` +
    `  "words": ${listed(words)},\n${t.tail}\n}\n`
  );
}

function segmentRow(t, n, flags) {
  const s = t.segments[n];
  const facts = [
    `"id": ${n}`, `"seek": ${s.seek}`, `"start": ${s.rawStart}`, `"end": ${s.rawEnd}`,
    `"text": ${JSON.stringify(s.text)}`,
  ];
  if (s.tokens) facts.push(`"tokens": [${s.tokens.split(" ").join(", ")}]`);
  for (const name of MEASURES) facts.push(`"${name}": ${s[name]}`);
  if (s.language !== null) facts.push(`"language": ${JSON.stringify(s.language)}`);
  if (s.speaker !== null) facts.push(`"speaker": ${JSON.stringify(s.speaker)}`);
  facts.push(`"flags": [${kinds(flags).map((kind) => JSON.stringify(kind)).join(", ")}]`);
  if (s.breaks && (t.isMended || s.isTold)) facts.push(`"breaks": [${inCharacters(s.breaks, s.text).join(", ")}]`);
  return `{${facts.join(", ")}}`;
}

function wordRows(s, n) {
  const texts = s.words.map((word) => word.text);
  const bare = texts.map(strip);
  const isRecoverable = withSpaces(bare, s.text).every((text, i) => text === texts[i]);
  return s.words.map((word, i) => {
    const text = JSON.stringify(isRecoverable ? bare[i] : texts[i]);
    const sure = word.probability === "" ? "" : `"probability": ${word.probability}, `;
    return `{"word": ${text}, "start": ${word.rawStart}, "end": ${word.rawEnd}, ${sure}"segment": ${n}}`;
  });
}

function withSpaces(words, text) {
  if (words.join("") === text) return words;
  let position = 0;
  return words.map((word) => {
    const end = text.indexOf(word, position) + word.length;
    const spaced = text.slice(position, end);
    position = end;
    return spaced;
  });
}
