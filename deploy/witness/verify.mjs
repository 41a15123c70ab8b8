// Checks a bundle 证据包 offline: one file for Node 20, nothing but what comes with it. The second of two programs, in another
// language than the first and the system, so that a mistake in one is not one in all. It shares no line with `verify.py`.
//
//     node verify.mjs --keys keys.txt bundle.zip
//
// Ends with 0 and PROVED 已证明, or with 1 and NOT PROVED 未通过 and words that begin with the place.

import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

class NotProved extends Error {}

const LOG = 1;
const WITNESS = 4;
const SM2 = 0xff;
const SM2_NAME = Buffer.from("baoxue sm2-sm3 v1\n");
const EVENT = Buffer.from("baoxue event 1\n");

const refuse = (words) => {
  throw new NotProved(words);
};

/** Whatever doesn't hold within begins with this place. */
function at(place, check) {
  try {
    return check();
  } catch (error) {
    if (error instanceof NotProved) error.message = `${place}: ${error.message}`;
    throw error;
  }
}

const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const leafHash = (entry) => sha256(Buffer.of(0), entry);
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

function base64(text, of) {
  const found = Buffer.from(text, "base64");
  if (found.toString("base64") !== text) refuse(`the ${of} is not written the one way base64 is written`);
  return found;
}

function hashOf(line) {
  const found = base64(line, "hash");
  return found.length === 32 ? found : refuse("a hash has 32 bytes");
}

function numberOf(text) {
  return /^(0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : refuse(`this is no size: ${text.slice(0, 20)}`);
}

function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("this is no text");
  }
}

const linesOf = (text) => (text === "" ? [] : text.endsWith("\n") ? text.slice(0, -1).split("\n") : refuse("the last line does not end"));

// --- Zip: stored members one after the other, and a directory that follows from them -------------------------------------

const CRC = Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC[(crc ^ byte) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}

/** Little-endian fields, as `[bytes, value]`. */
function fields(...given) {
  const made = Buffer.alloc(given.reduce((sum, [bytes]) => sum + bytes, 0));
  let place = 0;
  for (const [bytes, value] of given) place = made.writeUIntLE(value, place, bytes);
  return made;
}

const told = (name, data) =>
  fields([2, 20], [2, 0], [2, 0], [2, 0], [2, 33], [4, crc32(data)], [4, data.length], [4, data.length], [2, name.length], [2, 0]);

function unzip(zip) {
  const files = new Map();
  const directory = [];
  let place = 0;
  while (place + 30 <= zip.length && zip.readUInt32LE(place) === 0x04034b50) {
    const name = zip.subarray(place + 30, place + 30 + zip.readUInt16LE(place + 26));
    const start = place + 30 + name.length;
    const data = zip.subarray(start, start + zip.readUInt32LE(place + 22));
    const header = Buffer.concat([fields([4, 0x04034b50]), told(name, data), name]);
    if (!header.equals(zip.subarray(place, start)) || name.some((byte) => byte > 126))
      refuse(`zip: the header at byte ${place} is not that of a member of a bundle`);
    const called = name.toString("latin1");
    if (files.has(called)) refuse(`zip: ${called} is there twice`);
    files.set(called, data);
    directory.push(fields([4, 0x02014b50], [1, 20], [1, 3]), told(name, data));
    directory.push(fields([2, 0], [2, 0], [2, 0], [4, 0o100644 * 65536], [4, place]), name);
    place = start + data.length;
  }
  const listed = Buffer.concat(directory);
  const count = files.size & 0xffff;
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, listed.length], [4, place], [2, 0]);
  if (!Buffer.concat([listed, end]).equals(zip.subarray(place)))
    refuse(`zip: what stands from byte ${place} on is not the directory of a bundle`);
  return files;
}

// --- SM2 国密 (GB/T 32918.2 and .5, hash SM3): public numbers only, so it may take its time ------------------------------------

const P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;
const [A, B] = [P - 3n, 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n];
const N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
const G = [
  0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
];
const IDENTITY = Buffer.from("1234567812345678");

const bigOf = (bytes) => BigInt(`0x${bytes.toString("hex") || "0"}`);
const bytesOf = (number) => Buffer.from(number.toString(16).padStart(64, "0"), "hex");
const modulo = (number) => ((number % P) + P) % P;
const sm3 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sm3")).digest();

/** One over a number, by Fermat's little theorem: P is prime. */
function inverse(number) {
  let [found, power] = [1n, modulo(number)];
  for (let exponent = P - 2n; exponent > 0n; exponent >>= 1n, power = (power * power) % P)
    if (exponent & 1n) found = (found * power) % P;
  return found;
}

/** The sum of two points; null is the one at infinity. */
function sum(one, other) {
  if (!one || !other) return one ?? other;
  const [[x1, y1], [x2, y2]] = [one, other];
  if (x1 === x2 && modulo(y1 + y2) === 0n) return null;
  const slope = x1 === x2 ? (3n * x1 * x1 + A) * inverse(2n * y1) : (y2 - y1) * inverse(x2 - x1);
  const x = modulo(slope * slope - x1 - x2);
  return [x, modulo(slope * (x1 - x) - y1)];
}

function times(factor, point) {
  let found = null;
  for (; factor > 0n; factor >>= 1n, point = sum(point, point)) if (factor & 1n) found = sum(found, point);
  return found;
}

/** The point of a public key, x and y of 32 bytes each; null where it is none of the curve. */
export function sm2Point(bytes) {
  const [x, y] = [bigOf(bytes.subarray(0, 32)), bigOf(bytes.subarray(32))];
  return bytes.length === 64 && x < P && y < P && modulo(y * y - x * x * x - A * x - B) === 0n ? [x, y] : null;
}

/** Whether a signature, r and s of 32 bytes each, holds (GB/T 32918.2, 7.1). */
export function sm2Holds(point, message, signature, identity = IDENTITY) {
  const [r, s] = [bigOf(signature.subarray(0, 32)), bigOf(signature.subarray(32))];
  const t = (r + s) % N;
  if (signature.length !== 64 || r < 1n || r >= N || s < 1n || s >= N || t === 0n) return false;
  const bits = Buffer.alloc(2);
  bits.writeUInt16BE(identity.length * 8);
  const who = sm3(bits, identity, ...[A, B, ...G, ...point].map(bytesOf));
  const found = sum(times(s, G), times(t, point));
  return found !== null && (bigOf(sm3(who, message)) + found[0]) % N === r;
}

// --- Notes and checkpoints ---------------------------------------------------------------------------------------------------

export function keyOf(line) {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(line) ?? refuse("a key reads name+id+key");
  const material = base64(encoded, "key");
  const isSm2 = material[0] === SM2 && material.subarray(1, 1 + SM2_NAME.length).equals(SM2_NAME);
  if (!isSm2 && (material.length !== 33 || (material[0] !== LOG && material[0] !== WITNESS)))
    refuse(`the key of ${name} is no Ed25519 key of a log or a witness, and no SM2 key of a log`);
  if (sha256(`${name}\n`, material).subarray(0, 4).toString("hex") !== id)
    refuse(`the key of ${name} is not the one its id names`);
  if (isSm2) {
    const point = sm2Point(material.subarray(1 + SM2_NAME.length)) ?? refuse(`the key of ${name} is no point of the curve of SM2`);
    return { name, id, kind: LOG, line, holds: (message, signature) => sm2Holds(point, message, signature) };
  }
  const der = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), material.subarray(1)]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  return { name, id, kind: material[0], line, holds: (message, signature) => verify(null, message, key, signature) };
}

/** The text of a note and, by name, the trusted keys that signed it: a time for a witness, null for a log. */
function openNote(note, trusted) {
  const parted = note.lastIndexOf("\n\n");
  if (parted < 0 || /[\u0000-\u0009\u000b-\u001f]/.test(note)) refuse("a note is text, an empty line and lines of signatures");
  const text = note.slice(0, parted + 1);
  const signed = new Map();
  for (const line of linesOf(note.slice(parted + 2))) {
    const [, name, encoded] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? refuse("a line of a signature reads — name signature");
    const blob = base64(encoded, "signature");
    const known = trusted.find((key) => key.name === name && key.id === blob.subarray(0, 4).toString("hex"));
    if (!known) continue;
    let message = Buffer.from(text);
    let signature = blob.subarray(4);
    let when = null;
    if (known.kind === WITNESS) {
      if (signature.length !== 72) refuse(`the cosignature of ${name} has not the length of one`);
      when = signature.readBigUInt64BE(0);
      message = Buffer.from(`cosignature/v1\ntime ${when}\n${text}`);
      signature = signature.subarray(8);
    }
    if (!known.holds(message, signature)) refuse(`the signature of ${name} doesn't hold`);
    signed.set(name, when);
  }
  if (signed.size === 0) refuse("no trusted key has signed this note");
  return { text, signed };
}

/** A checkpoint of this log, cosigned by one of the trusted witnesses where any is trusted. */
function openCheckpoint(note, trusted, origin) {
  const { text, signed } = openNote(note, trusted);
  const [named, size, root] = text.split("\n");
  if (named !== origin || root === undefined) refuse(`this is no checkpoint of ${origin}`);
  if (!signed.has(origin) || !trusted.some((key) => key.kind === LOG && key.name === origin))
    refuse(`the log ${origin} itself has not signed this checkpoint`);
  const witnesses = trusted.filter((key) => key.kind === WITNESS);
  if (witnesses.length && !witnesses.some(({ name }) => signed.has(name)))
    refuse("no witness whose key is trusted has cosigned it");
  return { note, origin, size: numberOf(size), root: hashOf(root), signed };
}

// --- Trees: RFC 9162, written from its definitions ---------------------------------------------------------------------------

/** The largest power of two below a count of at least two. */
const split = (count) => {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
};

/** The root over `count` entries that an entry at `index` and its path lead to, from the root's side down. */
function rootByPath(index, count, leaf, path) {
  if (count === 1) return path.length === 0 ? leaf : refuse("the proof is longer than the tree is high");
  if (path.length === 0) refuse("the proof ends below the root");
  const left = split(count);
  const [below, sibling] = [path.slice(0, -1), path.at(-1)];
  return index < left
    ? nodeHash(rootByPath(index, left, leaf, below), sibling)
    : nodeHash(sibling, rootByPath(index - left, count - left, leaf, below));
}

/** The roots of the first `old` and of all `count` entries that a path leads to; `whole` is the old root where nothing was split off. */
function rootsByPath(old, count, path, whole) {
  if (old === count) {
    if (whole) return path.length === 0 ? [whole, whole] : refuse("the proof is longer than the tree is high");
    return path.length === 1 ? [path[0], path[0]] : refuse("the proof has not the length of one");
  }
  if (path.length === 0) refuse("the proof ends below the root");
  const left = split(count);
  const [below, sibling] = [path.slice(0, -1), path.at(-1)];
  if (old <= left) {
    const [before, now] = rootsByPath(old, left, below, whole);
    return [before, nodeHash(now, sibling)];
  }
  const [before, now] = rootsByPath(old - left, count - left, below, null);
  return [nodeHash(sibling, before), nodeHash(sibling, now)];
}

/** The root of `size` entries of which those from `start` on are given as leaves and the rest as whole subtrees in order. */
function rootAround(start, leaves, size, left, right) {
  const end = start + leaves.length;
  const root = (from, to) => {
    const count = to - from;
    const isWhole = count === 1 || count === split(count) * 2;
    if (isWhole && to <= start) return left.shift() ?? refuse("a subtree on the left is missing");
    if (isWhole && from >= end) return right.shift() ?? refuse("a subtree on the right is missing");
    if (count === 1) return leaves[from - start];
    const middle = from + split(count);
    const before = root(from, middle);
    return nodeHash(before, root(middle, to));
  };
  const found = root(0, size);
  return left.length || right.length ? refuse("there are more subtrees beside the entries than there can be") : found;
}

// --- Bundles ---------------------------------------------------------------------------------------------------------------

function manifestOf(files, trusted) {
  const { text, signed } = openNote(textOf(files.get("manifest") ?? refuse("it is missing")), trusted);
  const makers = trusted.filter((key) => key.kind === LOG && key.name.includes("/bundles/") && signed.has(key.name));
  if (makers.length === 0) refuse("the key for bundles has not signed it");
  const county = makers[0].name.split("/bundles/")[0];
  let said;
  try {
    said = JSON.parse(text);
    said.logs.forEach((log) => [log.folder.length, log.origin.length, log.whole.length]);
    said.files.forEach((file) => [file.name.length, file.sha256.length]);
    if (typeof said.of !== "object" || !Array.isArray(said.keys)) throw new TypeError();
  } catch {
    refuse("it can't be read");
  }
  if (said.bundle !== 1) refuse("this is a bundle of another kind");
  for (const log of said.logs)
    if (!log.origin.startsWith(`${county}/`)) refuse(`${makers[0].name} has nothing to say of ${log.origin}`);
  for (const line of said.keys)
    if (!trusted.some((key) => key.line === line)) refuse(`it rests on a key that is not trusted: ${line.split("+")[0]}`);
  for (const { name, bytes, sha256: digest } of said.files) {
    const data = files.get(name) ?? refuse(`${name} is missing`);
    if (data.length !== bytes || sha256(data).toString("hex") !== digest) refuse(`${name} is not the file it lists`);
  }
  const listed = ["manifest", ...said.files.map((file) => file.name)];
  for (const name of files.keys()) if (!listed.includes(name)) refuse(`${name} is not listed`);
  if (listed.join("\n") !== [...files.keys()].join("\n")) refuse("the files are not in the order it lists");
  return said;
}

function eventOf(entry) {
  if (!entry.subarray(0, EVENT.length).equals(EVENT)) return null;
  const columns = [];
  let place = EVENT.length;
  while (place < entry.length) {
    if (place + 4 > entry.length) refuse("this is no event");
    const length = entry.readUInt32BE(place);
    const isAbsent = length === 0xffffffff;
    columns.push(isAbsent ? Buffer.alloc(0) : entry.subarray(place + 4, place + 4 + length));
    place += isAbsent ? 4 : 4 + length;
  }
  const whole = place === entry.length && columns.length === 14;
  if (!whole || columns[0].length !== 16 || columns[1].length !== 8 || columns[2].length !== 8) refuse("this is no event");
  const hex = columns[0].toString("hex");
  const aggregate = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  return { aggregate, version: Number(columns[1].readBigInt64BE(0)), position: Number(columns[2].readBigInt64BE(0)) };
}

function placed(entry, position) {
  const event = eventOf(entry);
  if (event && event.position !== position) refuse(`the event says that it is at ${event.position}`);
  return event;
}

function checkEntry(files, stem, log) {
  const position = numberOf(stem.split("/").at(-1));
  const entry = files.get(`${stem}.entry`);
  at(`${stem}.tlog-proof`, () => {
    const proof = textOf(files.get(`${stem}.tlog-proof`) ?? refuse("it is missing"));
    const parted = proof.indexOf("\n\n");
    const [kind, index, ...path] = proof.slice(0, parted).split("\n");
    if (parted < 0 || kind !== "c2sp.org/tlog-proof@v1" || index !== `index ${position - 1}`)
      refuse("it proves another entry");
    if (proof.slice(parted + 2) !== log.checkpoint.note) refuse("it proves against another checkpoint");
    if (position < 1 || position > log.checkpoint.size) refuse("the log has no such entry");
    const root = rootByPath(position - 1, log.checkpoint.size, leafHash(entry), path.map(hashOf));
    if (!root.equals(log.checkpoint.root)) refuse(`the entry at ${position - 1} is not what the log says is there`);
  });
  log.entries.set(position, at(`${stem}.entry`, () => placed(entry, position)));
}

function checkSpan(files, stem, log) {
  const [first, last] = stem.split("/").at(-1).split("-").map(numberOf);
  const leaves = [];
  at(`${stem}.entries`, () => {
    const content = files.get(`${stem}.entries`);
    let place = 0;
    while (place < content.length) {
      const length = place + 4 <= content.length ? content.readUInt32BE(place) : content.length;
      const entry = content.subarray(place + 4, place + 4 + length);
      log.entries.set(first + leaves.length, placed(entry, first + leaves.length));
      leaves.push(leafHash(entry));
      place += 4 + length;
    }
    const isWhole = place === content.length && leaves.length === last - first + 1 && first >= 1 && last <= log.checkpoint.size;
    if (!isWhole || log.span) refuse("these are not the entries its name says");
  });
  at(`${stem}.edges`, () => {
    const text = textOf(files.get(`${stem}.edges`) ?? refuse("it is missing"));
    const [, left, right] = /^left\n((?:\S+\n)*?)right\n((?:\S+\n)*)$/.exec(text) ?? refuse("it names what stands left and what stands right");
    const root = rootAround(first - 1, leaves, log.checkpoint.size, linesOf(left).map(hashOf), linesOf(right).map(hashOf));
    if (!root.equals(log.checkpoint.root)) refuse(`the entries ${first} to ${last} are not those of the log`);
  });
  log.span = [first, last];
}

function checkWhole(log, claimed) {
  const versions = new Map();
  for (const [, event] of [...log.entries].sort(([one], [other]) => one - other))
    if (event) versions.set(event.aggregate, [...(versions.get(event.aggregate) ?? []), event.version]);
  for (const aggregate of claimed) {
    const found = versions.get(aggregate) ?? [];
    const gap = found.findIndex((version, place) => version !== place + 1);
    if (found.length === 0 || gap >= 0) refuse(`of ${aggregate} version ${gap + 1 || 1} is missing`);
    log.whole.set(aggregate, found.length);
  }
}

export function checkBundle(zip, trusted) {
  const files = unzip(zip);
  const said = at("manifest", () => manifestOf(files, trusted));
  const unread = new Set([...files.keys()].filter((name) => name !== "manifest" && name !== "README.txt"));
  const logs = said.logs.map(({ folder, origin, whole }) => {
    const read = (name) => textOf(files.get(`${folder}/${name}`) ?? refuse("it is missing"));
    const log = { entries: new Map(), whole: new Map(), span: null, earlier: null };
    log.checkpoint = at(`${folder}/checkpoint`, () => openCheckpoint(read("checkpoint"), trusted, origin));
    unread.delete(`${folder}/checkpoint`);
    if (files.has(`${folder}/earlier`)) {
      log.earlier = at(`${folder}/earlier`, () => openCheckpoint(read("earlier"), trusted, origin));
      at(`${folder}/consistency`, () => {
        const [old, now] = [log.earlier, log.checkpoint];
        if (old.size < 1 || old.size > now.size) refuse(`a log of ${old.size} entries doesn't become one of ${now.size}`);
        const [before, after] = rootsByPath(old.size, now.size, linesOf(read("consistency")).map(hashOf), old.root);
        if (!before.equals(old.root) || !after.equals(now.root)) refuse("something before was changed");
      });
      unread.delete(`${folder}/earlier`);
      unread.delete(`${folder}/consistency`);
    }
    for (const name of files.keys()) {
      const [, stem, kind] = /^(.*)\.(entry|entries)$/.exec(name) ?? [];
      if (!stem?.startsWith(`${folder}/`)) continue;
      (kind === "entry" ? checkEntry : checkSpan)(files, stem, log);
      unread.delete(name);
      unread.delete(`${stem}.${kind === "entry" ? "tlog-proof" : "edges"}`);
    }
    at(folder, () => checkWhole(log, whole));
    return log;
  });
  for (const name of unread) refuse(`${name}: nothing says what this is`);
  at("manifest", () => {
    if (logs.length === 0 || logs.some((log) => log.entries.size === 0)) refuse("it shows no entries");
    const range = said.of.range;
    const spans = JSON.stringify(logs.map((log) => log.span));
    if (range && spans !== JSON.stringify([[range.from, range.to]])) refuse("it says another range than it shows");
  });
  return { said, logs };
}

function tell({ said, logs }) {
  console.log(`已证明 PROVED: ${JSON.stringify(said.of)}, made ${said.made_at} by ${said.made_by}: ${said.reason}`);
  for (const log of logs) {
    console.log(`${log.checkpoint.origin}: ${log.entries.size} of its ${log.checkpoint.size} entries, none altered`);
    if (log.span) console.log(`  无遗漏 all from ${log.span[0]} to ${log.span[1]}, none missing`);
    for (const [aggregate, last] of log.whole)
      console.log(`  ${aggregate}: versions 1 to ${last}, none missing; whether there is a later one is not shown`);
    const inPart = new Set([...log.entries.values()].map((entry) => entry?.aggregate).filter((one) => one && !log.whole.has(one)));
    for (const aggregate of log.span ? [] : inPart)
      console.log(`  ${aggregate}: some of its events; whether there are others is not shown`);
    for (const checkpoint of [log.earlier, log.checkpoint].filter(Boolean))
      for (const [name, when] of checkpoint.signed)
        console.log(`  签名 ${checkpoint.size} entries signed by ${name}${when === null ? "" : ` at ${new Date(Number(when) * 1000).toISOString()}`}`);
  }
}

function main([option, keys, file]) {
  if (option !== "--keys" || !file) {
    console.error("node verify.mjs --keys keys.txt bundle.zip");
    process.exit(2);
  }
  try {
    const lines = readFileSync(keys, "utf8").split("\n").map((line) => line.trim()).filter(Boolean);
    tell(checkBundle(readFileSync(file), lines.map(keyOf)));
  } catch (error) {
    if (!(error instanceof NotProved)) throw error;
    console.error(`未通过 NOT PROVED: ${error.message}`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
