// Writes two pages: one that renders every card and says what came of it, and one to take a picture of.
"use strict";
const fs = require("fs");
const path = require("path");

const work = process.argv[2];
const read = (name) => fs.readFileSync(path.join(work, name), "utf8");
const ending = (end) => fs.readdirSync(path.join(work, "cards")).filter((name) => name.endsWith(end));
const cards = Object.fromEntries(ending(".teams.json").map((name) => {
  return [name.replace(".teams.json", ""), JSON.parse(read(`cards/${name}`)).attachments[0].content];
}));
const texts = Object.fromEntries(ending(".md").map((name) => [name, read(`cards/${name}`)]));
const data = {
  cards,
  texts,
  literal: JSON.parse(read("cards/literal.json")),
  look: JSON.parse(read("node_modules/adaptivecards-designer/lib/hostConfigs/microsoft-teams-light.json")),
};

// Runs in the browser.
function render(card) {
  const context = new AdaptiveCards.SerializationContext();
  const parsed = new AdaptiveCards.AdaptiveCard();
  parsed.hostConfig = new AdaptiveCards.HostConfig(data.look);
  parsed.parse(card, context);
  const events = [];
  for (let index = 0; index < context.eventCount; index++) events.push(context.getEventAt(index).message);
  for (const failure of parsed.validateProperties().validationEvents) events.push(failure.message);
  return { element: parsed.render(), events };
}

function check() {
  const found = [];
  const say = (good, what) => found.push([good, what]);
  // Its own element for each, in the page, for innerText needs a layout.
  const show = (element) => { document.body.append(element); return element; };
  const base = "https://github.com/VisualMeaning/sm_platform/";
  const markup = "strong, em, code, img, script, ul, ol, h1, h2, h3, blockquote, s, mark";
  for (const [name, card] of Object.entries(data.cards)) {
    const { element, events } = render(structuredClone(card));
    show(element);
    say(events.length === 0, `${name}: the renderer has nothing to say against it ${events}`);
    const links = [...element.querySelectorAll("a")];
    say(links.every((link) => link.href.startsWith(base)), `${name}: ${links.length} links, all to the main repository`);
    const marked = element.querySelectorAll(markup).length;
    say(marked === 0, `${name}: no element of markup in it (${marked})`);
  }
  const { element } = render(structuredClone(data.cards.hostile));
  const text = show(element).innerText;
  for (const [index, literal] of data.literal.entries()) {
    // A web page shows several blanks as one.
    const line = `${index.toString(16).padStart(7, "0")} ${literal.replace(/  +/g, " ")}`;
    say(text.split("\n").includes(line), `hostile: literally ${JSON.stringify(literal)}`);
  }
  const runs = (post) => post.body.flatMap((block) => block.inlines ?? []);
  const listed = runs(data.cards.many).filter((run) => /\/commit\//.test(run.selectAction?.url)).length;
  const shown = show(render(structuredClone(data.cards.many)).element).innerText;
  say(shown.includes(`and ${2000 - listed} more`), `many: ${listed} commits, "and ${2000 - listed} more"`);

  // The same texts where they would act: without this nobody knows whether the checks above can fail at all.
  const bad = "{{DATE(2017-02-14T06:08:00Z)}} **bold** [x](https://evil.example)";
  const body = [{ type: "TextBlock", text: bad }, { type: "RichTextBlock", inlines: [{ type: "TextRun", text: bad }] }];
  const acting = show(render({ type: "AdaptiveCard", version: "1.5", body }).element);
  say(!acting.innerText.includes("{{DATE("), "control: a date in one run is computed");
  say(acting.querySelectorAll("strong, a").length === 2, "control: Markdown in a text block acts, and in a run it does not");

  const parser = window.markdownit();
  for (const [name, source] of Object.entries(data.texts)) {
    const page = document.createElement("div");
    page.innerHTML = parser.render(source);
    const marks = [...page.querySelectorAll("strong, em, a, img, script, h1, h2, h3, blockquote, s, ol")];
    say(marks.length === 0, `${name}: no markup`);
    const code = page.querySelector("pre")?.textContent ?? "";
    const all = name !== "hostile.md" || data.literal.every((literal) => code.includes(literal));
    say(all && page.querySelectorAll("pre").length <= 1, `${name}: subjects are code, literally`);
  }
  const verdict = document.createElement("script");
  verdict.type = "application/json";
  verdict.id = "verdict";
  verdict.textContent = JSON.stringify(found).replace(/</g, "\\u003c");
  document.body.replaceChildren(verdict);
}

function picture() {
  for (const name of ["technical", "product"]) {
    const frame = document.createElement("div");
    frame.className = "message";
    frame.append(render(data.cards[name]).element);
    document.body.append(frame);
  }
}

const script = (file) => `<script src="${path.join(work, "node_modules", file)}"></script>`;
const style = `body { margin: 0; padding: 20px; background: #f5f5f5; }
.message { background: #fff; border: 1px solid #e0e0e0; border-radius: 6px; margin-bottom: 20px; }
a { color: #6264a7; } .ac-pushButton { font: 600 14px 'Segoe UI', sans-serif; padding: 6px 16px; border-radius: 4px;
border: 1px solid #d1d1d1; background: #fff; color: #252424; }`;
const page = (run) => `<!doctype html><meta charset="utf-8"><style>${style}</style><body>
${script("adaptivecards/dist/adaptivecards.min.js")}${script("markdown-it/dist/markdown-it.min.js")}
<script>
const data = ${JSON.stringify(data).replace(/</g, "\\u003c")};
AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = window.markdownit().render(text);
  result.didProcess = true;
};
${render}
${run}
${run.name}();
</script>`;
fs.writeFileSync(path.join(work, "check.html"), page(check));
fs.writeFileSync(path.join(work, "picture.html"), page(picture));
