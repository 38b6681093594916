// SPDX-License-Identifier: MIT
// Validate a bundle's entries with the npm package "fhir", which carries the R4 structure definitions.
// Usage: node check_fhir.mjs FOLDER-WITH-node_modules BUNDLE   prints {"checked":N,"errors":[...]}
// Codes of value sets that the package does not carry (LOINC) give it warnings only; those are not errors.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, path] = process.argv.slice(2);
const { Fhir } = createRequire(folder + "/x.js")("fhir");
const fhir = new Fhir();
const bundle = JSON.parse(readFileSync(path, "utf8"));
const errors = [];
for (const entry of bundle.entry) {
  const result = fhir.validate(entry.resource, { errorOnUnexpected: true });
  for (const m of result.messages) if (m.severity === "error" || m.severity === "fatal") errors.push(m.location + ": " + m.message);
}
const whole = fhir.validate({ ...bundle, entry: bundle.entry.slice(0, 3) }, { errorOnUnexpected: true });
for (const m of whole.messages) if (m.severity === "error" || m.severity === "fatal") errors.push(m.location + ": " + m.message);
console.log(JSON.stringify({ checked: bundle.entry.length, errors: errors.slice(0, 5) }));
process.exit(errors.length ? 1 : 0);
