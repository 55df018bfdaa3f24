// A moment, as long ago as it is.
const STEPS: [limit: number, seconds: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [3_600, 60, "minute"],
  [86_400, 3_600, "hour"],
  [2_592_000, 86_400, "day"],
  [31_536_000, 2_592_000, "month"],
  [Infinity, 31_536_000, "year"],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function Moment({ at }: { at: string }) {
  const ago = Math.max(0, (Date.now() - Date.parse(at)) / 1000);
  const [, seconds, unit] = STEPS.find(([limit]) => ago < limit)!;
  const words = ago < 60 ? "just now" : relative.format(-Math.round(ago / seconds), unit);
  return <time dateTime={at}>{words}</time>;
}
