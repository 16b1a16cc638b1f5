// What is under way: kept in the browser at every step, undone and done again without end.

/** The browser's memory; where there is none, nothing is kept, and that is told once. */
const memory = {
  get(key) {
    try {
      return JSON.parse(localStorage.getItem(`audiopipe:${key}`));
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`audiopipe:${key}`, JSON.stringify(value));
      return true;
    } catch {
      notice("This browser keeps nothing more: save the corrections as a file now (Save as).");
      return false;
    }
  },
  drop(key) {
    try {
      localStorage.removeItem(`audiopipe:${key}`);
    } catch {
      // nothing was kept
    }
  },
};

const sameState = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const COALESCE_MS = 1500;

/**
 * The steps on one transcript. A step is {when, changes: [[segment, from, to]]}; a state is
 * {text, speaker, settles}. Steps are kept one by one, so that an edit writes little.
 */
class Journal {
  constructor(corrections, changed) {
    this.corrections = corrections;
    this.changed = changed;
    this.key = corrections.original.id;
    this.mine = new Map();
    this.steps = [];
    this.kept = 0;
    const at = memory.get(`${this.key}:at`) ?? 0;
    for (let n = 0; n < at; n++) {
      const step = memory.get(`${this.key}:${n}`);
      if (step) this.take(step, 2);
    }
    for (let n = 0; ; n++) {
      const step = memory.get(`${this.key}:${n}`);
      if (!step) break;
      this.steps.push(step);
    }
    this.at = Math.min(at, this.steps.length);
    if (!PAGE.served) this.yield();
  }

  /** Where a later word of somebody else came with the page, that stands, and mine is kept before it. */
  yield() {
    for (const [n, { state, when }] of this.mine) {
      const last = this.corrections.last(n);
      if (last && last.when > when) {
        this.corrections.merge([{ ...this.corrections.row(n, state, ""), when }]);
        this.mine.delete(n);
      }
    }
  }

  /** What stands for a segment now. */
  state(n) {
    return this.mine.get(n)?.state ?? this.corrections.state(n);
  }

  /** Give segments other states; typing that goes on is one step. */
  step(changes, isTyping = false) {
    const real = changes
      .map(([n, to]) => [n, this.state(n), to])
      .filter(([, from, to]) => !sameState(from, to));
    if (!real.length) return;
    const when = new Date().toISOString();
    const last = this.steps[this.at - 1];
    const goesOn =
      isTyping && last?.isTyping && this.at === this.steps.length && this.at > this.kept && last.changes[0][0] === real[0][0] &&
      Date.parse(when) - Date.parse(last.when) < COALESCE_MS;
    if (goesOn) {
      last.changes[0][2] = real[0][2];
      last.when = when;
    } else {
      for (let n = this.at; n < this.steps.length; n++) memory.drop(`${this.key}:${n - this.kept}`);
      this.kept = Math.min(this.kept, this.at);
      this.steps.length = this.at;
      this.steps.push({ when, changes: real, isTyping });
      this.at += 1;
    }
    this.keep(this.at - 1);
    this.take({ when, changes: real }, 2);
    this.changed(real.map(([n]) => n), !isTyping);
  }

  undo() {
    if (!this.at) return;
    this.at -= 1;
    this.redone(this.steps[this.at], 1);
  }

  redo() {
    if (this.at >= this.steps.length) return;
    this.at += 1;
    this.redone(this.steps[this.at - 1], 2);
  }

  redone(step, which) {
    memory.set(`${this.key}:at`, Math.max(0, this.at - this.kept));
    this.take({ ...step, when: new Date().toISOString() }, which);
    this.changed(step.changes.map(([n]) => n), true);
  }

  take(step, which) {
    for (const change of step.changes) {
      this.mine.set(change[0], { state: change[which], when: step.when });
    }
  }

  /** What the server has is mine no longer, nor need it be kept here. */
  settle(rows) {
    for (const row of rows) {
      if (this.mine.get(row.segment)?.when === row.when) this.mine.delete(row.segment);
    }
    for (const [n, { state }] of this.mine) {
      if (sameState(state, this.corrections.state(n))) this.mine.delete(n);
    }
    if (this.mine.size) return;
    for (let n = this.kept; n < this.steps.length; n++) memory.drop(`${this.key}:${n - this.kept}`);
    this.kept = this.steps.length;
    memory.set(`${this.key}:at`, 0);
  }

  keep(n) {
    if (n >= this.kept) memory.set(`${this.key}:${n - this.kept}`, this.steps[n]);
    memory.set(`${this.key}:at`, Math.max(0, this.at - this.kept));
  }

  /** Rows of what is mine and stands nowhere else yet. */
  rows(who) {
    return [...this.mine]
      .filter(([n, { state }]) => !sameState(state, this.corrections.state(n)))
      .map(([n, { state, when }]) => ({ ...this.corrections.row(n, state, who), when }));
  }

  /** All corrections: those that came, and mine. */
  all(who) {
    const { original, history } = this.corrections;
    return new Corrections(original, [...history, ...this.rows(who)]);
  }

  settled() {
    const found = new Set();
    const numbers = new Set([...this.corrections.standing.keys(), ...this.mine.keys()]);
    for (const n of numbers) for (const doubt of this.state(n).settles) found.add(doubtKey(doubt));
    return found;
  }
}
