// Joins the slider and the filters with what they change.

const KINDS = ["release", "microsprint"];
const by = (id) => document.getElementById(id);

const data = JSON.parse(by("data").textContent);
const history = readHistory(data);
const travel = new Travel(history);
const range = axisRange(data, history);
const kinds = data.kind === null ? KINDS : [data.kind];
by("kinds").hidden = kinds.length === 1;
by("fresh").textContent = freshness(data);
document.querySelector("main").hidden = false;
const bars = new Bars(by("rows"), range, `${data.url}/issues`);
const burnup = new BurnUp(by("burnup"), range);
const slider = by("moment");

// From the first opening to the present, with a little room on both sides; or what was asked for.
function axisRange({ from, to, generated }, { start, events }) {
  let first = generated;
  const look = (time) => {
    if (time !== null && time < first) first = time;
  };
  for (const { created } of start.values()) look(created);
  for (const { at, next } of events) look(next ? next.created ?? at : at);
  const room = Math.max((generated - first) / 50, DAY / 2);
  const isToday = new Date(generated).toDateString() === new Date().toDateString();
  const [left, right] = [from ?? first - room, to ?? generated + room];
  return { from: left, to: Math.max(right, left + 3600000), now: generated, nowText: isToday ? "today" : dayText(generated) };
}

function freshness({ source, sourceAt, generated }) {
  const page = `page of ${momentText(generated)}`;
  return source === null ? page : `${source} of ${momentText(sourceAt)}, ${page}`;
}

function foldCase(text) {
  return text.normalize("NFC").toLowerCase();
}

// The filter, as a function.
function filter() {
  const kind = KINDS.indexOf(document.querySelector("input[name=kind]:checked").value);
  const words = foldCase(by("words").value).split(/\s+/).filter(Boolean);
  // What was not asked for is open, and times that are not known may be in it: as in the terminal.
  const inRange = ({ open, created, closed }) => (created ?? -Infinity) <= (data.to ?? Infinity)
    && (open || (closed ?? Infinity) >= (data.from ?? -Infinity));
  return (tracker) => (kind < 0 || tracker.kind === kind) && inRange(tracker)
    && (words.length === 0 || words.every((word) => foldCase(tracker.title).includes(word)));
}

// Newest first. Two unknown times have no difference (NaN): then the numbers decide.
function newestFirst(a, b) {
  return (b.spans[0][0] ?? -Infinity) - (a.spans[0][0] ?? -Infinity) || b.number - a.number || a.kind - b.kind;
}

// How many trackers there ever were under the filter: the height of the chart, whatever the slider shows.
let highest = null;
function highestOf(wanted) {
  const trackers = travel.to(history.moments.at(-1).end).filter(wanted);
  return burnUp(trackers, range.from, range.to)[1].reduce((most, count) => Math.max(most, count), 1);
}

function update() {
  const index = Number(slider.value);
  const moment = history.moments[index];
  const wanted = filter();
  highest ??= highestOf(wanted);
  const all = travel.to(moment.end);
  const shown = all.filter(wanted).sort(newestFirst);
  const what = changesText(index);
  by("when").textContent = moment.now ? `now, ${momentText(moment.at)}` : momentText(moment.at);
  by("what").textContent = what;
  slider.setAttribute("aria-valuetext", `${by("when").textContent}: ${what}`);
  by("earlier").disabled = index === 0;
  by("later").disabled = by("now").disabled = index === history.moments.length - 1;
  by("shown").textContent = shown.length === all.length
    ? plural(shown.length, "tracker") : `${shown.length.toLocaleString("en-GB")} of ${plural(all.length, "tracker")}`;
  counts(shown);
  burnup.show(shown, moment.at, highest);
  bars.show(shown, moment.at);
}

function counts(trackers) {
  const list = by("counts");
  list.replaceChildren(...kinds.flatMap((name) => [true, false].map((open) => {
    const kind = KINDS.indexOf(name);
    const count = trackers.filter((tracker) => tracker.kind === kind && tracker.open === open).length;
    const value = element("dd", {}, count.toLocaleString("en-GB"));
    return element("div", { class: open ? "open" : "closed" },
      element("dt", {}, `${open ? "Open" : "Closed"} ${name}s`), value);
  })));
}

// What changed at a moment: by name where it is little.
function changesText(index) {
  const moment = history.moments[index];
  if (moment.now) return `${plural(history.events.length, "change")} on this page`;
  const events = history.events.slice(index > 0 ? history.moments[index - 1].end : 0, moment.end);
  if (events.length === 0) return data.cut ? "what changed before was pruned or lost" : "before the first change on this page";
  if (events.length <= 2) {
    return events.map(({ word, next, prev }) => `${word} ${(next || prev).name}`).join(", ");
  }
  const words = ["added", "closed", "reopened", "retitled", "redated", "removed"];
  const parts = words.map((word) => [events.filter((event) => event.word === word).length, word]);
  return parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`).join(", ");
}

let isWaiting = false;
function updateSoon() {
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(() => {
    isWaiting = false;
    update();
  });
}

function step(by) {
  slider.value = Number(slider.value) + by;
  updateSoon();
}

slider.max = history.moments.length - 1;
slider.value = slider.max;
slider.addEventListener("input", updateSoon);
by("earlier").addEventListener("click", () => step(-1));
by("later").addEventListener("click", () => step(1));
by("now").addEventListener("click", () => step(Infinity));
function filterSoon() {
  highest = null;
  updateSoon();
}
for (const input of document.querySelectorAll("input[name=kind]")) input.addEventListener("change", filterSoon);
by("words").addEventListener("input", filterSoon);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  burnup.paint();
  update();
});

// Paper is light, has all rows, and a width of its own.
function printing(isPaper) {
  document.documentElement.classList.toggle("paper", isPaper);
  burnup.paint();
  bars.showAll(isPaper);
  update();
}
addEventListener("beforeprint", () => printing(true));
addEventListener("afterprint", () => printing(false));

update();
