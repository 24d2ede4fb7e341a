// Draws each <canvas data-chart="id"> from the JSON with that id, in the colours of tokens.css.

const { Chart } = globalThis;
const drawn = [];

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function datasets(series) {
  return series.map(({ name, colour, values }) => ({
    label: name,
    data: values,
    backgroundColor: token(`--chart-${colour}`),
    borderColor: token("--page"),
    borderWidth: { top: 1 },
    borderSkipped: false,
    categoryPercentage: 0.62,
    barPercentage: 1,
    maxBarThickness: 48,
  }));
}

function options() {
  const label = { color: token("--text-3"), font: { family: token("--font"), size: 12 } };
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    scales: {
      x: {
        stacked: true,
        grid: { display: false },
        border: { display: false },
        ticks: { ...label, maxRotation: 0, autoSkipPadding: 32 },
      },
      y: {
        stacked: true,
        beginAtZero: true,
        grid: { color: token("--line"), drawTicks: false },
        border: { display: false },
        ticks: { ...label, maxTicksLimit: 5, precision: 0, padding: 8, format: { maximumFractionDigits: 0 } },
      },
    },
    plugins: {
      legend: { display: false },
      tooltip: {
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
        itemSort: (a, b) => b.datasetIndex - a.datasetIndex,
        filter: (item) => item.raw > 0,
      },
    },
  };
}

function draw(canvas) {
  const data = JSON.parse(document.getElementById(canvas.dataset.chart).textContent);
  const chart = new Chart(canvas, {
    type: "bar",
    data: { labels: data.days, datasets: datasets(data.series) },
    options: options(),
  });
  drawn.push({ chart, data });
}

function repaint() {
  for (const { chart, data } of drawn) {
    chart.data.datasets = datasets(data.series);
    chart.options = options();
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
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
