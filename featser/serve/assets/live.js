// Live mode: samples of the microphone to the server, predictions and their lag back.

import { address } from "./common.js";

const MOST_WAITING = 65536;

/** Start; `show` is called with each answer and its lag in seconds, `end` once, with a reason. */
export async function startLive(model, show, end) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const context = new AudioContext();
  let socket;
  let sentSamples = 0;
  let isEnded = false;
  const stop = (reason = "") => {
    if (isEnded) {
      return;
    }
    isEnded = true;
    stream.getTracks().forEach((track) => track.stop());
    context.close();
    if (socket) {
      socket.close();
    }
    end(reason);
  };
  try {
    await context.audioWorklet.addModule("/assets/live-worklet.js");
    const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
    const path = address("/v1/live", { model, rate: context.sampleRate });
    socket = new WebSocket(`${scheme}//${window.location.host}${path}`);
    socket.binaryType = "arraybuffer";
    const node = new AudioWorkletNode(context, "samples", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => {
      // Where the connection is slow, samples are dropped and not queued.
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_WAITING) {
        socket.send(data);
        sentSamples += data.byteLength / 2;
      }
    };
    socket.onmessage = ({ data }) => {
      const answer = JSON.parse(data);
      show(answer, sentSamples / context.sampleRate - answer.end_s);
    };
    socket.onclose = ({ reason }) => stop(reason || "The server ended the live session.");
    context.createMediaStreamSource(stream).connect(node);
  } catch (error) {
    stop(error.message);
    throw error;
  }
  return stop;
}
