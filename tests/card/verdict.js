// Reads what the page found out.
"use strict";
const dom = require("fs").readFileSync(process.argv[2], "utf8");
const verdict = /<script type="application\/json" id="verdict">(.*?)<\/script>/s.exec(dom);
if (!verdict) {
  console.error("the page came to no verdict");
  process.exit(1);
}
const found = JSON.parse(verdict[1]);
for (const [good, what] of found) console.log(good ? "  ok" : "FAIL", what);
process.exit(found.length > 0 && found.every(([good]) => good) ? 0 : 1);
