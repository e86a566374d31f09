// How many trackers there were, and how many of them were closed, over time.

function burnUp(trackers, from, until) {
  const steps = [];
  for (const { open, created, spans } of trackers) {
    const begin = Math.max(spans[0][0] ?? created ?? from, from);
    steps.push([begin, 1, 0]);
    spans.forEach(([start, end], i) => {
      if (i > 0) steps.push([Math.max(start ?? from, from), 0, -1]);
      const goesOn = open && i === spans.length - 1;
      if (!goesOn) steps.push([Math.max(end ?? begin, from), 0, 1]);
    });
  }
  steps.sort((a, b) => a[0] - b[0]);
  const [times, all, closed] = [[from], [0], [0]];
  for (const [at, more, done] of steps) {
    if (at > until) break;
    if (at > times.at(-1)) {
      times.push(at);
      all.push(all.at(-1));
      closed.push(closed.at(-1));
    }
    all[all.length - 1] += more;
    closed[closed.length - 1] += done;
  }
  if (until > times.at(-1)) {
    times.push(until);
    all.push(all.at(-1));
    closed.push(closed.at(-1));
  }
  return [times, all, closed];
}

class BurnUp {
  constructor(figure, range) {
    Object.assign(this, { figure, range, data: [[range.from], [0], [0]] });
    new ResizeObserver(() => this.resize()).observe(figure);
    this.paint();
  }

  show(trackers, at, highest) {
    Object.assign(this, { at, highest });
    this.data = burnUp(trackers, this.range.from, Math.min(at, this.range.to));
    const open = trackers.filter((tracker) => tracker.open).length;
    const closed = trackers.length - open;
    this.figure.setAttribute("aria-label",
      `Burn-up as of ${momentText(at)}: ${trackers.length} in all, ${closed} closed, ${open} open`);
    this.chart.setData(this.data, true);
    this.tell(this.chart);
  }

  // The legend says how many there are at the moment that is looked at, unless another one is pointed at.
  tell(chart) {
    if (chart.cursor.idx == null) chart.setLegend({ idx: this.data[0].length - 1 }, false);
  }

  resize() {
    const width = Math.floor(this.figure.clientWidth);
    if (width > 0 && width !== this.chart.width) this.chart.setSize({ width, height: 220 });
  }

  // Draws it again, after the colours changed.
  paint() {
    if (this.chart) this.chart.destroy();
    const width = Math.max(100, Math.floor(this.figure.clientWidth));
    this.chart = new uPlot(this.options(width), this.data, this.figure);
    // The figure says what is drawn; the legend is a table without a name.
    this.chart.root.setAttribute("aria-hidden", "true");
  }

  options(width) {
    const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const stepped = uPlot.paths.stepped({ align: 1 });
    const series = (label, name) =>
      ({ label, stroke: color(name), width: 2, paths: stepped, points: { show: false } });
    const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false } };
    const most = (chart) => Math.max(2, chart.width / 90);
    return {
      width, height: 220, ms: 1, padding: [10, 12, 0, 0],
      cursor: { y: false, drag: { x: false, y: false } },
      scales: {
        x: { time: true, range: [this.range.from, this.range.to] },
        y: { range: (_chart, _min, max) => [0, Math.max(this.highest ?? 1, max ?? 1) * 1.05] },
      },
      axes: [
        { ...axis, size: 28, splits: (chart, _axis, min, max) => axisLines(min, max, most(chart)).map(({ at }) => at),
          values: (chart) => axisLines(this.range.from, this.range.to, most(chart)).map(({ text }) => text) },
        { ...axis, size: 44, incrs: [1, 2, 5].flatMap((n) => [n, n * 10, n * 100, n * 1e3, n * 1e4, n * 1e5]).sort((a, b) => a - b) },
      ],
      series: [
        { label: "Time", value: (_chart, time) => time === null ? "–" : momentText(time) },
        series("Opened", "--open"),
        series("Closed", "--closed"),
      ],
      bands: [{ series: [1, 2], fill: color("--open-soft") }],
      hooks: { draw: [(chart) => this.marks(chart, color)], setCursor: [(chart) => this.tell(chart)] },
    };
  }

  // The present, and the moment that is looked at.
  marks(chart, color) {
    const { left, top, width, height } = chart.bbox;
    const line = (time, name) => {
      const x = Math.round(chart.valToPos(time, "x", true));
      if (!(x >= left && x <= left + width)) return;
      chart.ctx.save();
      chart.ctx.strokeStyle = color(name);
      chart.ctx.lineWidth = devicePixelRatio;
      chart.ctx.beginPath();
      chart.ctx.moveTo(x, top);
      chart.ctx.lineTo(x, top + height);
      chart.ctx.stroke();
      chart.ctx.restore();
    };
    line(this.range.now, "--today");
    if (this.at !== undefined && this.at !== this.range.now) line(this.at, "--strong");
  }
}
