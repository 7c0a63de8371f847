// Collects a tenth of a second of samples, and posts them as 16-bit integers.

class Samples extends AudioWorkletProcessor {
  constructor() {
    super();
    this.buffer = new Int16Array(Math.round(sampleRate / 10));
    this.count = 0;
  }

  process([[channel]]) {
    if (channel) {
      for (const sample of channel) {
        this.buffer[this.count] = Math.round(32767 * Math.max(-1, Math.min(1, sample)));
        this.count += 1;
        if (this.count === this.buffer.length) {
          const full = this.buffer;
          this.buffer = new Int16Array(full.length);
          this.count = 0;
          this.port.postMessage(full.buffer, [full.buffer]);
        }
      }
    }
    return true;
  }
}

registerProcessor("samples", Samples);
