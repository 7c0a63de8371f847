// Talking to the server about a queue. A click counts as saved when the server has confirmed it.

import { address, ask } from "./common.js";

const WAIT_MS = 1000;
const READING = "The run is being read. This page opens by itself when that is done.";

/** A name of a click that no other has; crypto.randomUUID needs HTTPS beyond this machine. */
function newIdentity() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class QueueClient {
  /** tellWaiting is called with a text while the server does not answer, and then with "". */
  constructor(kind, tellWaiting) {
    this.kind = kind;
    this.tellWaiting = tellWaiting;
    this.rater = "";
    this.version = "";
  }

  async load(order, label) {
    const path = address("/v1/queue", { queue: this.kind, rater: this.rater, order, label });
    const answer = await this.#opened(path);
    this.version = this.version || answer.version;
    this.rater = answer.rater;
    return answer;
  }

  /** A run is read when it is first asked for: say so at once, and ask until it has been read. */
  async #opened(path) {
    for (;;) {
      try {
        const answer = await (await ask(path, {}, 1)).json();
        this.tellWaiting("");
        return answer;
      } catch (error) {
        if (error.status !== 429) {
          this.tellWaiting("");
          throw error;
        }
        this.tellWaiting(READING);
        await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      }
    }
  }

  click(clip, label, value) {
    const query = { version: this.version, clip, label };
    return this.#record("/v1/queue/click", query, { value });
  }

  undo() {
    return this.#record("/v1/queue/undo", {}, {});
  }

  async startComputing(order) {
    const path = address("/v1/queue/rank", { queue: this.kind, order });
    return (await ask(path, { method: "POST" })).json();
  }

  async progressOf(order) {
    return (await ask(address("/v1/queue/progress", { queue: this.kind, order }))).json();
  }

  /** Where the recordings of a run are; it is made in some seconds when it is first asked for. */
  async map(label) {
    return (await ask(address("/v1/queue/map", { queue: this.kind, label }))).json();
  }

  async agreement() {
    return (await ask(address("/v1/queue/agreement", { queue: this.kind }))).json();
  }

  async recording(clip) {
    const path = address("/v1/queue/recording", { queue: this.kind, clip });
    return (await ask(path)).blob();
  }

  /** Repeat a request under the same name until the server answers: it is recorded once. */
  async #record(path, query, { value }) {
    const request = newIdentity();
    const full = address(path, { queue: this.kind, rater: this.rater, request, ...query, value });
    for (;;) {
      try {
        const answer = await (await ask(full, { method: "POST" })).json();
        this.tellWaiting("");
        return answer;
      } catch (error) {
        if (error.status !== 0) {
          this.tellWaiting("");
          throw error;
        }
        this.tellWaiting("The server does not answer; this click is not saved yet. Trying again …");
        await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      }
    }
  }
}
