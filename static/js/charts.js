// Draws each <canvas data-chart="id"> from the JSON with that id, in the colours of tokens.css.
//
// {labels (or days), series: [{name, colour, values}], unit: usd|count|share, kind: bars|lines, named, before: {name, values}}.
// Money comes in nano-USD, shares in percent; null is a gap.

const { Chart } = globalThis;
const NANO = 1_000_000_000;
const drawn = [];

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function bar({ name, colour, values }) {
  return {
    label: name,
    data: values,
    backgroundColor: token(`--chart-${colour}`),
    borderColor: token("--page"),
    borderWidth: { top: 1 },
    borderSkipped: false,
    categoryPercentage: 0.62,
    barPercentage: 1,
    maxBarThickness: 48,
    order: 1,
  };
}

function line({ name, colour, values }) {
  return {
    type: "line",
    label: name,
    data: values,
    borderColor: token(`--chart-${colour}`),
    backgroundColor: token(`--chart-${colour}`),
    borderWidth: 2,
    tension: 0,
    pointRadius: values.length === 1 ? 3 : 0,
    pointHitRadius: 12,
    stack: name,
    order: 1,
  };
}

function before({ name, values }) {
  return {
    type: "line",
    label: name,
    data: values,
    borderColor: token("--text-2"),
    backgroundColor: token("--text-2"),
    borderWidth: 1.5,
    borderDash: [4, 3],
    tension: 0,
    pointRadius: 0,
    stack: "before",
    order: 0,
    halo: token("--page"),
    past: true,
  };
}

function datasets(data) {
  const series = data.series.map(data.kind === "lines" ? line : bar);
  return data.before ? [...series, before(data.before)] : series;
}

function usd(nano, most) {
  const amount = nano / NANO;
  const digits = most ?? (Math.abs(amount) >= 0.01 || amount === 0 ? 2 : 6);
  return `${amount < 0 ? "\u2212" : ""}$${Math.abs(amount).toLocaleString("en", { minimumFractionDigits: Math.min(2, digits), maximumFractionDigits: digits })}`;
}

function count(number) {
  for (const [limit, letter] of [[1e12, "T"], [1e9, "B"], [1e6, "M"]]) {
    if (Math.abs(number) >= limit) {
      return `${(number / limit).toLocaleString("en", { maximumFractionDigits: 1 })}\u00a0${letter}`;
    }
  }
  return number.toLocaleString("en", { maximumFractionDigits: 0 });
}

function written(unit, value) {
  if (value === null || value === undefined) {
    return "\u2014";
  }
  return unit === "usd" ? usd(value) : unit === "share" ? `${value.toFixed(2)}\u00a0%` : count(value);
}

function atAxis(unit) {
  if (unit === "usd") {
    return (value) => usd(value, value % NANO === 0 ? 0 : value % 10_000_000 === 0 ? 2 : 6);
  }
  return (value) => (unit === "share" ? `${value}\u00a0%` : count(value));
}

function axes(data) {
  const label = { color: token("--text-3"), font: { family: token("--font"), size: 12 } };
  const stacked = data.kind !== "lines";
  return {
    x: {
      stacked,
      grid: { display: false },
      border: { display: false },
      ticks: {
        ...label,
        maxRotation: 0,
        autoSkipPadding: 32,
        ...(data.axis ? { callback: (place) => data.axis[place] } : {}),
      },
    },
    y: {
      stacked,
      beginAtZero: true,
      grid: { color: token("--line"), drawTicks: false },
      border: { display: false },
      ticks: { ...label, maxTicksLimit: 5, padding: 8, callback: atAxis(data.unit), ...(data.unit ? {} : { precision: 0 }) },
    },
  };
}

function tooltip(data) {
  const shown = (item) => item.dataset.past || data.unit === "share" || item.raw > 0;
  const present = (items) => items.filter((item) => !item.dataset.past);
  const sum = (items) => written(data.unit, present(items).reduce((all, item) => all + item.raw, 0));
  return {
    backgroundColor: token("--page"),
    borderColor: token("--line-strong"),
    borderWidth: 1,
    titleColor: token("--text"),
    bodyColor: token("--text-2"),
    titleFont: { family: token("--font"), size: 12, weight: "600" },
    bodyFont: { family: token("--font"), size: 12 },
    boxWidth: 8,
    boxHeight: 8,
    boxPadding: 4,
    padding: 10,
    cornerRadius: 6,
    itemSort: (a, b) => (a.dataset.past ? 1 : b.dataset.past ? -1 : b.datasetIndex - a.datasetIndex),
    filter: shown,
    callbacks: {
      title: (items) =>
        items.length ? `${items[0].label}${present(items).length > 1 && data.unit !== "share" ? `   ${sum(items)}` : ""}` : "",
      label: (item) => `${item.dataset.label}  ${written(data.unit, item.raw)}`,
    },
  };
}

function options(data, width) {
  const named = data.named && width >= WIDE && data.series.length > 1;
  return {
    animation: false,
    layout: { padding: { right: named ? LABELS : 0 } },
    responsive: true,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    scales: axes(data),
    plugins: { legend: { display: false }, tooltip: tooltip(data) },
  };
}

// A dashed line over bars is lost without an edge in the colour of the page.
const halo = {
  id: "halo",
  beforeDatasetDraw(chart, { index, meta }) {
    const colour = chart.data.datasets[index].halo;
    if (!colour || !meta.data.length) {
      return;
    }
    const { ctx } = chart;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = 4;
    ctx.beginPath();
    meta.data.filter((point) => !point.skip).forEach(({ x, y }, place) => (place ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.stroke();
    ctx.restore();
  },
};

// On wide screens each series is named where it ends, parted so that no name stands on another.
const LABELS = 128;
const WIDE = 880;
const LINE = 15;

function ends(chart) {
  const last = chart.data.labels.length - 1;
  return chart.data.datasets
    .map((set, place) => ({ set, point: chart.getDatasetMeta(place).data[last] }))
    .filter(({ set, point }) => point && !set.past && set.data[last])
    .map(({ set, point }) => ({ name: set.label, x: point.x + (point.width ?? 0) / 2, y: (point.y + (point.base ?? point.y)) / 2 }))
    .sort((a, b) => a.y - b.y);
}

const names = {
  id: "names",
  afterDatasetsDraw(chart) {
    if (!chart.options.layout.padding.right) {
      return;
    }
    const { ctx, chartArea } = chart;
    const shown = ends(chart);
    let lowest = chartArea.bottom - (shown.length - 1) * LINE;
    let highest = chartArea.top;
    ctx.save();
    ctx.font = `12px ${token("--font")}`;
    ctx.textBaseline = "middle";
    for (const { name, x, y } of shown) {
      const at = Math.max(highest, Math.min(y, lowest));
      ctx.strokeStyle = token("--line-strong");
      ctx.beginPath();
      ctx.moveTo(x + 3, y);
      ctx.lineTo(chartArea.right + 12, at);
      ctx.stroke();
      ctx.fillStyle = token("--text-2");
      ctx.fillText(fitting(ctx, name.replace(/^.*\//, "")), chartArea.right + 16, at);
      highest = at + LINE;
      lowest += LINE;
    }
    ctx.restore();
  },
};

function fitting(ctx, name) {
  let text = name;
  while (text.length > 1 && ctx.measureText(text).width > LABELS - 16) {
    text = `${text.slice(0, -2)}\u2026`;
  }
  return text;
}

function draw(canvas) {
  const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  const chart = new Chart(canvas, {
    type: data.kind === "lines" ? "line" : "bar",
    data: { labels: data.labels ?? data.days, datasets: datasets(data) },
    options: options(data, canvas.parentElement.clientWidth),
    plugins: [halo, names],
  });
  drawn.push({ chart, data });
}

function repaint() {
  for (const { chart, data } of drawn) {
    chart.data.datasets = datasets(data);
    chart.options = options(data, chart.canvas.parentElement.clientWidth);
    chart.update("none");
  }
}

for (const canvas of document.querySelectorAll("canvas[data-chart]")) {
  if (Chart) {
    draw(canvas);
  } else {
    canvas.hidden = true;
    canvas.parentElement.querySelector("[data-chart-missing]").hidden = false;
  }
}
addEventListener("resize", repaint);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
