// Where a server gives the page: its list, its transcripts, and corrections that all share.

const POLL_MS = 2000;
const SEND_MS = 300;

const server = {
  key: "",
  unsent: false,

  /** Ask the server; without a key that it knows, ask for one. */
  async ask(path, options = {}) {
    const headers = { ...(this.key && { authorization: `Bearer ${this.key}` }), ...options.headers };
    const reply = await fetch(`/review/api/transcripts${path}`, { ...options, headers });
    if (reply.status === 401) {
      await this.askKey();
      return this.ask(path, options);
    }
    if (!reply.ok) {
      const told = await reply.json().catch(() => null);
      throw new Error(told?.error?.message ?? `the server answers ${reply.status}`);
    }
    return reply;
  },

  askKey() {
    $("sign").showModal();
    $("sign-key").focus();
    return new Promise((done) => {
      $("sign").onclose = () => {
        this.key = $("sign-key").value.trim();
        sessionStorage.setItem("audiopipe:key", this.key);
        done();
      };
    });
  },

  async json(path, options) {
    return (await this.ask(path, options)).json();
  },

  // -- the list

  async list() {
    try {
      const { files } = await this.json("");
      const isIdle = opened < 0 && !review;
      const done = files.filter((file) => !file.status);
      const waiting = files.filter((file) => file.status);
      PAGE.files = done;
      if (isIdle && JSON.stringify(files) !== this.listed) {
        this.listed = JSON.stringify(files);
        showIndex(PAGE, (n) => this.open(PAGE.files[n].id));
        $("index").prepend(this.dropZone(), ...waiting.map((file) => element("p", `${file.name}: ${file.status.replace("_", " ")}`)));
      }
    } catch (error) {
      notice(error.message);
    }
  },

  dropZone() {
    if (this.zone) return this.zone;
    const input = element("input");
    Object.assign(input, { type: "file", accept: "audio/*,video/*", multiple: true, id: "upload" });
    const label = element("label", "Drop recordings here, or choose them: ", input);
    const bars = element("div");
    this.zone = element("div", label, bars);
    this.zone.className = "drop";
    const send = (files) => [...files].forEach((file) => this.upload(file, bars));
    input.onchange = () => send(input.files);
    this.zone.ondragover = (event) => {
      event.preventDefault();
      this.zone.classList.add("is-over");
    };
    this.zone.ondragleave = () => this.zone.classList.remove("is-over");
    this.zone.ondrop = (event) => {
      event.preventDefault();
      this.zone.classList.remove("is-over");
      send(event.dataTransfer.files);
    };
    return this.zone;
  },

  upload(file, bars) {
    const bar = element("progress");
    Object.assign(bar, { max: 1, value: 0 });
    bar.setAttribute("aria-label", `Upload of ${file.name}`);
    const row = element("p", `${file.name} `, bar);
    bars.append(row);
    const request = new XMLHttpRequest();
    request.open("POST", "/v1/jobs");
    if (this.key) request.setRequestHeader("authorization", `Bearer ${this.key}`);
    request.upload.onprogress = (event) => (bar.value = event.loaded / event.total);
    request.onload = () => {
      if (request.status === 202) row.remove();
      else row.textContent = `${file.name}: ${JSON.parse(request.responseText || "{}").error?.message ?? request.status}`;
      this.list();
    };
    request.onerror = () => (row.textContent = `${file.name}: the connection broke off; drop it again`);
    const form = new FormData();
    form.append("review", "true");
    form.append("file", file, file.name);
    request.send(form);
  },

  // -- one transcript

  async open(id) {
    try {
      const told = await this.json(`/${id}`);
      opened = id;
      begun(told);
      history.replaceState(null, "", `#${id}`);
      $("files").hidden = false;
      $("doubt-again").hidden = false;
      this.have = review.corrections.history.length;
      review.onchange = () => this.soon();
      this.soon();
      const { peaks } = await this.json(`/${id}/peaks`);
      if (opened === id) review.player.waved(peaks);
    } catch (error) {
      notice(error.message);
    }
  },

  soon() {
    $("kept").textContent = "Saving …";
    clearTimeout(this.sending);
    this.sending = setTimeout(() => this.send(), SEND_MS);
  },

  /** Give the server what is mine, and take what is others'. */
  async send() {
    if (!review || this.isBusy) {
      this.unsent = true;
      return;
    }
    const own = review;
    const rows = own.journal.rows($("who").value.trim());
    this.isBusy = true;
    this.unsent = false;
    try {
      const path = `/${opened}/corrections?have=${this.have}`;
      const body = JSON.stringify({ corrections: rows });
      const told = await this.json(path, rows.length ? { method: "POST", body, headers: { "content-type": "application/json" } } : {});
      if (review !== own) return;
      this.have = told.count;
      own.taken(rows, told.corrections);
      $("kept").textContent = own.journal.rows("").length ? "Saving …" : "Saved";
    } catch (error) {
      $("kept").textContent = `Not saved: ${error.message}`;
      this.unsent = true;
    } finally {
      this.isBusy = false;
      if (this.unsent && review === own) setTimeout(() => this.send(), SEND_MS);
    }
  },

  poll() {
    if (document.hidden) return;
    if (review) this.send();
    else if (opened < 0) this.list();
  },

  async again() {
    const n = review.current;
    if (n < 0) return;
    $("doubt-again").disabled = true;
    try {
      const body = JSON.stringify({ segment: n });
      const answer = await this.json(`/${opened}/again`, { method: "POST", body, headers: { "content-type": "application/json" } });
      review.again = review.again ?? new Map();
      review.again.set(n, [...(review.again.get(n) ?? []), answer]);
      review.doubtTold();
    } catch (error) {
      notice(error.message);
    }
    $("doubt-again").disabled = false;
  },

  async docx() {
    try {
      await this.send();
      const reply = await this.ask(`/${opened}/export?format=docx`);
      download(await reply.blob(), `${review.t.file.replace(/\.json$/i, "")}.docx`);
    } catch (error) {
      notice(error.message);
    }
  },

  begin() {
    this.key = sessionStorage.getItem("audiopipe:key") ?? "";
    $("doubt-again").onclick = () => this.again();
    const button = element("button", "docx");
    button.id = "export-docx";
    button.onclick = () => this.docx();
    $("exports").append(button);
    setInterval(() => this.poll(), POLL_MS);
    addEventListener("visibilitychange", () => review && this.send());
    const id = location.hash.slice(1);
    if (id) this.open(id);
    else openIndex();
  },
};
