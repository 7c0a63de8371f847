// A prediction as bars, one list for each task.

import { element, percent } from "./common.js";

/** The coverage of the prediction sets that pages ask for. */
export const COVERAGE = 0.9;

/** Fill a place with the bars of a row of predictions. */
export function showBars(place, tasks, row) {
  place.replaceChildren(...tasks.map((task) => barsOf(task, row)));
}

function barsOf(task, row) {
  const predicted = row[`${task.name}.pred`];
  const title = element("h3", { text: task.name });
  if (!task.classes.length) {
    const number = typeof predicted === "number" ? predicted.toFixed(2) : "–";
    return element("div", { className: "task" }, [title, element("p", { text: number })]);
  }
  const list = element("ul", { "aria-label": `Probabilities of ${task.name}` });
  for (const name of task.classes) {
    list.append(barOf(name, row[`${task.name}.p[${name}]`] ?? 0, name === predicted));
  }
  const parts = [title, list];
  const set = row[`${task.name}.set`];
  if (typeof set === "string") {
    const is = row[`${task.name}.abstains`] ? "abstains: " : "";
    const text = `${is}${percent(COVERAGE)} prediction set: ${set ? set.split(" | ").join(", ") : "no class"}`;
    parts.push(element("p", { className: "muted", text }));
  }
  return element("div", { className: "task" }, parts);
}

function barOf(name, share, isPredicted) {
  const level = element("span", { className: "level" });
  level.style.width = `${100 * share}%`;
  return element("li", { className: isPredicted ? "bar is-predicted" : "bar" }, [
    element("span", { className: "label", text: name }),
    element("span", { className: "track", "aria-hidden": "true" }, [level]),
    element("span", { className: "value", text: percent(share) }),
  ]);
}

/** By how much each group of features moved the predictions of a task, the largest first. */
export function showReasons(place, task, row) {
  const start = `${task.name}.why[`;
  const groups = Object.entries(row)
    .filter(([name, value]) => name.startsWith(start) && value !== null)
    .map(([name, value]) => [name.slice(start.length, -1), value])
    .sort((one, other) => Math.abs(other[1]) - Math.abs(one[1]));
  const largest = Math.max(1e-9, ...groups.map(([, value]) => Math.abs(value)));
  const isShare = task.classes.length > 0;
  const list = element("ul", { "aria-label": `Groups of features that moved ${task.name}` });
  for (const [name, value] of groups) {
    list.append(reasonOf(name, value, largest, isShare));
  }
  const average = row[`${task.name}.average`];
  const explained = row[`${task.name}.explained`];
  const shown = (number) => (isShare ? percent(number) : number.toFixed(2));
  const predicted = isShare ? `${row[`${task.name}.pred`]} ` : "";
  const text = `${task.name}: ${predicted}${shown(explained)}, ${shown(average)} on average`;
  place.append(element("div", { className: "task" }, [element("h3", { text }), list]));
}

function reasonOf(name, value, largest, isShare) {
  const level = element("span", { className: value < 0 ? "level is-against" : "level" });
  level.style.width = `${(50 * Math.abs(value)) / largest}%`;
  const sign = value < 0 ? "\u2212" : "+";
  const size = isShare ? `${Math.round(100 * Math.abs(value))} %` : Math.abs(value).toFixed(2);
  return element("li", { className: "bar reason" }, [
    element("span", { className: "label", text: name }),
    element("span", { className: "track", "aria-hidden": "true" }, [level]),
    element("span", { className: "value", text: `${sign}${size}` }),
  ]);
}
