// Choices that the server could not save, such as on a full disk: they are kept until it can.

const keyOf = (clip, label) => JSON.stringify([clip, label]);

export class UnsavedChoices {
  /** place has a text and a button; again is called when the button is pressed. */
  constructor(place, again) {
    this.place = place;
    this.held = new Map();
    place.querySelector("button").addEventListener("click", again);
    window.addEventListener("beforeunload", (event) => {
      if (this.held.size) {
        event.preventDefault(); // the browser asks whether to leave the page
      }
    });
  }

  add(clip, label, value, message) {
    this.held.delete(keyOf(clip, label)); // a later choice goes to the end
    this.held.set(keyOf(clip, label), { clip, label, value });
    const count = this.held.size;
    const all = count > 1 ? `${count} choices are not saved. ` : "";
    this.place.querySelector("span").textContent = `${all}${message}`;
    this.place.hidden = false;
  }

  remove(clip, label) {
    this.held.delete(keyOf(clip, label));
    this.place.hidden = !this.held.size;
  }

  /** Take back the latest choice; undefined if there is none. */
  takeBack() {
    const latest = this.all().pop();
    if (latest) {
      this.remove(latest.clip, latest.label);
    }
    return latest;
  }

  clear() {
    this.held.clear();
    this.place.hidden = true;
  }

  all() {
    return [...this.held.values()];
  }

  /** The choices of a recording, by label. */
  of(clip) {
    return Object.fromEntries(
      this.all().filter((one) => one.clip === clip).map((one) => [one.label, one.value]));
  }
}
