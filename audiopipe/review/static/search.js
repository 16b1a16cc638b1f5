// Find and replace over all passages.

const search = {
  hits: [],
  at: -1,
  isStale: true,

  open() {
    const chosen = String(getSelection()).trim();
    $("search").hidden = false;
    if (chosen && chosen.length < 100) $("find").value = chosen;
    $("find").focus();
    $("find").select();
    this.stale();
    this.look();
  },

  close() {
    $("search").hidden = true;
    CSS.highlights?.delete("found");
    review?.nodes[review.current]?.focus();
  },

  stale() {
    this.isStale = true;
    if (!$("search").hidden) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.look(), 250);
    }
  },

  pattern() {
    const text = $("find").value.normalize("NFC");
    if (!text) return null;
    const plain = text.replace(/[.*+?^${}()|[\]\\\/]/g, "\\$&");
    const edge = $("whole").checked;
    const source = edge ? `(?<![\\p{L}\\p{N}_])${plain}(?![\\p{L}\\p{N}_])` : plain;
    return new RegExp(source, $("case").checked ? "gu" : "giu");
  },

  look() {
    this.isStale = false;
    this.hits = [];
    const pattern = this.pattern();
    if (pattern && review) {
      review.t.segments.forEach((_, n) => {
        for (const hit of review.shown(n).matchAll(pattern)) this.hits.push([n, hit.index, hit[0].length]);
      });
    }
    $("hits").textContent = $("find").value ? `${this.hits.length} found` : "";
    this.mark();
  },

  mark() {
    if (!CSS.highlights) return;
    const ranges = this.hits.slice(0, 3000).flatMap(([n, from, length]) => {
      const text = review.nodes[n].firstChild;
      if (!text || from + length > text.length) return [];
      const range = document.createRange();
      range.setStart(text, from);
      range.setEnd(text, from + length);
      return [range];
    });
    CSS.highlights.set("found", new Highlight(...ranges));
  },

  go(step) {
    if (this.isStale) this.look();
    if (!this.hits.length) return;
    const { current } = review;
    const first = this.hits.findIndex(([n]) => n >= current);
    this.at = this.at < 0 ? Math.max(0, first) : (this.at + step + this.hits.length) % this.hits.length;
    const [n, from, length] = this.hits[this.at];
    $("hits").textContent = `${this.at + 1} of ${this.hits.length}`;
    review.choose(n);
    const text = review.nodes[n].firstChild;
    getSelection().setBaseAndExtent(text, from, text, from + length);
  },

  /** Replace one match, or all of them, in one step. */
  replace(isAll) {
    if (this.isStale) this.look();
    const pattern = this.pattern();
    if (!pattern || !this.hits.length) return;
    const to = $("replace").value;
    const hit = this.hits[Math.max(0, this.at)];
    const numbers = isAll ? [...new Set(this.hits.map(([n]) => n))] : [hit[0]];
    const changes = numbers.map((n) => {
      const shown = review.shown(n);
      const text = isAll
        ? shown.replace(pattern, () => to)
        : shown.slice(0, hit[1]) + to + shown.slice(hit[1] + hit[2]);
      return [n, { ...review.journal.state(n), text: review.written(n, text) }];
    });
    const count = isAll ? this.hits.length : 1;
    review.journal.step(changes);
    this.look();
    $("hits").textContent = `${count} replaced`;
    if (!isAll) this.at -= 1;
  },

  bind() {
    $("search").onsubmit = (event) => {
      event.preventDefault();
      this.go(1);
    };
    $("find").oninput = () => {
      this.at = -1;
      this.stale();
    };
    $("case").onchange = $("whole").onchange = () => this.look();
    $("hit-back").onclick = () => this.go(-1);
    $("hit-replace").onclick = () => this.replace(false);
    $("hit-all").onclick = () => this.replace(true);
    $("search-close").onclick = () => this.close();
    $("search").onkeydown = (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.close();
      }
    };
  },
};
