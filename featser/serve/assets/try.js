// The page "Try": recordings that are dropped, chosen, recorded or live, and what a model predicts.

import { address, ask, element, save, seconds } from "./common.js";
import { COVERAGE, showBars, showReasons } from "./bars.js";
import { PALETTE, drawSound, drawTimeline } from "./draw.js";
import { startLive } from "./live.js";

const TIMELINE_FROM_S = 4;
const AT_ONCE = 2;

const byId = (id) => document.getElementById(id);
const described = (await (await ask("/v1/models")).json());
const models = new Map(described.models.map((one) => [one.name, one]));
const results = byId("results");
let stopLive = null;
let recorder = null;
let nRecorded = 0;

function chosenModel() {
  return models.get(byId("model").value);
}

function tell(text) {
  byId("status").textContent = text;
}

function showProblem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

// Recordings, one after the other

/** Send a file as bytes: the server says what is wrong with one that is no recording. */
function send(path, file) {
  return ask(path, {
    method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" },
  });
}

async function addAll(files) {
  showProblem("");
  const waiting = [...files];
  const total = waiting.length;
  let done = 0;
  const shown = waiting.map((file) => [file, addResult(file)]);
  const next = async () => {
    while (shown.length) {
      const [file, result] = shown.shift();
      await predict(file, result);
      done += 1;
      tell(`${done} of ${total} done`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, total) }, next));
}

function addResult(file) {
  const result = byId("result-template").content.cloneNode(true).querySelector(".result");
  result.querySelector(".name").textContent = file.name;
  result.querySelector(".headline").textContent = "…";
  byId("nothing").hidden = true;
  results.prepend(result);
  return result;
}

async function predict(file, result) {
  const model = chosenModel();
  const headline = result.querySelector(".headline");
  if (file.size > 1e6 * described.limits.megabytes) {
    headline.textContent = `larger than ${described.limits.megabytes} MB, the limit of this server`;
    return;
  }
  try {
    const coverage = model.has_prediction_sets ? COVERAGE : undefined;
    const path = address("/v1/predict", { model: model.name, name: file.name, coverage });
    const answer = await (await send(path, file)).json();
    showPrediction(result, file, model, answer);
  } catch (error) {
    headline.textContent = error.message;
    result.querySelector(".downloads").hidden = true;
  }
}

function showPrediction(result, file, model, { predictions, notes }) {
  const [row] = predictions;
  const headline = result.querySelector(".headline");
  result.querySelector(".notes").replaceChildren(
    ...notes.map((note) => element("li", { text: note })));
  if (row.error) {
    headline.textContent = row.error;
    result.querySelector(".downloads").hidden = true;
    return;
  }
  headline.textContent = model.tasks.map((task) => `${task.name}: ${shownValue(row, task)}`).join(", ");
  showMarks(result.querySelector(".marks"), row.unlike);
  showBars(result.querySelector(".predictions"), model.tasks, row);
  for (const button of result.querySelectorAll(".downloads button")) {
    button.addEventListener("click", () => download(button, file, model));
  }
  const why = result.querySelector(".ask-why");
  why.hidden = !model.explains;
  why.addEventListener("click", () => explain(why, result, file, model));
  result.addEventListener("toggle", () => showSound(result, file, model), { once: true });
  if (!results.querySelector("details[open]")) {
    result.open = true;
  }
}

function shownValue(row, task) {
  const value = row[`${task.name}.pred`];
  return typeof value === "number" ? value.toFixed(2) : value;
}

function showMarks(place, unlike) {
  const reasons = (unlike || "").split("; also ").filter(Boolean);
  place.replaceChildren(...reasons.map((reason) =>
    element("span", { className: "mark", text: `unlike the training recordings: ${reason}` })));
}

async function explain(button, result, file, model) {
  button.disabled = true;
  const place = result.querySelector(".reasons");
  try {
    const path = address("/v1/predict", { model: model.name, name: file.name, why: true });
    const answer = await (await send(path, file)).json();
    place.replaceChildren();
    model.tasks.forEach((task) => showReasons(place, task, answer.predictions[0]));
    result.querySelector(".reason-notes").replaceChildren(
      ...answer.explanations[0].map((text) => element("li", { text })));
    result.querySelector(".why").hidden = false;
    button.hidden = true;
  } catch (error) {
    showProblem(error.message);
    button.disabled = false;
  }
}

async function download(button, file, model) {
  const { path, format } = button.dataset;
  button.disabled = true;
  try {
    const options = { model: model.name, name: file.name, format };
    if (path === "/v1/predict" && model.has_prediction_sets) {
      options.coverage = COVERAGE;
    }
    const response = await send(address(path, options), file);
    const stem = file.name.replace(/\.[^.]*$/, "");
    save(await response.blob(), `${stem}.${path.split("/").pop()}.${format}`);
  } catch (error) {
    showProblem(error.message);
  } finally {
    button.disabled = false;
  }
}

// Sound and timeline of one recording, when it is opened

async function showSound(result, file, model) {
  const panel = result.querySelector(".sound");
  const audio = panel.querySelector("audio");
  audio.src = URL.createObjectURL(file);
  audio.setAttribute("aria-label", `Recording ${file.name}`);
  try {
    const path = address("/v1/view", { model: model.name, name: file.name });
    const view = await (await send(path, file)).json();
    panel.hidden = false;
    const canvas = panel.querySelector("canvas");
    canvas.setAttribute("aria-label", soundText(file, view));
    redrawn(canvas, () => drawSound(canvas, view));
    followed(panel.querySelector(".plot"), audio, view.seconds);
    if (view.seconds >= TIMELINE_FROM_S) {
      await showTimeline(result, file, model, audio, view.seconds);
    }
  } catch (error) {
    showProblem(`${file.name}: ${error.message}`);
  }
}

function soundText(file, view) {
  const pitch = view.pitch_hz.filter((value) => value !== null).sort((a, b) => a - b);
  const middle = pitch.length ? `; median pitch ${Math.round(pitch[Math.floor(pitch.length / 2)])} Hz` : "";
  return `Waveform, spectrogram, pitch and loudness of ${file.name}, ${seconds(view.seconds)}${middle}`;
}

async function showTimeline(result, file, model, audio, total) {
  const task = model.tasks.find((one) => one.classes.length);
  if (!task) {
    return;
  }
  const path = address("/v1/timeline", { model: model.name, name: file.name });
  const { frames } = await (await send(path, file)).json();
  const panel = result.querySelector(".timeline");
  panel.hidden = false;
  panel.querySelector("figcaption").textContent =
    `${task.name} over time: probabilities of windows of 2 s, and the class of each stretch` +
    (frames.some((frame) => frame.unlike) ? "; hatched: unlike the training recordings" : "");
  panel.querySelector(".legend").replaceChildren(...task.classes.map((name, index) => {
    const key = element("span", { className: "key" });
    key.style.background = PALETTE[index % PALETTE.length];
    return element("li", {}, [key, document.createTextNode(name)]);
  }));
  const canvas = panel.querySelector("canvas");
  const labels = frames.map((frame) => frame[`${task.name}.pred`]).filter(Boolean);
  canvas.setAttribute("aria-label", `${task.name} of ${file.name} over ${seconds(total)}: ` +
    [...new Set(labels)].map((name) =>
      `${name} ${seconds(0.5 * labels.filter((one) => one === name).length)}`).join(", "));
  redrawn(canvas, () => drawTimeline(canvas, frames, task, total));
  followed(panel.querySelector(".plot"), audio, total);
  audio.addEventListener("timeupdate", () => {
    const now = frames.find((frame) => frame.start <= audio.currentTime && audio.currentTime < frame.end);
    const label = now ? now[`${task.name}.pred`] || "no speech" : "";
    const mark = now && now.unlike ? `; unlike the training recordings: ${now.unlike}` : "";
    panel.querySelector(".now").textContent = now ? `${seconds(now.start)}: ${label}${mark}` : "";
  });
}

/** Draw now, and when the size or the colours change. */
function redrawn(canvas, draw) {
  draw();
  new ResizeObserver(draw).observe(canvas.parentElement);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

/** Let a line follow the playback, and a click move it. */
function followed(plot, audio, total) {
  const cursor = plot.querySelector(".cursor");
  const move = () => {
    cursor.hidden = false;
    cursor.style.left = `${Math.min(100, (100 * audio.currentTime) / total)}%`;
    if (!audio.paused) {
      requestAnimationFrame(move);
    }
  };
  audio.addEventListener("play", move);
  audio.addEventListener("seeked", move);
  plot.addEventListener("click", (event) => {
    const { left, width } = plot.getBoundingClientRect();
    audio.currentTime = (total * (event.clientX - left)) / width;
  });
}

// Files that are dropped or chosen

const drop = byId("drop");
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
}
for (const name of ["dragleave", "drop"]) {
  drop.addEventListener(name, () => drop.classList.remove("is-over"));
}
drop.addEventListener("drop", async (event) => {
  event.preventDefault();
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
  const chosen = [...event.dataTransfer.files];
  const lists = await Promise.all(chosen.map((file, index) => {
    const entry = entries[index];
    return entry && entry.isDirectory ? filesBelow(entry) : [file];
  }));
  await addAll(lists.flat());
});

/** All files of a folder and of those below it, but hidden ones. */
async function filesBelow(folder) {
  const reader = folder.createReader();
  const files = [];
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) {
      return files;
    }
    for (const entry of entries.filter((one) => !one.name.startsWith("."))) {
      if (entry.isDirectory) {
        files.push(...(await filesBelow(entry)));
      } else {
        files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
      }
    }
  }
}

byId("files").addEventListener("change", async (event) => {
  const chosen = [...event.target.files];
  event.target.value = "";
  await addAll(chosen);
});

byId("model").addEventListener("change", () => {
  for (const one of document.querySelectorAll(".model-statement")) {
    one.hidden = one.dataset.model !== byId("model").value;
  }
});

// The microphone

function withMicrophone() {
  if (navigator.mediaDevices) {
    return true;
  }
  showProblem("The browser gives the microphone to pages of this machine or over https only.");
  return false;
}

function press(button, isOn, text) {
  button.setAttribute("aria-pressed", String(isOn));
  button.textContent = text;
}

byId("record").addEventListener("click", async () => {
  if (recorder) {
    recorder.stop();
    return;
  }
  if (!withMicrophone()) {
    return;
  }
  showProblem("");
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    const parts = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    recorder.addEventListener("stop", () => {
      const type = recorder.mimeType;
      stream.getTracks().forEach((track) => track.stop());
      recorder = null;
      press(byId("record"), false, "Record");
      nRecorded += 1;
      const ending = type.includes("mp4") ? "mp4" : type.includes("ogg") ? "ogg" : "webm";
      addAll([new File(parts, `recording-${nRecorded}.${ending}`, { type })]);
    });
    recorder.start();
    press(byId("record"), true, "Stop");
    tell("Recording. Press Stop to predict.");
  } catch (error) {
    recorder = null;
    showProblem(`The microphone cannot be used: ${error.message}`);
  }
});

byId("live").addEventListener("click", async () => {
  if (stopLive) {
    stopLive();
    return;
  }
  if (!withMicrophone()) {
    return;
  }
  showProblem("");
  const model = chosenModel();
  byId("live-panel").hidden = false;
  press(byId("live"), true, "Stop live");
  try {
    stopLive = await startLive(model.name, (answer, lag) => showLive(model, answer, lag), endLive);
    tell("Live. Speak, and press Stop live to end.");
  } catch (error) {
    endLive(`The microphone cannot be used: ${error.message}`);
  }
});

function showLive(model, answer, lag) {
  byId("lag").textContent = `${Math.round(1000 * Math.max(0, lag))} ms`;
  const row = answer.prediction;
  const problem = answer.error ? answer.error.message : row.error;
  if (problem) {
    byId("live-result").replaceChildren(element("p", { className: "muted", text: problem }));
    return;
  }
  showBars(byId("live-result"), model.tasks, row);
}

function endLive(reason) {
  stopLive = null;
  press(byId("live"), false, "Live");
  tell("");
  showProblem(reason);
}
document.documentElement.dataset.ready = "yes";
