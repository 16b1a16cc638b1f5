// What a line may be broken between; the rules of audiopipe/render/units.py and text/breaks.py.
// ICU's line rules are no part of a browser's JavaScript: where lines of what was heard may end
// came with the page (`t.segments[n].breaks`); for what is mended the rules below decide, and their
// places go with the corrections.

const ENDING = { OPEN: -1, NONE: 0, CLAUSE: 1, SENTENCE: 2 };
const ODD = `[^${WORD}${SPACE}\\u{1f000}-\\u{1ffff}]+`;
const BARE = new RegExp(`^${ODD}(?:[${SPACE}]+${ODD})*$`, "u");
const NEXT = new RegExp(`[^${WORD}]*([${WORD}])`, "uy");
const AMOUNT = new RegExp(`[${SPACE}]*\\p{Nd}`, "uy");
const AFTER_SPACE = new RegExp(`[^${SPACE}][${SPACE}]+(?=[^${SPACE}])`, "gu");
const NOT_AFTER_SPACE = /^[)\]}!?\/\u3001\u3002\uff0c\uff0e！？）」』】》〉〕｝]/u; // UAX 14, LB 13

function inRanges(ranges, code) {
  const n = bisect(ranges.length / 2, (i) => ranges[2 * i + 1] < code);
  return 2 * n < ranges.length && ranges[2 * n] <= code;
}

/** Width in a monospaced font: wide characters take two columns, marks none. */
function columns(text) {
  let width = 0;
  for (const c of text) {
    const code = c.codePointAt(0);
    if (code < 128) width += 1;
    else width += inRanges(TABLES.zero, code) ? 0 : inRanges(TABLES.wide, code) ? 2 : 1;
  }
  return width;
}

const lacksSpace = (text, place) =>
  place > 0 && isPhrased(text[place - 1]) && isPhrased(text[place] ?? "");

const isAscii = (text) => /^[\x00-\x7f]*$/.test(text);
const spacedBreaks = (text) => Array.from(text.matchAll(AFTER_SPACE), (m) => m.index + m[0].length);

/** Where a line may end inside a text. */
function lineBreaks(text) {
  const places = spacedBreaks(text);
  if (isAscii(text)) return places;
  const spaced = places.filter((place) => !NOT_AFTER_SPACE.test(text.slice(place, place + 2)));
  if (!new RegExp(`[${UNSPACED}\\u200b་།]`, "u").test(text)) return spaced;
  const words = new Intl.Segmenter("en", { granularity: "word" }).segment(text.toWellFormed());
  const kept = new Set(spaced);
  for (const { index } of words) {
    const [before, after] = [charBefore(text, index), charAt(text, index)];
    if (index && !isSpace(before) && !isSpace(after) && mayPart(before, after)) kept.add(index);
  }
  return [...kept].sort((a, b) => a - b);
}

const charAt = (text, place) => String.fromCodePoint(text.codePointAt(place));
function charBefore(text, place) {
  const low = text.charCodeAt(place - 1);
  return text.slice(place - ((low & 0xfc00) === 0xdc00 ? 2 : 1), place);
}

/** Whether a line may end between two characters, as far as they alone tell. */
function mayPart(before, after) {
  if (TABLES.neverFirst.includes(after) || TABLES.neverLast.includes(before) || /^\p{M}/u.test(after)) return false;
  return TABLES.loose.includes(before) || isUnspaced(before) || isUnspaced(after);
}

/** The places of a text that can be some: somebody may have changed it in the file since. */
function kept(places, text) {
  const canPart = (place) => {
    const [before, after] = [charBefore(text, place), charAt(text, place)];
    return isSpace(before) || TABLES.loose.includes(before) || isUnspaced(before) || isUnspaced(after);
  };
  return [...new Set(places)].filter((place) => place > 0 && place < text.length && canPart(place)).sort((a, b) => a - b);
}

/** Whether a line may end where a text meets the one before it. */
function meets(before, part, text) {
  if (part.breaks) return part.breaks.includes(0);
  const [left, right] = [charBefore(before, before.length), charAt(text, 0)];
  return isSpace(left) || isSpace(right) || mayPart(left, right);
}

/** The same for what somebody has written; places in characters, an emoji being one. */
const breaksOf = (text) => inCharacters(lineBreaks(text), text);
const inCharacters = (places, text) => (isWide(text) ? places.map((place) => size(text.slice(0, place))) : places);
const isWide = (text) => /[\ud800-\udbff][\udc00-\udfff]/.test(text);

/** Places in characters as those in a string of JavaScript. */
function inUnits(places, text) {
  if (!isWide(text)) return places;
  const characters = Array.from(text);
  return places.map((place) => characters.slice(0, place).join("").length);
}

/** Short forms of the transcript's language, and of itself. */
let SHORT = new Set();

/** Where a full stop ends no sentence: short forms, as far as the page knows them. */
function isOpenStop(text, place) {
  const near = text.slice(Math.max(0, place - 12), place);
  const word = /(?<![\p{L}\p{N}_'’-])((?:[\p{L}]|[\u0900-\u0963])+)\.$/u.exec(near);
  return Boolean(word && SHORT.has(word[1]));
}

/** Whether a full stop belongs to what follows: a title, an initial, or what goes on in small letters. */
function pointsOn(text, place) {
  const following = new RegExp(`[${SPACE}]*([^${SPACE}])`, "uy");
  following.lastIndex = place;
  const next = following.exec(text);
  if (text[place - 1] !== "." || !next) return false;
  const near = text.slice(Math.max(0, place - 12), place);
  const word = /(?<![\p{L}\p{N}_'’-])((?:[\p{L}]|[\u0900-\u0963])+)\.$/u.exec(near);
  return /^\p{Lowercase}/u.test(next[1]) || Boolean(word && (size(word[1]) === 1 || TABLES.titles.includes(word[1])));
}

/**
 * What one speaker says, cut into units {text, spaced, start, end, columns, ending}.
 * `said` are words; `places` the breaks, open stops and joints of their text.
 */
function units(said, places) {
  const text = said.map((word) => withoutControls(word.text)).join("");
  const breaks = places.breaks ?? lineBreaks(text);
  const times = timesOf(said);
  const spaces = new Set((places.joints ?? []).filter((place) => lacksSpace(text, place)));
  return clung(text, pieces(text, breaks)).map(([start, end]) => {
    const shown = text.slice(start, end).split(SPACES).filter(Boolean).join(" ");
    const isSpaced = spaces.has(end) || isSpace(text[end] ?? "");
    const [from, to] = times(...spoken(text, start, end));
    return {
      text: shown, spaced: spaces.has(start) || isSpace(text[start - 1] ?? ""), start: from, end: to,
      columns: columns(shown), ending: endingOf(text, start, end, places.isOpen ?? isOpenStop, isSpaced),
    };
  });
}

function timesOf(said) {
  const starts = [];
  const words = [];
  let at = 0;
  for (const word of said) {
    if (strip(word.text)) {
      starts.push(at + word.text.length - stripStart(word.text).length);
      words.push(word);
    }
    at += word.text.length;
  }
  const when = (place, more) => {
    const n = Math.max(0, bisect(starts.length, (i) => starts[i] <= place) - 1);
    const word = words[n];
    const core = strip(word.text);
    const inside = Math.max(0, place - starts[n] + more);
    const share = columns(core.slice(0, inside)) / (columns(core) || 1);
    return word.start + (word.end - word.start) * share;
  };
  return (start, end) => {
    const from = when(start, 0);
    return [from, Math.max(from, when(end - 1, 1))];
  };
}

function pieces(text, breaks) {
  const made = [];
  let start = 0;
  for (const end of [...breaks, text.length]) {
    const piece = text.slice(start, end);
    if (strip(piece)) made.push([start + piece.length - stripStart(piece).length, start + stripEnd(piece).length]);
    start = end;
  }
  return made;
}

function clung(text, pieces) {
  const made = [];
  let held = null;
  let hangsOn = false;
  let marks = 0;
  for (const [start, end] of pieces) {
    const bare = BARE.test(text.slice(start, end));
    marks += bare && TABLES.paired.includes(text[start]) ? 1 : 0;
    const opens = bare && isOpening(text, start, end, marks);
    NEXT.lastIndex = end;
    if (held && (hangsOn || (bare && !(opens && NEXT.test(text))))) {
      held = [held[0], end];
      hangsOn = opens;
    } else {
      if (held) made.push(held);
      held = [start, end];
      hangsOn = opens || bare;
    }
  }
  return held ? [...made, held] : made;
}

function isOpening(text, start, end, marks) {
  if (TABLES.paired.includes(text[start])) return marks % 2 === 1;
  const first = charAt(text, start);
  if (/^\p{Sc}/u.test(first)) {
    AMOUNT.lastIndex = end;
    return AMOUNT.test(text) && !/^\p{Nd}$/u.test(text.slice(Math.max(0, start - 2), Math.max(0, start - 1)));
  }
  return /^[\p{Pd}\p{Ps}\p{Pi}]/u.test(first);
}

function spoken(text, start, end) {
  const parts = Array.from(text.slice(start, end).matchAll(new RegExp(`[^${SPACE}]+`, "gu"))).filter(
    (part) => !BARE.test(part[0]),
  );
  if (!parts.length) return [start, end];
  return [start + parts[0].index, start + parts.at(-1).index + parts.at(-1)[0].length];
}

function endingOf(text, start, end, isOpen, isSpaced) {
  let to = end;
  while (to > start && TABLES.closing.includes(text[to - 1])) to--;
  const bare = text.slice(start, to);
  NEXT.lastIndex = end;
  const following = NEXT.exec(text);
  if (bare && TABLES.sentenceEnds.includes(bare.at(-1))) {
    const isStop = bare.endsWith(".") && !bare.endsWith("..") && following;
    if (isStop && (isOpen(text, to) || pointsOn(text, to))) return ENDING.OPEN;
    return following && /^\p{Lowercase}/u.test(following[1]) ? ENDING.CLAUSE : ENDING.SENTENCE;
  }
  const isPhrase = isSpaced && isPhrased(bare.at(-1) ?? "");
  return isPhrase || (bare && TABLES.clauseEnds.includes(bare.at(-1))) ? ENDING.CLAUSE : ENDING.NONE;
}
