// A chart over time. Its colours are the stylesheet's: a line has that of its swatch in the legend.

import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import { brief } from "./words.tsx";

export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  readonly atMs: readonly number[];
  readonly series: readonly Series[];
}

const heightPixels = 180;
const spanSeconds = 300;

function timeOfDay(atSeconds: number): string {
  return new Date(atSeconds * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

export function Chart({ title, atMs, series }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const legend = useRef<HTMLUListElement>(null);
  const plot = useRef<UPlot>(undefined);
  const data: UPlot.AlignedData = [atMs.map((each) => each / 1000), ...series.map(({ values }) => [...values])];
  const latest = useRef(data);
  latest.current = data;
  const labels = series.map(({ label }) => label).join("\n");
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const colourOf = (index: number) => {
      const swatch = legend.current?.children[index]?.firstElementChild;
      return swatch ? getComputedStyle(swatch).color : "gray";
    };
    const faint = () => getComputedStyle(legend.current ?? element).color;
    const axis = {
      stroke: faint,
      grid: { stroke: () => getComputedStyle(element).borderTopColor, width: 1 },
      ticks: { show: false },
    };
    const options: UPlot.Options = {
      width: element.clientWidth,
      height: heightPixels,
      legend: { show: false },
      cursor: { drag: { x: false, y: false } },
      scales: {
        x: { range: (_plot, _low, high) => [high - spanSeconds, high] },
        y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] },
      },
      axes: [
        { ...axis, space: 44, size: 30, incrs: [60, 120, 300], values: (_plot, ticks) => ticks.map(timeOfDay) },
        { ...axis, size: 44, values: (_plot, ticks) => ticks.map((tick) => brief(tick)) },
      ],
      series: [
        {},
        ...labels
          .split("\n")
          .map((label, index) => ({ label, width: 1.5, stroke: () => colourOf(index), points: { show: false } })),
      ],
    };
    const made = new UPlot(options, latest.current, element);
    plot.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: heightPixels }));
    resize.observe(element);
    const recolour = () => made.redraw(false, true);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", recolour);
    const theme = new MutationObserver(recolour);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      resize.disconnect();
      theme.disconnect();
      dark.removeEventListener("change", recolour);
      made.destroy();
    };
  }, [labels]);
  useEffect(() => plot.current?.setData(data));
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <ul ref={legend} class="legend">
        {series.map(({ label, values }, index) => (
          <li key={label}>
            <span class={`swatch swatch-${index}`} aria-hidden="true" />
            {label} <strong>{brief(values.findLast((value) => value !== null) ?? 0)}</strong>
          </li>
        ))}
      </ul>
      <div ref={frame} class="chart-frame" aria-hidden="true" />
    </figure>
  );
}
