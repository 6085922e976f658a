// The curves as a picture: one small chart for each value, size across, both axes in powers of ten.

import type { Curve } from "./curve.ts";

const width = 320;
const height = 190;
const left = 52;
const right = 14;
const top = 34;
const bottom = 40;
const columns = 3;

interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly of: string;
  readonly points: readonly (readonly [number, number])[];
}

export function picture(curves: readonly Curve[]): string {
  const charts = curves.flatMap(({ name, of, units, points }) =>
    Object.entries(units).map(([value, unit]): Chart => {
      return { title: name, unit, of, points: points.map(({ size, values }) => [size, values[value] ?? 0]) };
    }),
  );
  const rows = Math.ceil(charts.length / columns);
  const body = charts.map((chart, index) => {
    const x = (index % columns) * width;
    const y = Math.floor(index / columns) * height;
    return `<g transform="translate(${x} ${y})">${drawn(chart)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${columns * width} ${rows * height}" font-family="sans-serif" font-size="10" role="img" aria-label="Cost against size">
<rect width="100%" height="100%" fill="#fff"/>
${body.join("\n")}
</svg>
`;
}

function drawn({ title, unit, of, points }: Chart): string {
  const sizes = points.map(([size]) => Math.log10(size));
  const shown = points.map(([, value]) => Math.log10(Math.max(value, 1e-3)));
  const lowest = Math.floor(Math.min(...shown));
  // At least two powers of ten, so that noise does not look like growth.
  const highest = Math.max(lowest + 2, Math.ceil(Math.max(...shown)));
  const first = Math.min(...sizes);
  const last = Math.max(...sizes, first + 1);
  const x = (size: number) => left + ((size - first) / (last - first)) * (width - left - right);
  const y = (value: number) => height - bottom - ((value - lowest) / (highest - lowest)) * (height - top - bottom);
  const lines: string[] = [
    `<text x="${left}" y="14" font-weight="bold">${title}</text><text x="${left}" y="27" fill="#555">${unit}</text>`,
  ];
  for (let power = lowest; power <= highest; power += 1) {
    lines.push(
      `<path d="M${left} ${y(power)}H${width - right}" stroke="#ddd"/><text x="${left - 6}" y="${y(power) + 3}" text-anchor="end" fill="#555">${labelOf(power)}</text>`,
    );
  }
  for (let power = Math.ceil(first); power <= last; power += 1) {
    lines.push(
      `<text x="${x(power)}" y="${height - bottom + 14}" text-anchor="middle" fill="#555">${labelOf(power)}</text>`,
    );
  }
  lines.push(`<text x="${width / 2}" y="${height - 8}" text-anchor="middle" fill="#555">${of}</text>`);
  const path = sizes.map((size, index) => `${x(size).toFixed(1)},${y(shown[index] as number).toFixed(1)}`);
  lines.push(`<polyline points="${path.join(" ")}" fill="none" stroke="#0b6" stroke-width="2"/>`);
  for (const point of path) {
    const [cx, cy] = point.split(",");
    lines.push(`<circle cx="${cx}" cy="${cy}" r="2.5" fill="#0b6"/>`);
  }
  return lines.join("");
}

function labelOf(power: number): string {
  return power >= 0 && power <= 3
    ? String(10 ** power)
    : power === 6
      ? "1M"
      : power > 3
        ? `${10 ** (power - 3)}k`
        : String(10 ** power);
}
