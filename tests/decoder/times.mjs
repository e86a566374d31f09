// Times as text, RFC 3339. Finer digits than milliseconds are cut off.

export function timeText(value) {
  if (value === null || value === undefined) return null;
  const text = new Date(value).toISOString();
  return text.endsWith(".000Z") ? text.slice(0, -5) + "Z" : text;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

export function parseTime(text) {
  if (text === null || text === undefined) return null;
  const found = RFC3339.exec(text);
  if (!found) throw new Error(`${JSON.stringify(text)} is not a time of RFC 3339`);
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDay || hour > 23 || minute > 59 || second > 59) throw new Error(`${JSON.stringify(text)} is not a time`);
  const millis = Number((found[7] ?? "").padEnd(3, "0").slice(0, 3));
  const offset = (Number(found[9] ?? 0) * 60 + Number(found[10] ?? 0)) * (found[8] === "-" ? -1 : 1);
  return date.getTime() + (hour * 3600 + (minute - offset) * 60 + second) * 1000 + millis;
}
