// The table of trackers with their bars. Only the rows in sight are in the document, so that thousands scroll well.

const ROW = 30;
const AHEAD = 12;

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawing(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

class Bars {
  // `range` is {from, to, now, nowText}: the axis, and where the present is on it.
  constructor(scroller, range, issues) {
    Object.assign(this, { scroller, range, issues, trackers: [], at: range.now, all: false, made: new Map() });
    this.table = scroller.querySelector("table");
    this.body = this.table.querySelector("tbody");
    this.head = this.table.querySelector("th.bar");
    scroller.addEventListener("scroll", () => this.later());
    new ResizeObserver(() => this.measure()).observe(scroller);
  }

  // Shows these trackers as they were at a moment.
  show(trackers, at) {
    Object.assign(this, { trackers, at });
    this.made.clear();
    this.table.setAttribute("aria-rowcount", trackers.length + 1);
    this.axis();
    this.draw();
  }

  // Puts every row into the document, for paper, or only those in sight.
  showAll(all) {
    this.all = all;
    this.measure();
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  measure() {
    this.made.clear();
    this.axis();
    this.draw();
  }

  x(time) {
    const { from, to } = this.range;
    return Math.round((time - from) / (to - from) * this.width * 10) / 10;
  }

  axis() {
    const old = this.head.querySelector("svg");
    if (old) old.remove();
    const style = getComputedStyle(this.head);
    const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
    this.width = Math.max(40, Math.floor(this.head.clientWidth - padding));
    this.lines = axisLines(this.range.from, this.range.to, Math.max(2, this.width / 70));
    const svg = drawing("svg", { width: this.width, height: 34, "aria-hidden": "true" });
    for (const { at, text } of this.lines) svg.append(this.label(at, 13, text, "line"));
    svg.append(this.label(this.range.now, 29, this.range.nowText, "today"));
    if (Math.abs(this.x(this.at) - this.x(this.range.now)) > 90) svg.append(this.label(this.at, 29, "as of", "asof"));
    this.head.append(svg);
  }

  // A text above its line, moved in where it would stick out.
  label(time, y, text, name) {
    const x = this.x(time);
    const half = text.length * 3.4;
    const anchor = x < half ? "start" : x > this.width - half ? "end" : "middle";
    const at = Math.min(Math.max(x, 0), this.width);
    return drawing("text", { x: at, y, class: name, "text-anchor": anchor }, text);
  }

  draw() {
    const count = this.trackers.length;
    const top = Math.max(0, this.scroller.scrollTop);
    const first = this.all ? 0 : Math.min(Math.max(0, Math.floor(top / ROW) - AHEAD), Math.max(0, count - 1));
    const last = this.all ? count : Math.min(count, Math.ceil((top + this.scroller.clientHeight) / ROW) + AHEAD);
    const rows = [];
    if (first > 0) rows.push(this.gap(first));
    for (let i = first; i < last; i++) rows.push(this.row(i));
    if (last < count) rows.push(this.gap(count - last));
    // Rows that stay are not taken out: one of them may have the focus.
    const keep = new Set(rows);
    for (const row of [...this.body.children]) if (!keep.has(row)) row.remove();
    rows.forEach((row, i) => {
      const there = this.body.children[i];
      if (there !== row) this.body.insertBefore(row, there || null);
    });
  }

  gap(count) {
    const gap = element("tr", { class: "gap", "aria-hidden": "true" }, element("td", {}));
    gap.style.height = `${count * ROW}px`;
    return gap;
  }

  row(i) {
    const tracker = this.trackers[i];
    const known = this.made.get(tracker);
    if (known) return known;
    const state = tracker.open ? "open" : "closed";
    const link = element("a", { href: `${this.issues}/${tracker.number}`, rel: "noreferrer" }, `#${tracker.number}`);
    const name = element("th", { scope: "row", class: "name", title: tracker.title }, element("bdi", {}, tracker.name));
    const row = element("tr", { "aria-rowindex": i + 2, class: `${KINDS[tracker.kind]} ${state}` },
      name,
      element("td", { class: "number" }, link),
      element("td", { class: "state" }, state),
      element("td", { class: "date" }, dayText(tracker.created)),
      element("td", { class: "date" }, tracker.open ? "" : dayText(tracker.closed)),
      element("td", { class: "bar" }, this.bar(tracker)));
    this.made.set(tracker, row);
    return row;
  }

  bar(tracker) {
    const svg = drawing("svg", { width: this.width, height: ROW - 6, role: "img" });
    const upright = (time, name) => {
      const x = this.x(time);
      if (x >= 0 && x <= this.width) svg.append(drawing("line", { x1: x, x2: x, y1: -3, y2: ROW, class: name }));
    };
    for (const { at } of this.lines) upright(at, "line");
    upright(this.range.now, "today");
    if (this.at !== this.range.now) upright(this.at, "asof");
    const text = `${KINDS[tracker.kind]} ${tracker.name}: ${openText(tracker, this.at)}`;
    svg.setAttribute("aria-label", text);
    svg.append(drawing("title", {}, text));
    for (const [from, to] of tracker.spans) svg.append(...this.span(tracker, from, to));
    return svg;
  }

  // One stretch of being open; a point to the right says that it goes on.
  span(tracker, from, to) {
    const goesOn = to === null && tracker.open;
    const [start, end] = [from ?? this.range.from, to ?? (goesOn ? this.at : from ?? this.range.from)];
    if (end < this.range.from || start > this.range.to) return [];
    const left = Math.min(Math.max(0, this.x(start)), this.width);
    const right = Math.max(left + 3, Math.min(this.width, this.x(end)));
    const height = tracker.kind === 0 ? 14 : 7;
    const y = (ROW - 6 - height) / 2;
    const point = goesOn ? Math.min(6, right - left) : 0;
    const name = to === null && tracker.open ? "bar open" : "bar closed";
    if (point > 0) {
      const d = `M${left} ${y}H${right - point}L${right} ${y + height / 2}L${right - point} ${y + height}H${left}Z`;
      return [drawing("path", { class: name, d })];
    }
    return [drawing("rect", { class: name, x: left, y, width: right - left, height, rx: 2 })];
  }
}

function openText({ open, spans }, at) {
  const [from, to] = spans.at(-1);
  const again = spans.length > 1 ? `, reopened ${spans.length === 2 ? "once" : `${spans.length - 1} times`}` : "";
  if (open) return `${from === null ? "open" : `open since ${dayText(from)}, for ${lengthText(at - from)}`}${again}`;
  const first = spans[0][0];
  if (first === null || to === null) return `closed${again}`;
  return `open from ${dayText(first)} to ${dayText(to)}, ${lengthText(to - first)}${again}`;
}
