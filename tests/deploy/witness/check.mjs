// What verify.mjs says of every bundle in a folder, as JSON: by the file's name the words, empty where it is proved.

import { readFileSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [verifier, keys, folder] = process.argv.slice(2);
const { checkBundle, keyOf } = await import(pathToFileURL(verifier));
const trusted = readFileSync(keys, "utf8").trim().split("\n").map(keyOf);
const said = {};
for (const name of readdirSync(folder)) {
  try {
    checkBundle(readFileSync(`${folder}/${name}`), trusted);
    said[name] = "";
  } catch (error) {
    said[name] = error.constructor.name === "NotProved" ? error.message : `broke: ${error.stack}`;
  }
}
console.log(JSON.stringify(said));
