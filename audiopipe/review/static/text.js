// Text as Python and the rest of audiopipe see it: what is space, what is a word, how a number looks.

const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const WORD = "\\p{L}\\p{N}_";
const UNSPACED =
  "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3001-\\u30ff\\u31f0-\\u31ff\\u3400-\\u4dbf" +
  "\\u4e00-\\u9fff\\uf900-\\ufaff\\uff01-\\uff60\\u{20000}-\\u{3ffff}";
const CLUSTERED =
  /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u0300-\u036f\u3099\u309a\u200d\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
const isUnspaced = (c) => UNSPACED_RE.test(c);
const UNSPACED_RE = new RegExp(`^[${UNSPACED}]`, "u");
const isPhrased = (c) => /^[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]/.test(c);
const isSpace = (c) => SPACE_RE.test(c);
const SPACE_RE = new RegExp(`^[${SPACE}]+$`);
const STARTS = new RegExp(`^[${SPACE}]+`);
const ENDS = new RegExp(`[${SPACE}]+$`);
const SPACES = new RegExp(`[${SPACE}]+`);
const PIECE = new RegExp(`[${SPACE}]*(?:[${UNSPACED}]|[^${SPACE}${UNSPACED}]+)(?:[${SPACE}]+$)?`, "gu");

const strip = (text) => text.replace(STARTS, "").replace(ENDS, "");
const stripStart = (text) => text.replace(STARTS, "");
const stripEnd = (text) => text.replace(ENDS, "");
const withoutControls = (text) => text.replace(/[\x00-\x1f\x7f-\x9f]/g, " ");
const oneLine = (text) => withoutControls(text).split(SPACES).filter(Boolean).join(" ");

/** How many characters, an emoji being one. */
function size(text) {
  let n = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0xd800 && c < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) n--;
  }
  return n;
}

/** Where each grapheme cluster of a text ends. */
function clusterEnds(text) {
  const parts = new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text.toWellFormed());
  return new Set(Array.from(parts, (part) => part.index + part.segment.length));
}

/** The text in words, each with the space before it; joined they are the text again. */
function splitWords(text) {
  const pieces = text.match(PIECE) ?? (text ? [text] : []);
  if (!CLUSTERED.test(text)) return pieces;
  const ends = clusterEnds(text);
  const whole = [];
  let held = "";
  let at = 0;
  for (const piece of pieces) {
    held += piece;
    at += piece.length;
    if (ends.has(at)) {
      whole.push(held);
      held = "";
    }
  }
  return whole;
}

/** The time of a span shared out among parts by their lengths. */
function shares(lengths, start, end) {
  const total = lengths.reduce((a, b) => a + b, 0) || 1;
  let done = 0;
  let from = start;
  return lengths.map((length) => {
    done += length;
    const to = Math.max(from, Math.min(start + ((end - start) * done) / total, end));
    const share = [from, to];
    from = to;
    return share;
  });
}

/** A whole number of milliseconds, halves to the even one. */
function milliseconds(seconds) {
  const ms = seconds * 1000;
  const whole = Math.floor(ms);
  const rest = ms - whole;
  return rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? whole + 1 : whole;
}

const two = (n) => String(n).padStart(2, "0");
const three = (n) => String(n).padStart(3, "0");

function fields(ms, pad) {
  const minutes = Math.floor(ms / 60000);
  const hours = Math.floor(minutes / 60);
  return `${pad ? two(hours) : hours}:${two(minutes % 60)}:${two(Math.floor((ms % 60000) / 1000))}`;
}
const clock = (ms, decimal = ".") => `${fields(ms, true)}${decimal}${three(ms % 1000)}`;
const wholeClock = (seconds) => fields(milliseconds(seconds), true);
const shortClock = (seconds) => fields(milliseconds(seconds), false);

/** A float as Python shows it. */
function pyFloat(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity";
  if (x === 0) return Object.is(x, -0) ? "-0.0" : "0.0";
  const [mantissa, power] = x.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${two(Math.abs(exponent))}`;
  }
  const plain = exponent < 0 ? x.toFixed(mantissa.replace(/[-.]/g, "").length - 1 - exponent) : String(x);
  return plain.includes(".") ? plain : `${plain}.0`;
}
