// Draws the curve of the operator's home from the JSON beside it, in the colours of operator_home.css.

const { Chart } = globalThis;
const canvas = document.querySelector("canvas[data-curve]");

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function compact(figure) {
  return figure < 10_000 ? figure.toLocaleString("en") : `${(figure / 1000).toLocaleString("en")}\u00a0k`;
}

function datasets(data) {
  const line = { tension: 0, pointRadius: 0, pointHitRadius: 12, fill: false };
  const accent = { borderColor: colour("--op-chart"), backgroundColor: colour("--op-chart") };
  return [
    { ...line, ...accent, label: data.called, data: data.now, borderWidth: 2 },
    { ...accent, label: `${data.called}, so far`, data: data.running, showLine: false, pointRadius: 3, pointHitRadius: 12 },
    {
      ...line,
      label: data.against,
      data: data.before,
      borderColor: colour("--op-text-3"),
      backgroundColor: colour("--op-text-3"),
      borderWidth: 1.25,
      borderDash: [4, 3],
    },
  ];
}

function options() {
  const family = getComputedStyle(document.body).fontFamily;
  const label = { color: colour("--op-text-3"), font: { family, size: 12 } };
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    scales: {
      x: { grid: { display: false }, border: { display: false }, ticks: { ...label, maxRotation: 0, autoSkipPadding: 40 } },
      y: {
        beginAtZero: true,
        grid: { color: colour("--op-line"), drawTicks: false },
        border: { display: false },
        ticks: { ...label, maxTicksLimit: 4, precision: 0, padding: 8, callback: compact },
      },
    },
    plugins: {
      legend: { display: false },
      tooltip: {
        backgroundColor: colour("--op-page"),
        borderColor: colour("--op-line-strong"),
        borderWidth: 1,
        titleColor: colour("--op-strong"),
        bodyColor: colour("--op-text-2"),
        titleFont: { family, size: 12, weight: "600" },
        bodyFont: { family, size: 12 },
        usePointStyle: true,
        padding: 10,
        cornerRadius: 6,
      },
    },
  };
}

function draw(data) {
  const chart = new Chart(canvas, { type: "line", data: { labels: data.names, datasets: datasets(data) }, options: options() });
  const repaint = () => {
    chart.data.datasets = datasets(data);
    chart.options = options();
    chart.update("none");
  };
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["class"] });
}

if (canvas && Chart) {
  draw(JSON.parse(document.getElementById(canvas.dataset.curve).textContent));
} else if (canvas) {
  canvas.parentElement.hidden = true;
  document.querySelector("[data-curve-missing]").hidden = false;
}
