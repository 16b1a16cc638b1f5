// What begins when the page is opened.

const $ = (id) => document.getElementById(id);
let review = null;
let opened = -1;

function openTranscript(n) {
  const node = document.querySelectorAll("script.transcript")[n];
  if (!node) return;
  begun(JSON.parse(node.textContent));
  opened = n;
  history.replaceState(null, "", `#${n + 1}`);
}

/** Show a transcript. */
function begun(told) {
  const t = decode(told);
  $("index").hidden = true;
  $("review").hidden = $("player").hidden = false;
  $("title").textContent = t.title;
  document.title = `${t.title}: review`;
  $("tool-chapters").hidden = !t.chapters.length;
  for (const id of ["tool-find", "tool-speakers", "tool-export"]) $(id).hidden = false;
  review?.player.audio.pause();
  review = new Review(t);
}

function openIndex() {
  review?.player.audio.pause();
  review = null;
  opened = -1;
  CSS.highlights?.clear();
  $("review").hidden = $("player").hidden = $("search").hidden = true;
  $("index").hidden = false;
  $("title").textContent = PAGE.title;
  $("progress").textContent = "";
  for (const id of ["tool-find", "tool-speakers", "tool-chapters", "tool-export", "files"]) $(id).hidden = true;
  document.title = PAGE.title;
  $("kept").textContent = "";
  history.replaceState(null, "", location.pathname + location.search);
  if (PAGE.served) {
    server.listed = "";
    server.list();
    return;
  }
  showIndex(PAGE, (n) => {
    openTranscript(n);
    $("files").hidden = false;
  });
}

/** A format as text, of the transcript as it stands now. */
function exported(name) {
  const all = review.journal.all($("who").value.trim());
  return name === "corrections" ? all.file() : FORMATS[name][0](all.corrected());
}

function exportAs(name) {
  const stem = review.t.file.replace(/\.json$/i, "");
  const type = name === "corrections" ? "application/json" : FORMATS[name][1];
  const ending = name === "corrections" ? "corrections.json" : name;
  download(new Blob([exported(name)], { type: `${type};charset=utf-8` }), `${stem}.${ending}`);
}

function download(blob, name) {
  const link = element("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  toggleExports(false);
}

function toggleExports(isOpen = $("exports").hidden) {
  $("exports").hidden = !isOpen;
  $("tool-export").setAttribute("aria-expanded", String(isOpen));
  if (isOpen) $("exports").querySelector("button").focus();
}

function bindList() {
  const list = $("list");
  list.addEventListener("input", (event) => {
    const node = event.target.closest(".segment");
    if (node) review.typed(Number(node.dataset.n));
  });
  list.addEventListener("beforeinput", (event) => {
    if (["historyUndo", "historyRedo"].includes(event.inputType)) {
      event.preventDefault();
      review.journal[event.inputType === "historyUndo" ? "undo" : "redo"]();
    }
    const isPasted = event.inputType === "insertFromPaste";
    const pasted = isPasted ? event.dataTransfer?.getData("text/plain") ?? "" : "";
    if (pasted.includes("\n")) {
      event.preventDefault();
      document.execCommand("insertText", false, pasted.replace(/\s*\n\s*/g, " "));
    }
    if (event.inputType === "insertParagraph") {
      event.preventDefault();
      const n = review.current + 1;
      if (review.nodes[n]) review.choose(n, { focus: true });
    }
  });
  list.addEventListener("focusin", (event) => {
    const node = event.target.closest(".segment");
    if (!node) return;
    const n = Number(node.dataset.n);
    if (n !== review.current) review.choose(n, { scroll: false });
  });
  list.addEventListener("focusout", (event) => {
    const node = event.target.closest(".segment");
    if (node) review?.show(Number(node.dataset.n), true);
  });
  list.addEventListener("click", (event) => {
    const node = event.target.closest(".segment");
    if (!node || String(getSelection())) return;
    const n = Number(node.dataset.n);
    const f = review.t.flags.findIndex((flag, i) => review.placeOf[i].includes(n));
    if (f >= 0 && !review.placeOf[review.doubt]?.includes(n)) {
      review.doubt = f;
      review.underline(f);
    } else if (f < 0) review.doubt = -1;
    review.doubtTold();
    const caret = document.caretPositionFromPoint?.(event.clientX, event.clientY);
    const isText = caret?.offsetNode === node.firstChild;
    review.player.stopAt = Infinity;
    review.player.seek(isText ? review.timeAt(n, caret.offset) : review.t.segments[n].start);
  });
}

function bindTools() {
  const on = (id, action) => ($(id).onclick = action);
  on("files", openIndex);
  on("tool-find", () => search.open());
  on("tool-speakers", showSpeakers);
  on("tool-keys", showKeys);
  on("tool-export", () => toggleExports());
  on("tool-theme", () => {
    const root = document.documentElement.style;
    const isDark = root.colorScheme ? root.colorScheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.colorScheme = isDark ? "light" : "dark";
    memory.set("theme", root.colorScheme);
    review?.player.drawn();
  });
  on("tool-chapters", () => {
    const rows = review.t.chapters.map((each) => {
      const button = element("button", `${shortClock(each.start)} ${each.title}`);
      button.className = "plain";
      button.onclick = () => {
        $("chapters").close();
        goToTime(each.start);
      };
      return element("li", button);
    });
    $("chapters-list").replaceChildren(...rows);
    $("chapters").showModal();
  });
  for (const [id, name] of [["doubt-next", "next"], ["doubt-back", "previous"], ["doubt-accept", "accept"], ["doubt-restore", "restore"], ["play", "play"], ["back", "back"], ["forward", "forward"]]) {
    on(id, () => ACTIONS[name][2]());
  }
  const names = { corrections: "Corrections", ...Object.fromEntries(Object.keys(FORMATS).map((name) => [name, name])) };
  for (const [name, label] of Object.entries(names)) {
    const button = element("button", label);
    button.id = `export-${name}`;
    button.onclick = () => exportAs(name);
    $("exports").append(button);
  }
  for (const speed of [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.15, 1.3, 1.5, 1.75, 2, 2.5, 3]) {
    const option = element("option", `${speed} ×`);
    option.value = speed;
    option.selected = speed === 1;
    $("speed").append(option);
  }
  $("speed").onchange = () => (review.player.audio.playbackRate = Number($("speed").value));
  $("file").onchange = () => review.player.open($("file").files[0]);
  $("who").value = memory.get("who") ?? "";
  $("who").onchange = () => memory.set("who", $("who").value.trim());
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#exports, #tool-export") && !$("exports").hidden) toggleExports(false);
  });
  $("exports").onkeydown = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      toggleExports(false);
      $("tool-export").focus();
    }
  };
}

function begin() {
  document.documentElement.style.colorScheme = memory.get("theme") ?? "";
  Object.assign(keys_, memory.get("keys") ?? {});
  bindList();
  bindTools();
  search.bind();
  addEventListener("keydown", onKey, true);
  addEventListener("resize", () => review?.player.drawn());
  if (PAGE.served) {
    server.begin();
    return;
  }
  const n = Number(location.hash.slice(1)) - 1;
  const { files } = PAGE;
  if (files.length === 1) openTranscript(0);
  else if (files[n]) {
    openTranscript(n);
    $("files").hidden = false;
  } else openIndex();
}

const TABLES = JSON.parse($("tables").textContent);
const PAGE = TABLES.page;
begin();
