// Drawings on canvas: the sound of a recording, and probabilities over its time.

import { colour } from "./common.js";

// Okabe and Ito: distinguishable with any colour vision.
export const PALETTE = [
  "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#f0e442", "#cc79a7", "#999999",
];
const LOWEST_HZ = 50;
const HIGHEST_HZ = 500;
const TICKS_HZ = [100, 200, 400];
/** So far pitch moves from column to column only where its octave was mistaken. */
const JUMP_OCTAVES = 0.6;

/** Prepare a canvas for the pixels of the screen; returns its context, width and height. */
function prepared(canvas) {
  const scale = window.devicePixelRatio || 1;
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

export function drawSound(canvas, view) {
  const { context, width, height } = prepared(canvas);
  const waveHeight = Math.round(0.28 * height);
  drawWaveform(context, view.waveform, width, waveHeight);
  const box = { top: waveHeight + 4, width, height: height - waveHeight - 4 };
  drawSpectrogram(context, view.spectrogram, box);
  const loudest = Math.max(1e-9, ...view.loudness.filter((value) => value !== null));
  drawCurve(context, view.loudness, box, colour("loudness"), (value) => 0.5 * value / loudest);
  drawCurve(context, view.pitch_hz, box, colour("pitch"), pitchHeight, (before, value) =>
    Math.abs(Math.log2(value / before)) > JUMP_OCTAVES);
  drawPitchAxis(context, box);
}

function pitchHeight(hertz) {
  return Math.log(hertz / LOWEST_HZ) / Math.log(HIGHEST_HZ / LOWEST_HZ);
}

function drawPitchAxis(context, box) {
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.lineWidth = 3;
  context.strokeStyle = "rgba(0, 0, 0, 0.8)";
  context.fillStyle = "#ffffff";
  for (const hertz of TICKS_HZ) {
    const y = box.top + box.height * (1 - pitchHeight(hertz));
    context.strokeText(`${hertz} Hz`, box.width - 4, y);
    context.fillText(`${hertz} Hz`, box.width - 4, y);
  }
}

function drawWaveform(context, [least, greatest], width, height) {
  const peak = Math.max(0.01, ...greatest.map(Math.abs), ...least.map(Math.abs));
  context.fillStyle = colour("wave");
  const step = width / least.length;
  least.forEach((low, index) => {
    const top = (height / 2) * (1 - greatest[index] / peak);
    const bottom = (height / 2) * (1 - low / peak);
    context.fillRect(index * step, top, Math.max(1, step), Math.max(1, bottom - top));
  });
}

function drawSpectrogram(context, { columns, rows, levels }, box) {
  const bytes = Uint8Array.from(atob(levels), (letter) => letter.charCodeAt(0));
  const image = new ImageData(columns, rows);
  for (let column = 0; column < columns; column += 1) {
    for (let row = 0; row < rows; row += 1) {
      const level = bytes[column * rows + row] / 255;
      const at = 4 * ((rows - 1 - row) * columns + column);
      const [red, green, blue] = shade(level);
      image.data.set([red, green, blue, 255], at);
    }
  }
  const small = document.createElement("canvas");
  small.width = columns;
  small.height = rows;
  small.getContext("2d").putImageData(image, 0, 0);
  context.drawImage(small, 0, box.top, box.width, box.height);
}

/** From black over blue to white: the lightness grows with the level. */
function shade(level) {
  return [
    Math.round(255 * Math.max(0, 2 * level - 1)),
    Math.round(255 * Math.max(0, 1.6 * level - 0.6)),
    Math.round(255 * Math.min(1, 1.25 * level)),
  ];
}

function drawCurve(context, values, box, stroke, heightOf, jumps = () => false) {
  const step = box.width / values.length;
  for (const [lineWidth, style] of [[5, "rgba(0, 0, 0, 0.65)"], [2.5, stroke]]) {
    context.beginPath();
    let before = null;
    values.forEach((value, index) => {
      if (value === null) {
        before = null;
        return;
      }
      const share = Math.min(1, Math.max(0, heightOf(value)));
      const x = (index + 0.5) * step;
      const y = box.top + box.height * (1 - share);
      if (before !== null && !jumps(before, value)) {
        context.lineTo(x, y);
      } else {
        context.moveTo(x, y);
        context.lineTo(x + 0.5, y);
      }
      before = value;
    });
    context.lineWidth = lineWidth;
    context.lineJoin = "round";
    context.strokeStyle = style;
    context.stroke();
  }
}

/** Probabilities as areas on top of each other, with the class of each stretch below them. */
export function drawTimeline(canvas, frames, task, total) {
  const { context, width, height } = prepared(canvas);
  const labelHeight = 24;
  const areaHeight = height - labelHeight;
  for (const frame of frames) {
    const left = (frame.start / total) * width;
    const frameWidth = ((frame.end - frame.start) / total) * width + 0.5;
    let top = 0;
    task.classes.forEach((name, index) => {
      const share = frame[`${task.name}.p[${name}]`];
      if (share === null || share === undefined) {
        return;
      }
      context.fillStyle = PALETTE[index % PALETTE.length];
      context.fillRect(left, top, frameWidth, share * areaHeight);
      top += share * areaHeight;
    });
    if (frame.unlike) {
      drawMark(context, left, frameWidth, areaHeight);
    }
  }
  drawStretches(context, stretchesOf(frames, task), { width, areaHeight, labelHeight, total });
}

/** Cross out a frame whose sound is unlike the training recordings. */
function drawMark(context, left, width, height) {
  context.save();
  context.beginPath();
  context.rect(left, 0, width, height);
  context.clip();
  context.fillStyle = "rgba(255, 255, 255, 0.55)";
  context.fillRect(left, 0, width, height);
  context.strokeStyle = "#1a1a1a";
  context.lineWidth = 1;
  context.beginPath();
  // The lines of neighbouring frames meet, because they are those of one pattern.
  for (let x = left - height - ((left - height) % 8); x < left + width; x += 8) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}

function stretchesOf(frames, task) {
  const stretches = [];
  for (const frame of frames) {
    const label = frame[`${task.name}.pred`];
    const last = stretches[stretches.length - 1];
    if (last && last.label === label) {
      last.end = frame.end;
    } else {
      stretches.push({ start: frame.start, end: frame.end, label });
    }
  }
  return stretches.filter((stretch) => stretch.label);
}

function drawStretches(context, stretches, { width, areaHeight, labelHeight, total }) {
  context.font = "13px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const { start, end, label } of stretches) {
    const left = (start / total) * width;
    const right = (end / total) * width;
    context.strokeStyle = colour("line");
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, areaHeight + 2.5, right - left - 1, labelHeight - 4);
    context.save();
    context.beginPath();
    context.rect(left + 3, areaHeight, right - left - 6, labelHeight);
    context.clip();
    context.fillStyle = colour("ink");
    context.fillText(label, left + 5, areaHeight + labelHeight / 2);
    context.restore();
  }
}
