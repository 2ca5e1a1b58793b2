
"use strict";
// The page's part: it collects what a person gives, asks the program inside, and says the answer in plain words.
// It never puts what it was given into the page as markup.
(() => {
  const byId = (id) => document.getElementById(id);
  const MAX_SIDE = 2000;
  // A camera's pictures: as large as a code of this density needs, as often as a phone can read them, and not for ever.
  const SCAN_SIDE = 1400;
  const SCAN_EVERY_MS = 150;
  const SCAN_MS = 120000;
  let trust = null;
  let compiled = null;

  // The program inside, with an environment that has a standard input and output and nothing else: no clock, no
  // file, and of random numbers one seed.
  const program = async () => {
    if (!compiled) {
      const text = atob(byId("wasm").textContent);
      const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
      compiled = await WebAssembly.compile(bytes);
    }
    return compiled;
  };

  const ask = async (header, parts) => {
    const module = await program();
    const head = new TextEncoder().encode(JSON.stringify(header));
    const length = parts.reduce((sum, part) => sum + part.length, 4 + head.length);
    const input = new Uint8Array(length);
    new DataView(input.buffer).setUint32(0, head.length, true);
    input.set(head, 4);
    let at = 4 + head.length;
    for (const part of parts) { input.set(part, at); at += part.length; }
    let read = 0;
    const written = [];
    let memory;
    const view = () => new DataView(memory.buffer);
    const each = (list, count, take) => {
      let total = 0;
      for (let i = 0; i < count; i++) {
        const start = view().getUint32(list + 8 * i, true);
        const size = view().getUint32(list + 8 * i + 4, true);
        total += take(new Uint8Array(memory.buffer, start, size));
      }
      return total;
    };
    const NOT_SUPPORTED = 52;
    const calls = {
      fd_read: (file, list, count, done) => {
        if (file !== 0) return 8;
        const total = each(list, count, (into) => {
          const piece = input.subarray(read, read + into.length);
          into.set(piece);
          read += piece.length;
          return piece.length;
        });
        view().setUint32(done, total, true);
        return 0;
      },
      fd_write: (file, list, count, done) => {
        const total = each(list, count, (from) => {
          if (file === 1) written.push(from.slice());
          return from.length;
        });
        view().setUint32(done, total, true);
        return 0;
      },
      environ_sizes_get: (count, size) => { view().setUint32(count, 0, true); view().setUint32(size, 0, true); return 0; },
      environ_get: () => 0,
      // Asked for once, to seed the table of names of a ZIP file; no result depends on it.
      random_get: (at, count) => { crypto.getRandomValues(new Uint8Array(memory.buffer, at, count)); return 0; },
      args_sizes_get: (count, size) => { view().setUint32(count, 0, true); view().setUint32(size, 0, true); return 0; },
      args_get: () => 0,
      proc_exit: (code) => { throw new Ended(code); },
    };
    class Ended extends Error { constructor(code) { super("ended"); this.code = code; } }
    const imports = {};
    for (const { module: name, name: call } of WebAssembly.Module.imports(module)) {
      imports[name] = imports[name] || {};
      imports[name][call] = calls[call] || (() => NOT_SUPPORTED);
    }
    const instance = await WebAssembly.instantiate(module, imports);
    memory = instance.exports.memory;
    try {
      instance.exports._start();
    } catch (error) {
      if (!(error instanceof Ended) || error.code !== 0) throw error;
    }
    const text = new TextDecoder();
    return JSON.parse(written.map((piece) => text.decode(piece, { stream: true })).join("") + text.decode());
  };

  // What is shown.
  const KINDS = {
    good: ["✔", "Proved"],
    bad: ["✘", "Not proved"],
    open: ["?", "Not complete"],
  };
  const element = (name, text) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const show = (kind, title, parts) => {
    const result = byId("result");
    result.className = kind;
    result.replaceChildren();
    const heading = element("h2");
    const symbol = element("span", KINDS[kind][0]);
    symbol.className = "symbol";
    symbol.setAttribute("aria-hidden", "true");
    heading.append(symbol, element("span", `${KINDS[kind][1]}: ${title}`));
    result.append(heading, ...parts);
    result.hidden = false;
    result.focus({ preventScroll: true });
    result.scrollIntoView({ block: "start" });
  };
  const list = (title, lines) => {
    if (!lines.length) return [];
    const items = element("ul");
    items.append(...lines.map((line) => element("li", line)));
    return [element("h3", title), items];
  };
  const time = (ms) => {
    const date = new Date(ms);
    return Number.isNaN(date.getTime()) ? "not a readable time" : date.toISOString().replace("T", " ").slice(0, 19) + " UTC";
  };

  const CODES = {
    began_with_lfr_alert: "The stop began with an alert of a live facial recognition system.",
    how_to_complain: "You can complain about it.",
    how_to_ask_for_data: "You can ask for the data about you.",
    how_to_reach_oversight: "You can turn to an independent oversight body.",
  };
  const proved = (found) => {
    const parts = [];
    if (found.words) {
      const facts = element("dl");
      const rows = [
        ["Reference", found.words.reference], ["Place", found.words.place],
        ["Time", time(found.words.at_ms)], ["Officer", found.words.officer], ["Code on paper", found.paper_code],
      ];
      for (const [name, value] of rows) facts.append(element("dt", name), element("dd", value));
      parts.push(facts, ...list("It says", found.words.codes.map((code) => CODES[code] || code)));
    }
    const keys = found.hardware_signed ? "its software key and its hardware key" : "its software key";
    const lines = [
      `This receipt is entry ${found.index} of the record of the officer's phone (${found.log}).`,
      `The phone signed that record with ${keys} when it had ${found.size} entries. It cannot be taken out or changed without breaking that signature.`,
    ];
    if (found.words_proved) lines.push("The words above are exactly those that the phone committed to.");
    if (found.force_cosigned_at_s !== null) lines.push(`The force has it on record and cosigned it at ${time(found.force_cosigned_at_s * 1000)}.`);
    parts.push(...list("What is proved", lines), ...list("What was not checked", found.not_checked));
    show("good", "this stop is on the phone's record", parts);
  };
  const place = (item) => item.log || item.place || "the bundle";
  const bundle = (report) => {
    const checked = report.checked.map((item) => `${place(item)}: ${item.what} (${item.count})`);
    const failed = report.failed.slice(0, 50).map((item) =>
      `${place(item)}${item.index === null ? "" : `, entry ${item.index}`}: ${item.text}`);
    if (report.failures > failed.length) failed.push(`and ${report.failures - failed.length} more`);
    const open = report.not_checked.map((item) => `${place(item)}: ${item.what}`);
    const made = report.made_at_s === null ? [] : [element("p", `The bundle was made at ${time(report.made_at_s * 1000)}.`)];
    const parts = [
      ...made, ...list("What does not hold", failed), ...list("What is proved", checked),
      ...list("What was not checked", open), ...list("Worth knowing", report.remarks),
    ];
    const titles = {
      good: ["good", "this record holds"],
      tampered: ["bad", "this record was changed or is not whole. Keep it as evidence"],
      incomplete: ["open", "nothing failed, but not everything could be checked"],
    };
    show(...titles[report.verdict], parts);
  };
  const say = (answer) => {
    switch (answer.what) {
      case "proved": proved(answer.findings); break;
      case "bundle": bundle(answer.report); break;
      case "not_proved": show("bad", "this receipt does not prove a stop. Keep it", [element("p", answer.problem)]); break;
      case "not_a_code": show("open", "this is not a receipt code", [element("p", "A receipt code begins with peel-receipt:1: or is a picture of the printed square.")]); break;
      case "no_code": show("open", "no readable QR code on this picture. Take it again, straight and sharp", []); break;
      case "not_a_zip": show("open", "this ZIP file cannot be read", [element("p", `${answer.problem}.`)]); break;
      case "trust": show("open", "the trust file cannot be used", [element("p", `The check failed to ${answer.problem}.`)]); break;
      default: show("open", "this page could not read what it was given", []);
    }
  };

  // What is asked.
  const check = async (work) => {
    if (trust === null) {
      show("open", "choose the trust file first", []);
      byId("trust").focus();
      return;
    }
    const result = byId("result");
    result.className = "";
    result.replaceChildren(element("p", "Checking…"));
    result.hidden = false;
    await new Promise((done) => setTimeout(done, 0));
    try {
      say(await work());
    } catch {
      show("open", "this page could not read what it was given", []);
    }
  };
  const bytesOf = async (file) => new Uint8Array(await file.arrayBuffer());
  const receipt = (bytes) => check(() => ask({ what: "receipt", trust }, [bytes]));
  const askPicture = (image, imageWidth, imageHeight, maxSide) => {
    const scale = Math.min(1, maxSide / Math.max(imageWidth, imageHeight));
    const [width, height] = [imageWidth, imageHeight].map((side) => Math.max(1, Math.round(side * scale)));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, width, height);
    const pixels = context.getImageData(0, 0, width, height).data;
    const luma = new Uint8Array(width * height);
    for (let i = 0; i < luma.length; i++) luma[i] = (pixels[4 * i] * 77 + pixels[4 * i + 1] * 150 + pixels[4 * i + 2] * 29) >> 8;
    return ask({ what: "picture", trust, width, height }, [luma]);
  };
  const picture = (file) => check(async () => {
    const image = await createImageBitmap(file);
    return askPicture(image, image.width, image.height, MAX_SIDE);
  });

  // The camera: a picture every moment until one has a receipt's code on it. Pictures are looked at and dropped.
  const camera = { stream: null, turn: 0 };
  const stopCamera = () => {
    if (camera.stream) for (const track of camera.stream.getTracks()) track.stop();
    camera.stream = null;
    camera.turn += 1;
    byId("camera").srcObject = null;
    byId("camera").hidden = true;
    byId("scan").textContent = "Scan the code with the camera";
  };
  const NOTHING_YET = ["no_code", "not_a_code"];
  const scan = async () => {
    if (trust === null) return check(async () => null);
    const turn = ++camera.turn;
    let stream;
    try {
      const wanted = { video: { facingMode: "environment", width: { ideal: 1920 } }, audio: false };
      stream = await navigator.mediaDevices.getUserMedia(wanted);
    } catch {
      return show("open", "this page was given no camera. Take a picture of the code and choose it here", []);
    }
    if (turn !== camera.turn) { for (const track of stream.getTracks()) track.stop(); return undefined; }
    camera.stream = stream;
    const video = byId("camera");
    video.srcObject = stream;
    video.hidden = false;
    byId("result").hidden = true;
    byId("scan").textContent = "Stop the camera";
    const until = Date.now() + SCAN_MS;
    try {
      await video.play();
      while (turn === camera.turn && Date.now() < until) {
        const answer = await askPicture(video, video.videoWidth, video.videoHeight, SCAN_SIDE);
        if (turn !== camera.turn) return undefined;
        if (!NOTHING_YET.includes(answer.what)) { stopCamera(); return say(answer); }
        await new Promise((done) => setTimeout(done, SCAN_EVERY_MS));
      }
      if (turn !== camera.turn) return undefined;
      show("open", "the camera saw no receipt code. Hold it straight, near and still, in even light", []);
    } catch {
      if (turn === camera.turn) show("open", "this page could not read what it was given", []);
    }
    if (turn === camera.turn) stopCamera();
    return undefined;
  };

  const isZip = (file) => file.type === "application/zip" || file.name.toLowerCase().endsWith(".zip");
  const zip = (file) => check(async () => ask({ what: "zip", trust }, [await bytesOf(file)]));
  const oneFile = async (file) => {
    if (isZip(file)) await zip(file);
    else if (file.type.startsWith("image/")) await picture(file);
    else await receipt(await bytesOf(file));
  };
  // Paths as the bundle has them: relative to its own folder, where the manifest lies.
  const bundleFiles = (files) => check(async () => {
    const manifest = files.map((file) => file.path).filter((path) => path.endsWith("manifest.note")).sort((a, b) => a.length - b.length)[0];
    const root = manifest === undefined ? "" : manifest.slice(0, -"manifest.note".length);
    const inside = files.filter((file) => file.path.startsWith(root));
    const parts = await Promise.all(inside.map(({ file }) => bytesOf(file)));
    const headers = inside.map(({ path }, i) => ({ path: path.slice(root.length), length: parts[i].length }));
    return ask({ what: "bundle", trust, files: headers }, parts);
  });

  const entriesOf = async (entry) => {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => entry.file(done, failed));
      return [{ path: entry.fullPath.slice(1), file }];
    }
    const reader = entry.createReader();
    const found = [];
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length) break;
      for (const one of some) found.push(...await entriesOf(one));
    }
    return found;
  };

  byId("trust").addEventListener("change", async (event) => {
    const file = event.target.files[0];
    trust = file ? await file.text() : null;
    byId("trust-state").textContent = file ? "The trust file is chosen. It stays in this page." : "";
  });
  byId("receipt-file").addEventListener("change", (event) => { if (event.target.files[0]) oneFile(event.target.files[0]); });
  byId("zip").addEventListener("change", (event) => { if (event.target.files[0]) zip(event.target.files[0]); });
  byId("scan").addEventListener("click", () => { if (camera.stream) stopCamera(); else scan(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) stopCamera(); });
  byId("receipt-check").addEventListener("click", () => receipt(new TextEncoder().encode(byId("receipt-text").value)));
  byId("bundle").addEventListener("change", (event) => {
    const files = [...event.target.files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
    if (files.length) bundleFiles(files);
  });
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
  document.addEventListener("dragleave", () => document.body.classList.remove("over"));
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
    const files = (await Promise.all(entries.map(entriesOf))).flat();
    if (files.length === 1 && entries[0].isFile) await oneFile(files[0].file);
    else if (files.length) await bundleFiles(files);
  });
})();
