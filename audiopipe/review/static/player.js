// The recording: playing, the word that is heard, and the waveform.

const PEAKS_HZ = 20;
const WINDOW_S = 30;
const OFTEN_READ = { willReadFrequently: true };

class Player {
  constructor(transcript, view) {
    this.t = transcript;
    this.view = view;
    this.audio = $("audio");
    this.stopAt = Infinity;
    this.duration = transcript.duration;
    this.byTime();
    if (transcript.audio) this.audio.src = transcript.audio;
    else this.audio.removeAttribute("src");
    $("pick").hidden = Boolean(transcript.audio);
    this.audio.onerror = () => {
      $("pick").hidden = false;
      if (transcript.audio) notice("The recording is not found there: choose its file below.");
    };
    this.audio.onplay = this.audio.onpause = () => this.told();
    this.audio.onseeked = () => this.drawn();
    this.audio.ontimeupdate = () => this.tick();
    this.audio.onloadedmetadata = () => this.drawn();
    this.bindWave();
    this.loop = this.loop.bind(this);
    this.told();
    this.waved(transcript.peaks);
  }

  /** Segments by their start, and how far those up to each one reach. */
  byTime() {
    const { segments } = this.t;
    const order = segments.map((_, n) => n).sort((a, b) => segments[a].start - segments[b].start);
    let latest = 0;
    this.order = order;
    this.reach = order.map((n) => (latest = Math.max(latest, segments[n].end)));
  }

  /** What began to be said last at a time: {start, end, n, w}, w -1 where words are not known. */
  spoken(now) {
    const { segments } = this.t;
    let found = null;
    let k = bisect(this.order.length, (i) => segments[this.order[i]].start <= now) - 1;
    for (; k >= 0 && (!found || this.reach[k] > now); k--) {
      const n = this.order[k];
      const { words, start, end } = segments[n];
      const w = bisect(words.length, (i) => words[i].start <= now) - 1;
      const said = words.length ? words[w] : { start, end };
      if (said && !(found?.start > said.start)) found = { start: said.start, end: said.end, n, w };
    }
    return found;
  }

  get now() {
    return this.audio.currentTime;
  }

  get isPlaying() {
    return !this.audio.paused;
  }

  /** The waveform, in base64. */
  waved(peaks) {
    const content = atob(peaks ?? "");
    this.peaks = new Uint8Array(content.length);
    for (let n = 0; n < content.length; n++) this.peaks[n] = content.charCodeAt(n);
    this.summits = summitsOf(this.peaks);
    this.drawnFor = "";
    this.drawn();
  }

  open(file) {
    this.audio.src = URL.createObjectURL(file);
    $("pick").hidden = true;
  }

  toggle() {
    if (this.isPlaying) {
      this.audio.pause();
      return;
    }
    if (!this.audio.src) notice("Choose the recording below.");
    this.play(Math.max(0, this.now - 1));
  }

  play(from, stopAt = Infinity) {
    this.seek(from);
    if (!this.audio.src) return;
    this.stopAt = stopAt;
    this.audio.play().catch(() => {});
  }

  seek(seconds) {
    const to = Math.max(0, Math.min(seconds, this.duration));
    if (this.audio.readyState) this.audio.currentTime = to;
    else this.audio.addEventListener("loadedmetadata", () => (this.audio.currentTime = to), { once: true });
    this.drawn();
  }

  skip(seconds) {
    this.stopAt = Infinity;
    this.seek(this.now + seconds);
  }

  speed(factor) {
    const speeds = Array.from($("speed").options, (option) => Number(option.value));
    const at = speeds.indexOf(Number($("speed").value)) + factor;
    if (speeds[at]) {
      $("speed").value = speeds[at];
      this.audio.playbackRate = speeds[at];
    }
  }

  told() {
    $("play").firstChild.textContent = this.isPlaying ? "❚❚" : "▶";
    $("play").setAttribute("aria-label", this.isPlaying ? "Pause" : "Play");
    if (this.isPlaying) requestAnimationFrame(this.loop);
  }

  loop() {
    this.tick();
    if (this.isPlaying) requestAnimationFrame(this.loop);
  }

  tick() {
    const { now } = this;
    if (this.isPlaying && now >= this.stopAt) {
      this.stopAt = Infinity;
      this.audio.pause();
    }
    const { end, n, w } = this.spoken(now) ?? { end: 0, n: -1, w: -1 };
    this.view.heard(n, w, now <= end + 0.3, this.isPlaying);
    this.drawn();
  }

  drawn() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      $("time").textContent = `${shortClock(this.now)} of ${shortClock(this.duration)}`;
      this.draw($("wave"), Math.max(0, this.now - WINDOW_S / 3), WINDOW_S);
      if (this.drawnFor !== this.overviewKey()) this.drawOverview();
      this.drawCursor();
    });
  }

  overviewKey() {
    return `${$("overview").clientWidth} ${this.view.openCount} ${getComputedStyle(document.body).color}`;
  }

  drawOverview() {
    this.drawnFor = this.overviewKey();
    this.draw($("overview"), 0, this.duration);
    const canvas = $("overview");
    this.overview = canvas.width ? canvas.getContext("2d", OFTEN_READ).getImageData(0, 0, canvas.width, canvas.height) : null;
  }

  drawCursor() {
    if (!this.overview) return;
    const context = $("overview").getContext("2d", OFTEN_READ);
    context.putImageData(this.overview, 0, 0);
    context.fillStyle = colour("--ink");
    context.fillRect((this.now / this.duration) * context.canvas.width, 0, 2, context.canvas.height);
  }

  draw(canvas, from, length) {
    const scale = devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
    if (!width) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d", canvas.id === "overview" ? OFTEN_READ : undefined);
    context.clearRect(0, 0, width, height);
    const at = (seconds) => ((seconds - from) / length) * width;
    context.fillStyle = colour("--doubt-paper");
    for (const flag of this.view.openFlags) {
      if (flag.end >= from && flag.start <= from + length) {
        context.fillRect(at(flag.start), 0, Math.max(2 * scale, at(flag.end) - at(flag.start)), height);
      }
    }
    context.fillStyle = colour("--wave");
    const isFar = length > width * 2;
    const [peaks, rate] = isFar ? [this.summits, 1] : [this.peaks, PEAKS_HZ];
    for (let x = 0; x < width && peaks.length; x++) {
      const first = Math.floor((from + (x / width) * length) * rate);
      const last = Math.max(first + 1, Math.floor((from + ((x + 1) / width) * length) * rate));
      let peak = 0;
      for (let n = first; n < last && n < peaks.length; n++) peak = Math.max(peak, peaks[n]);
      const tall = Math.max(1, (peak / 255) * height);
      context.fillRect(x, (height - tall) / 2, 1, tall);
    }
    context.fillStyle = colour("--doubt");
    for (const flag of this.view.openFlags) {
      if (flag.end >= from && flag.start <= from + length) {
        context.fillRect(at(flag.start), height - 3 * scale, Math.max(2 * scale, at(flag.end) - at(flag.start)), 3 * scale);
      }
    }
    if (canvas.id === "wave") {
      context.fillStyle = colour("--ink");
      context.fillRect(at(this.now), 0, 2, height);
      this.label(canvas);
    }
  }

  label(canvas) {
    canvas.setAttribute("aria-valuemin", "0");
    canvas.setAttribute("aria-valuemax", String(Math.round(this.duration)));
    canvas.setAttribute("aria-valuenow", String(Math.round(this.now)));
    canvas.setAttribute("aria-valuetext", shortClock(this.now));
  }

  bindWave() {
    const seekTo = (canvas, from, length) => (event) => {
      if (event.buttons !== 1) return;
      const box = canvas.getBoundingClientRect();
      this.stopAt = Infinity;
      this.seek(from() + ((event.clientX - box.left) / box.width) * length());
    };
    const wave = $("wave");
    wave.onpointerdown = seekTo(wave, () => Math.max(0, this.now - WINDOW_S / 3), () => WINDOW_S);
    const overview = $("overview");
    overview.onpointerdown = overview.onpointermove = seekTo(overview, () => 0, () => this.duration);
    wave.onkeydown = (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -30, PageUp: 30 }[event.key];
      if (step) {
        event.preventDefault();
        this.skip(step);
      }
    };
  }
}

/** The highest of each second, for pictures of hours. */
function summitsOf(peaks) {
  const found = new Uint8Array(Math.ceil(peaks.length / PEAKS_HZ));
  peaks.forEach((peak, n) => {
    const second = Math.floor(n / PEAKS_HZ);
    if (peak > found[second]) found[second] = peak;
  });
  return found;
}

const colours = new Map();
function colour(name) {
  const key = `${name} ${document.documentElement.style.colorScheme} ${matchMedia("(prefers-color-scheme: dark)").matches}`;
  if (!colours.has(key)) {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    colours.set(key, getComputedStyle(probe).color);
    probe.remove();
  }
  return colours.get(key);
}
