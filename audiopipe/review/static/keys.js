// Keys: oTranscribe's habits; each can be another one.

const ACTIONS = {
  play: ["Escape", "Play or pause", () => review.player.toggle()],
  back: ["F1", "5 seconds back", () => review.player.skip(-5)],
  forward: ["F2", "5 seconds forward", () => review.player.skip(5)],
  slower: ["F3", "Slower", () => review.player.speed(-1)],
  faster: ["F4", "Faster", () => review.player.speed(1)],
  next: ["F8", "Next doubt, played from 2 s before", () => review.walk(1)],
  previous: ["Shift+F8", "Previous doubt", () => review.walk(-1)],
  accept: ["Control+Enter", "Accept: the doubt is settled", () => review.accept()],
  restore: ["Control+Shift+Enter", "Restore what was heard", () => review.revert()],
  strike: ["Control+Shift+Delete", "Strike the passage", () => review.strike()],
  time: ["Control+j", "Write the time", () => insert(`[${shortClock(review.player.now)}] `)],
  goto: ["Control+k", "Go to a time", () => askTime()],
  find: ["Control+h", "Find and replace", () => search.open()],
  undo: ["Control+z", "Undo, without end", () => review.journal.undo()],
  redo: ["Control+y", "Do it again", () => review.journal.redo()],
  redo2: ["Control+Shift+z", "Do it again", () => review.journal.redo()],
  save: ["Control+s", "Save the corrections", () => exportAs("corrections")],
  help: ["?", "These keys", () => showKeys()],
};
const keys_ = Object.fromEntries(Object.entries(ACTIONS).map(([name, [key]]) => [name, key]));

/** A key as it is written: Control+Shift+Enter; Command counts as Control. */
function keyOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (["Control", "Shift", "Alt", "Meta"].includes(key)) return "";
  const isShifted = event.shiftKey && (event.key.length > 1 || event.ctrlKey || event.metaKey);
  const parts = [(event.ctrlKey || event.metaKey) && "Control", event.altKey && "Alt", isShifted && "Shift", key];
  return parts.filter(Boolean).join("+");
}

const keyName = (key) => key.replace("Control", "Ctrl").replace("Escape", "Esc").replace(/\+([a-z])$/, (_, c) => `+${c.toUpperCase()}`);

function onKey(event) {
  if (event.isComposing || !review || document.querySelector("dialog[open]")) return;
  const key = keyOf(event);
  const isText = event.target.closest?.("[contenteditable], input[type=text]");
  if (key.length === 1 && isText) return;
  if (event.target.closest?.("#search") && ["Control+z", "Control+y", "Control+Shift+z"].includes(key)) return;
  const digit = /^Control\+([1-9])$/.exec(key);
  const name = Object.keys(keys_).find((each) => keys_[each] === key);
  if (!name && !digit) {
    moved(event);
    return;
  }
  event.preventDefault();
  event.stopPropagation();
  if (digit && !name) review.give(Number(digit[1]));
  else ACTIONS[name][2]();
}

/** From the first line up and from the last line down: the passage before and after. */
function moved(event) {
  const node = event.target.closest?.(".segment");
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  const selection = getSelection();
  if (node && event.key === "Backspace" && selection.isCollapsed && isAtStart(node, selection)) {
    event.preventDefault();
    review.join(Number(node.dataset.n));
    return;
  }
  if (!node || !step || event.ctrlKey || event.altKey || event.shiftKey) return;
  const box = node.getBoundingClientRect();
  const caret = selection.rangeCount && selection.getRangeAt(0).getBoundingClientRect();
  const line = parseFloat(getComputedStyle(node).lineHeight);
  const isEdge = !caret?.height || (step < 0 ? caret.top - box.top < line : node.textContent && lastLine(node) - caret.bottom < line / 2);
  const n = Number(node.dataset.n) + step;
  if (isEdge && review.nodes[n]) {
    event.preventDefault();
    review.choose(n, { focus: true });
  }
}

function isAtStart(node, { anchorNode, anchorOffset }) {
  return anchorOffset === 0 && (anchorNode === node || anchorNode === node.firstChild);
}

function lastLine(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  return range.getBoundingClientRect().bottom;
}

function insert(text) {
  const node = document.activeElement?.closest?.(".segment");
  if (node) document.execCommand("insertText", false, text);
}

function showKeys() {
  const rows = Object.entries(ACTIONS).map(([name, [, what]]) => {
    const button = element("button", keyName(keys_[name]));
    button.setAttribute("aria-label", `${what}: ${keyName(keys_[name])}; choose another key`);
    button.onclick = () => {
      button.textContent = "press a key …";
      button.onkeydown = (event) => {
        const key = keyOf(event);
        if (!key || key === "Tab") return;
        event.preventDefault();
        event.stopPropagation();
        keys_[name] = key;
        memory.set("keys", keys_);
        button.onkeydown = null;
        button.textContent = keyName(key);
      };
    };
    return element("tr", element("td", what), element("td", button));
  });
  const others = [
    ["Give the passage to a speaker", "Ctrl+1 to Ctrl+9"], ["Cut the passage in two", "Shift+Enter"],
    ["Put it together with the one before, and apart again", "Backspace at its start"],
  ].map((cells) => element("tr", ...cells.map((cell) => element("td", cell))));
  $("keys-list").replaceChildren(...rows, ...others);
  $("keys-reset").onclick = () => {
    for (const name of Object.keys(ACTIONS)) keys_[name] = ACTIONS[name][0];
    memory.drop("keys");
    showKeys();
  };
  if (!$("keys").open) $("keys").showModal();
}

function askTime() {
  $("goto-time").value = shortClock(review.player.now);
  $("goto").onclose = () => {
    const parts = $("goto-time").value.trim().split(":").map(Number);
    const seconds = parts.reduce((sum, part) => sum * 60 + part, 0);
    if (Number.isFinite(seconds)) goToTime(seconds);
  };
  $("goto").showModal();
  $("goto-time").select();
}

function goToTime(seconds) {
  review.player.seek(seconds);
  review.choose(review.nearest(seconds), { focus: true });
}

function showSpeakers() {
  const row = (name, n) => {
    const input = element("input");
    Object.assign(input, { type: "text", value: name });
    input.setAttribute("aria-label", `Speaker ${n + 1}`);
    input.onchange = () => {
      review.rename(name, input.value.trim());
      showSpeakers();
    };
    return element("label", `Ctrl+${n + 1} `, input);
  };
  $("speakers-list").replaceChildren(...review.speakers().map(row));
  $("speakers-add").onclick = () => {
    const names = review.speakers();
    let n = names.length + 1;
    while (names.includes(`Speaker ${n}`)) n++;
    review.added = [...(review.added ?? []), `Speaker ${n}`];
    showSpeakers();
    $("speakers-list").lastElementChild.querySelector("input").select();
  };
  if (!$("speakers").open) $("speakers").showModal();
}
