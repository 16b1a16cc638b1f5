// One transcript under review: its passages, the doubts, and what is done about them.

const LEAD_S = 2;
/** Passages that are laid out together, and only when they come near: an edit costs those of its own
 * chunk, and opening ten hours what is on the screen. Find in page sees all of them. */
const CHUNK = 16;
const ROW_SIZE = 80;

class Review {
  constructor(transcript) {
    this.t = transcript;
    this.corrections = new Corrections(transcript, transcript.corrections);
    this.journal = new Journal(this.corrections, (numbers, rewrite) => this.changed(numbers, rewrite));
    this.touching = flagsBySegment(transcript);
    this.placeOf = transcript.flags.map((flag) => touched(transcript.segments, flag));
    this.doubt = -1;
    this.current = -1;
    this.nodes = [];
    this.leads = transcript.segments.map(({ text }) => text.length - stripStart(text).length);
    this.settledNow = this.journal.settled();
    this.build();
    this.player = new Player(transcript, this);
    this.tell();
    const place = memory.get(`${transcript.id}:place`);
    if (place) this.restore(place);
    else this.doubtTold();
  }

  // -- the passages

  build() {
    const list = $("list");
    list.replaceChildren();
    list.lang = this.t.lang;
    const fragment = document.createDocumentFragment();
    let chunk = null;
    const gaps = [...this.t.failures];
    const empty = emptyPassage();
    this.t.segments.forEach((segment, n) => {
      if (n % CHUNK === 0) {
        chunk = document.createElement("div");
        chunk.className = "chunk";
        chunk.style.setProperty("--rows", rowsAbout(this.t.segments.slice(n, n + CHUNK)));
        fragment.append(chunk);
      }
      while (gaps.length && gaps[0].start < segment.start) chunk.append(gapNode(gaps.shift()));
      const node = empty.cloneNode();
      node.dataset.n = n;
      if (!n) node.tabIndex = 0;
      node.dataset.time = shortClock(segment.start);
      if (segment.language && segment.language !== this.t.lang) node.lang = segment.language;
      this.nodes.push(node);
      this.show(n, true);
      chunk.append(node);
    });
    for (const gap of gaps) fragment.append(gapNode(gap));
    list.append(fragment);
  }

  /** What a passage looks like now. */
  show(n, rewrite) {
    const node = this.nodes[n];
    const state = this.journal.state(n);
    const segment = this.t.segments[n];
    const shown = this.shown(n);
    if (rewrite && node.textContent !== shown) node.textContent = shown;
    const flags = this.touching[n];
    const open = flags.filter((flag) => !this.settledNow.has(doubtKey(flag)));
    const isStruck = !strip(state.text) && state.text !== segment.text;
    node.dataset.speaker = state.speaker ?? "";
    node.dataset.flags = kinds(open.length ? open : flags).join(", ");
    const isChanged = state.text !== segment.text || state.speaker !== segment.speaker || Boolean(state.joined);
    node.className = [
      "segment", open.length && "flagged", flags.length && !open.length && "settled",
      isChanged && "changed", isStruck && "struck", state.joined && "joined", n === this.current && "current",
    ].filter(Boolean).join(" ");
    const said = [node.dataset.time, state.speaker, open.length && `doubt: ${kinds(open).join(", ")}`, state.joined && "joined to the one before"];
    node.setAttribute("aria-label", said.filter(Boolean).join(", "));
  }

  shown(n) {
    return strip(this.journal.state(n).text);
  }

  /** The text of a passage with the space around it that the transcript has. */
  written(n, shown) {
    const { text } = this.t.segments[n];
    if (shown === strip(text)) return text;
    if (!strip(shown)) return "";
    return text.slice(0, this.leads[n]) + strip(shown.replace(/\s*\n\s*/g, "\n")) + text.slice(stripEnd(text).length);
  }

  typed(n) {
    const state = this.journal.state(n);
    const text = this.written(n, this.nodes[n].textContent);
    const settles = this.settledBy(n, state, text !== this.t.segments[n].text);
    this.journal.step([[n, { ...state, text, settles }]], true);
  }

  /** What is mended while its doubt is at hand is no doubt any more. */
  settledBy(n, state, isMended) {
    const flag = this.t.flags[this.doubt];
    if (!flag || !isMended || !this.placeOf[this.doubt].includes(n)) return state.settles;
    return this.settledNow.has(doubtKey(flag)) ? state.settles : [...state.settles, doubtRow(flag)];
  }

  changed(numbers, rewrite) {
    const before = this.settledNow;
    this.settledNow = this.journal.settled();
    const also = new Set(numbers.filter((n) => n !== null));
    this.t.flags.forEach((flag, f) => {
      const key = doubtKey(flag);
      if (before.has(key) !== this.settledNow.has(key)) for (const n of this.placeOf[f]) also.add(n);
    });
    for (const n of also) this.show(n, rewrite);
    this.tell();
    this.doubtTold();
    search.stale();
    this.remember();
    this.onchange?.();
  }

  /** The server has some rows of mine, and gives those that came since. */
  taken(mine, rows) {
    const before = new Map(rows.map(({ segment }) => [segment, segment === null ? "" : this.shown(segment)]));
    const numbers = [...this.corrections.merge(rows)];
    this.journal.settle(mine);
    this.settledNow = this.journal.settled();
    const others = numbers.filter((n) => n !== null && before.get(n) !== this.shown(n));
    if (others.length) this.redraw(others);
    else if (numbers.length) this.tell();
  }

  redraw(numbers) {
    const { anchorNode, anchorOffset } = getSelection();
    for (const n of numbers) this.show(n, true);
    this.tell();
    this.doubtTold();
    search.stale();
    const held = this.nodes[this.current];
    if (held && held === document.activeElement && anchorNode && !anchorNode.isConnected && held.firstChild) {
      getSelection().collapse(held.firstChild, Math.min(anchorOffset, held.firstChild.length));
    }
  }

  /** Have a passage at hand. */
  choose(n, { focus = false, scroll = true } = {}) {
    const before = this.current;
    this.current = n;
    if (this.nodes[before] && before !== n) {
      this.nodes[before].tabIndex = -1;
      this.nodes[before].classList.remove("current");
    }
    const node = this.nodes[n];
    if (!node) return;
    node.tabIndex = 0;
    node.classList.add("current");
    if (focus) node.focus({ preventScroll: true });
    if (scroll) reveal(node);
    if (before !== n) this.remember();
  }

  // -- what is heard

  get openFlags() {
    return this.t.flags.filter((flag) => !this.settledNow.has(doubtKey(flag)));
  }

  get openCount() {
    return this.openFlags.length;
  }

  heard(segment, word, isNow, isPlaying) {
    const key = isNow ? `${segment} ${word}` : "";
    if (key === this.heardKey) return;
    this.heardKey = key;
    CSS.highlights?.delete("now");
    const range = isNow && this.rangeOf(segment, word);
    if (range) CSS.highlights?.set("now", new Highlight(range));
    const isElsewhere = document.activeElement?.classList.contains("segment") && this.current !== segment;
    if (isPlaying && isNow && $("follow").checked && !isElsewhere && segment >= 0) reveal(this.nodes[segment], true);
  }

  /** Where a word stands on the page; the whole passage where words are not known. */
  rangeOf(n, w) {
    const text = this.nodes[n]?.firstChild;
    if (!text) return null;
    const range = document.createRange();
    const words = this.wordsOf(n);
    if (w < 0 || !words.length) {
      range.selectNodeContents(this.nodes[n]);
      return range;
    }
    const spoken = this.t.segments[n].words[w];
    const at = words.findIndex((word) => word.end > spoken.start + 1e-6);
    const index = at < 0 ? words.length - 1 : at;
    let place = -this.leadOf(n);
    for (let i = 0; i < index; i++) place += words[i].text.length;
    const own = words[index].text;
    const from = Math.max(0, place + own.length - stripStart(own).length);
    const to = Math.min(text.length, place + stripEnd(own).length);
    if (from >= to) return null;
    range.setStart(text, from);
    range.setEnd(text, to);
    return range;
  }

  leadOf(n) {
    const { text } = this.journal.state(n);
    return text.length - stripStart(text).length;
  }

  wordsOf(n) {
    const { text } = this.journal.state(n);
    const segment = this.t.segments[n];
    if (text === segment.text) return segment.words;
    if (this.rewordedFor !== `${n} ${text}`) {
      this.rewordedFor = `${n} ${text}`;
      this.reworded = reword(segment, text);
    }
    return this.reworded;
  }

  /** When the character at a place of a passage is spoken. */
  timeAt(n, offset) {
    const words = this.wordsOf(n);
    let place = -this.leadOf(n);
    for (const word of words) {
      place += word.text.length;
      if (place > offset) return word.start;
    }
    return words.at(-1)?.start ?? this.t.segments[n].start;
  }

  // -- doubts

  /** Go to the next doubt that nobody has settled, and play it from two seconds before. */
  walk(step) {
    const { flags } = this.t;
    if (!flags.length) return;
    const isOpen = (f) => !this.settledNow.has(doubtKey(flags[f]));
    const start = this.doubt < 0 && step < 0 ? 0 : this.doubt;
    for (let k = 1; k <= flags.length; k++) {
      const f = (((start + step * k) % flags.length) + flags.length) % flags.length;
      if (isOpen(f)) {
        this.goTo(f);
        return;
      }
    }
    notice("No doubt is left.");
    this.doubtTold();
  }

  goTo(f, play = true) {
    this.doubt = f;
    const flag = this.t.flags[f];
    const n = this.placeOf[f][0] ?? this.nearest(flag.start);
    this.choose(n, { focus: true });
    this.doubtTold();
    this.underline(f);
    if (play) this.player.play(flag.start - LEAD_S, flag.end + 1.5);
    this.remember();
  }

  nearest(seconds) {
    const { segments } = this.t;
    return Math.max(0, bisect(segments.length, (n) => segments[n].start <= seconds) - 1);
  }

  underline(f) {
    const flag = this.t.flags[f];
    const ranges = this.placeOf[f].flatMap((n) => {
      const { words } = this.t.segments[n];
      const under = words.map((_, w) => w).filter((w) => words[w].end > flag.start && words[w].start < flag.end);
      return under.map((w) => this.rangeOf(n, w)).filter(Boolean);
    });
    CSS.highlights?.set("doubt", new Highlight(...ranges.slice(0, 500)));
  }

  accept() {
    const flag = this.t.flags[this.doubt];
    const flags = flag ? [flag] : this.touching[this.current] ?? [];
    const fresh = flags.filter((each) => !this.settledNow.has(doubtKey(each)));
    if (!fresh.length) return;
    const n = flag ? this.placeOf[this.doubt].find((each) => each === this.current) ?? this.placeOf[this.doubt][0] ?? null : this.current;
    const state = this.journal.state(n);
    this.journal.step([[n, { ...state, settles: [...state.settles, ...fresh.map(doubtRow)] }]]);
    if (!this.openCount) notice("All doubts are settled. Save the corrections, or any format.");
  }

  /** The passage as it was heard, and its doubts open again. */
  revert() {
    const numbers = new Set(this.doubt >= 0 ? [...this.placeOf[this.doubt]] : []);
    if (this.doubt >= 0 && !numbers.size) numbers.add(null);
    else if (this.current >= 0) numbers.add(this.current);
    this.journal.step([...numbers].map((n) => [n, this.corrections.original.segments[n]
      ? { text: this.t.segments[n].text, speaker: this.t.segments[n].speaker, settles: [] }
      : { text: "", speaker: null, settles: [] }]));
  }

  strike() {
    if (this.current < 0) return;
    const state = this.journal.state(this.current);
    const settles = this.settledBy(this.current, state, true);
    this.journal.step([[this.current, { ...state, text: "", settles }]]);
  }

  /** Put a passage together with the one before it, or take them apart again. */
  join(n) {
    if (n < 1) return;
    const { joined, ...state } = this.journal.state(n);
    this.journal.step([[n, joined ? state : { ...state, joined: true }]]);
  }

  use(n, text) {
    const state = this.journal.state(n);
    const written = this.written(n, text);
    this.journal.step([[n, { ...state, text: written, settles: this.settledBy(n, state, true) }]]);
  }

  speakers() {
    const found = this.t.segments.map((_, n) => this.journal.state(n).speaker).filter(Boolean);
    return [...new Set([...found, ...(this.added ?? [])])];
  }

  give(number) {
    const speaker = this.speakers()[number - 1];
    if (this.current < 0) return;
    if (!speaker) {
      notice(`There is no speaker ${number}: add one under Speakers.`);
      return;
    }
    this.journal.step([[this.current, { ...this.journal.state(this.current), speaker }]]);
  }

  rename(from, to) {
    const changes = this.t.segments
      .map((_, n) => [n, this.journal.state(n)])
      .filter(([, state]) => state.speaker === from)
      .map(([n, state]) => [n, { ...state, speaker: to || null }]);
    this.added = (this.added ?? []).map((name) => (name === from ? to : name)).filter(Boolean);
    this.journal.step(changes);
  }

  tell() {
    $("list").classList.toggle("nameless", !this.speakers().length);
    const all = this.t.flags.length;
    const left = this.openCount;
    $("progress").textContent = all ? `${all - left} of ${all} doubts settled` : "No doubts";
    memory.set(`${this.t.id}:progress`, { settled: all - left, open_s: covered(this.openFlags) });
  }

  doubtTold() {
    $("doubt-accept").disabled = !this.t.flags[this.doubt] || this.settledNow.has(doubtKey(this.t.flags[this.doubt]));
    $("doubt-next").disabled = $("doubt-back").disabled = !this.t.flags.length;
    doubtPanel(this);
  }

  remember() {
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => {
      const place = { current: this.current, doubt: this.doubt, time: this.player.now };
      memory.set(`${this.t.id}:place`, place);
    }, 300);
  }

  restore({ current, doubt, time }) {
    this.doubt = this.t.flags[doubt] ? doubt : -1;
    if (this.nodes[current]) this.choose(current);
    if (time) this.player.seek(time);
    this.doubtTold();
  }
}

const doubtRow = ({ kind, start, end }) => ({ kind, start, end });

function covered(spans) {
  let [sum, now] = [0, 0];
  for (const { start, end } of [...spans].sort((a, b) => a.start - b.start)) {
    sum += Math.max(0, end - Math.max(now, start));
    now = Math.max(now, end);
  }
  return sum;
}

/** How many lines some passages may take, until they are laid out. */
function rowsAbout(segments) {
  return segments.reduce((sum, { text }) => sum + Math.ceil(text.length / ROW_SIZE), 0);
}

function emptyPassage() {
  const node = document.createElement("p");
  node.className = "segment";
  node.dir = "auto";
  node.tabIndex = -1;
  node.contentEditable = "plaintext-only";
  node.setAttribute("role", "textbox");
  node.setAttribute("aria-multiline", "true");
  return node;
}

function gapNode(gap) {
  const node = document.createElement("p");
  node.className = "gap";
  node.textContent = `${shortClock(gap.start)} ${gap.gap}`;
  return node;
}

/** Scroll as little as it takes; while playing, before it gets out of sight. */
function reveal(node, isFollowing) {
  const box = node.getBoundingClientRect();
  const list = $("list").getBoundingClientRect();
  const low = list.bottom - list.height * (isFollowing ? 0.25 : 0.15);
  if (box.top < list.top + 20 || box.bottom > low) {
    $("list").scrollTop += box.top - list.top - list.height * 0.33;
  }
}
