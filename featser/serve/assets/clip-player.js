// Playing the recordings of a queue; the next one is fetched while the first is heard.

const HELD = 8;

export class ClipPlayer {
  constructor(audio, client) {
    this.audio = audio;
    this.client = client;
    this.held = new Map();
    this.current = null;
  }

  /** Show a recording; play it if asked to. Throws the server's message where it is unusable. */
  async show(clip, isPlayed) {
    this.current = clip;
    this.audio.pause();
    const url = await this.#fetched(clip);
    if (this.current !== clip) {
      return;
    }
    this.audio.src = url;
    if (isPlayed) {
      await this.play();
    }
  }

  /** Fetch a recording that is likely to be next; whether it is usable shows when it is. */
  prepare(clip) {
    this.#fetched(clip).catch(() => this.held.delete(clip));
  }

  async play() {
    try {
      await this.audio.play();
    } catch (error) {
      if (error.name !== "AbortError" && error.name !== "NotAllowedError") {
        throw error; // the other two: another recording came, or the browser waits for a key
      }
    }
  }

  toggle() {
    if (this.audio.paused) {
      return this.play();
    }
    this.audio.pause();
    return Promise.resolve();
  }

  async #fetched(clip) {
    if (!this.held.has(clip)) {
      this.held.set(clip, this.client.recording(clip).then((blob) => URL.createObjectURL(blob)));
      this.#forget(clip);
    }
    try {
      return await this.held.get(clip);
    } catch (error) {
      this.held.delete(clip);
      throw error;
    }
  }

  #forget(newest) {
    for (const [clip, url] of this.held) {
      if (this.held.size <= HELD) {
        return;
      }
      if (clip !== this.current && clip !== newest) {
        this.held.delete(clip);
        url.then((text) => URL.revokeObjectURL(text), () => undefined);
      }
    }
  }
}
