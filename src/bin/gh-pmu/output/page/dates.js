// Dates in the reader's own time zone, and the places of an axis's lines.

const DAY = 86400000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// `24 Dec 2024`, empty if it is not known.
function dayText(time) {
  if (time === null) return "";
  const date = new Date(time);
  return `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`;
}

// `24 Dec 2024, 10:05`
function momentText(time) {
  const date = new Date(time);
  const two = (number) => String(number).padStart(2, "0");
  return `${dayText(time)}, ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function plural(count, noun) {
  return `${count.toLocaleString("en-GB")} ${noun}${count === 1 ? "" : "s"}`;
}

function lengthText(millis) {
  const days = Math.floor(millis / DAY);
  if (days < 1) return plural(Math.max(0, Math.floor(millis / 3600000)), "hour");
  return days < 730 ? plural(days, "day") : plural(Math.floor(days / 365), "year");
}

// The lines of an axis: [{at, text}], at most `most` of them, at the starts of years, months, or days.
function axisLines(from, to, most) {
  const days = (to - from) / DAY;
  const steps = [["day", 1], ["day", 7], ["month", 1], ["month", 3], ["month", 6], ["year", 1], ["year", 2], ["year", 5],
    ["year", 10], ["year", 100], ["year", 1000]];
  const lengths = { day: 1, month: 30.4, year: 365.2 };
  const [unit, count] = steps.find(([unit, count]) => days / (lengths[unit] * count) <= most) || steps.at(-1);
  const lines = [];
  const start = new Date(from);
  let [year, month, day] = [start.getFullYear(), start.getMonth(), start.getDate()];
  if (unit !== "day") day = 1;
  if (unit === "month") month -= month % count;
  if (unit === "year") [year, month] = [year - year % count, 0];
  // Weeks begin on Mondays.
  if (unit === "day" && count === 7) day -= (start.getDay() + 6) % 7;
  for (let i = 0; i < 400; i++) {
    const date = new Date(2000, 0, 1);
    date.setFullYear(year + (unit === "year" ? i * count : 0), month + (unit === "month" ? i * count : 0),
      day + (unit === "day" ? i * count : 0));
    const at = date.getTime();
    if (at > to) break;
    if (at >= from) lines.push({ at, text: lineText(date, unit, lines.length === 0) });
  }
  return lines;
}

// The first line names its year, and so does each that begins one.
function lineText(date, unit, isFirst) {
  if (unit === "year" || (date.getMonth() === 0 && date.getDate() === 1)) return String(date.getFullYear());
  const month = MONTHS[date.getMonth()];
  const text = unit === "month" ? month : `${date.getDate()} ${month}`;
  return isFirst ? `${text} ${date.getFullYear()}` : text;
}
