// Axes: where values lie, and the round ones that are named.

const DAY = 86400000;

// Round values from low to high, about as many as asked for.
function ticks(low, high, count) {
  const raw = (high - low) / Math.max(1, count);
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((each) => each * size >= raw * 0.999) * size;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    found.push(Number((i * step).toPrecision(12)));
  return found;
}

// The least and the largest; of more values than a function takes arguments.
function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

// The range of an axis: from zero where that costs little, so that heights compare; never of no length.
function range(values, fromZero) {
  let [low, high] = extent(values);
  if (fromZero && low > 0 && low < 0.5 * high) low = 0;
  if (low === high) [low, high] = low ? [low - Math.abs(low) / 10, high + Math.abs(high) / 10] : [-1, 1];
  const room = (high - low) * 0.06;
  return [fromZero && low === 0 ? 0 : low - room, high + room];
}

function scale([low, high], [from, to]) {
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

// 20240304 as days; NaN for anything else, such as the dates of several studies.
function days(value) {
  const parts = /^(\d{4})(\d\d)(\d\d)$/.exec(String(value ?? ""));
  return parts ? Date.UTC(parts[1], parts[2] - 1, parts[3]) / DAY : NaN;
}

function dateOf(day) {
  return new Date(Math.round(day) * DAY).toISOString().slice(0, 10);
}

// Days to name: those measured where they are few, else about every so many.
function dayTicks(values, count) {
  const measured = distinct(values).sort((a, b) => a - b);
  if (measured.length <= count) return measured;
  const step = Math.max(1, Math.ceil((measured.at(-1) - measured[0]) / count));
  const found = [];
  for (let day = measured[0]; day <= measured.at(-1); day += step) found.push(day);
  return found;
}

function quantile(sorted, share) {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}
