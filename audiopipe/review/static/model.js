// A transcript as it came with the page, and as it stands with what was mended.

const MEASURES = ["temperature", "avg_logprob", "compression_ratio", "no_speech_prob"];

const column = (text) => (text === "" ? [] : text.split(","));

/** The transcript of a document: times as numbers, and as Python shows them. */
function decode(doc) {
  SHORT = new Set(doc.short);
  const [starts, ends, seeks] = [doc.start, doc.end, doc.seek].map(column);
  const measures = MEASURES.map((name) => [name, column(doc[name])]);
  const segments = doc.text.map((_, n) => {
    const known = Object.fromEntries(measures.map(([name, values]) => [name, values[n]]));
    return new Heard(doc, n, { rawStart: starts[n], rawEnd: ends[n], seek: seeks[n], ...known });
  });
  return { ...doc, segments };
}

/** A segment. Of ten hours most are only read: its words are made when somebody asks for them. */
class Heard {
  constructor(doc, n, raw) {
    Object.assign(this, raw);
    this.n = n;
    this.text = doc.text[n];
    this.start = Number(raw.rawStart);
    this.end = Number(raw.rawEnd);
    this.speaker = doc.speaker?.[n] ?? null;
    this.language = doc.language_of?.[n] ?? null;
    this.tokens = doc.tokens?.[n] ?? "";
    this.breaks = doc.breaks[n] ?? null;
    this.isTold = doc.told.includes(n);
    this.stops = doc.stops[n] ?? null;
    this.joint = doc.joints[n] ?? "";
    this.columns = doc.words;
  }

  /** Its words, see `reword`. */
  get words() {
    return (this.made ??= this.split());
  }

  split() {
    const { lengths, start, end, probability } = this.columns;
    const [starts, ends, sure] = [start, end, probability].map((each) => column(each[this.n] ?? ""));
    let place = 0;
    return column(lengths[this.n]).map((length, at) => {
      const text = this.text.slice(place, (place += Number(length)));
      return {
        text, start: Number(starts[at]), end: Number(ends[at]),
        rawStart: starts[at], rawEnd: ends[at], probability: sure[at] ?? "",
      };
    });
  }

  /** The same with something else in it. */
  with(other) {
    return Object.assign(Object.create(this), other);
  }
}

const doubtKey = (doubt) => `${doubt.kind} ${doubt.start} ${doubt.end}`;

/**
 * What people have said of the segments: rows of NAME.corrections.json.
 * `last(n)` is the last word on a segment, `null` for flags that lie in none.
 */
class Corrections {
  constructor(original, rows) {
    this.original = original;
    this.history = [];
    this.standing = new Map();
    this.places = new Map();
    this.merge(rows);
  }

  /** Take rows in; the numbers of the segments that now stand otherwise. */
  merge(rows) {
    if (!rows.length) return new Set();
    const known = new Set(this.history.map((row) => JSON.stringify(row)));
    const fresh = rows.filter((row) => !known.has(JSON.stringify(row)));
    if (!fresh.length) return new Set();
    this.history = [...this.history, ...fresh].sort((a, b) => (a.when < b.when ? -1 : a.when > b.when ? 1 : 0));
    const before = this.standing;
    this.standing = new Map();
    for (const row of this.history) {
      const place = this.place(row);
      if (place !== undefined) this.standing.set(place, row);
    }
    const differs = ([n, row]) => before.get(n) !== row;
    return new Set([...this.standing].filter(differs).map(([n]) => n));
  }

  /** The segment that a row is of; undefined where it is of another transcript. */
  place(row) {
    const { segments } = this.original;
    if (row.segment === null) return null;
    if (segments[row.segment]?.text === row.before) return row.segment;
    let best;
    segments.forEach((segment, n) => {
      const isNearer = best === undefined || Math.abs(n - row.segment) < Math.abs(best - row.segment);
      if (segment.text === row.before && isNearer) best = n;
    });
    return best;
  }

  last(n) {
    return this.standing.get(n);
  }

  /** What stands for a segment: {text, speaker, settles}. */
  state(n) {
    const row = this.last(n);
    if (row) {
      const { after: text, speaker, settles, joined } = row;
      return { text, speaker, settles, ...(joined && { joined }) };
    }
    const segment = n === null ? { text: "", speaker: null } : this.original.segments[n];
    return { text: segment.text, speaker: segment.speaker, settles: [] };
  }

  /** The row that gives a segment another state. */
  row(n, state, who) {
    const before = n === null ? "" : this.original.segments[n].text;
    const isPlain = state.text === before || isAscii(state.text);
    const breaks = isPlain ? null : breaksOf(textsOf(state.text, before).join(""));
    return {
      segment: n, before, after: state.text, speaker: state.speaker, who,
      when: new Date().toISOString(), settles: state.settles,
      ...(state.joined && { joined: true }), ...(breaks && { breaks }),
    };
  }

  settled() {
    return new Set([...this.standing.values()].flatMap((row) => row.settles.map(doubtKey)));
  }

  isChanged(n) {
    const { text, speaker, joined } = this.state(n);
    const segment = this.original.segments[n];
    return text !== segment.text || speaker !== segment.speaker || Boolean(joined);
  }

  /** A segment as it stands: none where it is struck, more where it was cut. */
  parts(n) {
    const segment = this.original.segments[n];
    if (!this.isChanged(n)) return [segment];
    const { text, speaker } = this.state(n);
    if (text === segment.text) return [segment.with({ speaker })];
    if (!strip(text)) return [];
    const texts = textsOf(text, segment.text);
    const whole = texts.join("");
    const told = isAscii(text) ? null : this.last(n).breaks ?? breaksOf(whole);
    const breaks = told && [0, ...inUnits(told, whole)];
    const made = reword(segment, whole);
    return divided(segment.with({ text: whole, speaker, made, breaks, ...carried(segment, whole) }), texts);
  }

  /** The transcript as corrected. */
  corrected() {
    const isMended = this.original.segments.some((_, n) => this.isChanged(n));
    const segments = [];
    this.original.segments.forEach((_, n) => {
      const parts = this.parts(n);
      const isJoined = this.state(n).joined && segments.length && parts.length;
      if (isJoined) segments.push(together(segments.pop(), parts.shift()));
      segments.push(...parts);
    });
    return { ...this.original, isMended, segments };
  }

  /** The file that stands beside the transcript. */
  file() {
    const rows = this.history.map((row) => JSON.stringify(row)).join(",\n    ");
    const listed = rows ? `[\n    ${rows}\n  ]` : "[]";
    return `{\n  "transcript": ${JSON.stringify(this.original.file)},\n  "corrections": ${listed},\n  "version": 1\n}\n`;
  }
}

/** Of a text that was mended: `zones` of what is new in it, and the stops that came with the rest. */
function carried(segment, text) {
  const zones = [];
  const stops = [];
  let [old, fresh] = [0, 0];
  for (const change of [...differences(segment.text, text), null]) {
    const end = change?.start ?? segment.text.length + 1;
    for (const place of segment.stops ?? []) {
      if (place >= old && place <= end) stops.push(place - old + fresh);
    }
    if (change) {
      fresh += change.start - old;
      zones.push([fresh, fresh + change.written.length]);
      fresh += change.written.length;
      old = change.end;
    }
  }
  return { zones, stops };
}
